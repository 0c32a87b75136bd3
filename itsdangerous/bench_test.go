package itsdangerous_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/itsdangerous"
)

func BenchmarkUnsign(b *testing.B) {
	signer := newTimestampSigner(b, nil, "dev")
	token := signer.Sign(strings.Repeat("v", 200), noon)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := signer.Unsign(token, noon, time.Hour, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	signer := newTimestampSigner(b, nil, "dev")
	buffer := append(make([]byte, 0, 300), strings.Repeat("v", 200)...)
	b.ReportAllocs()
	for b.Loop() {
		signer.Append(buffer, noon)
	}
}

var documents = map[string][]byte{
	"3 keys": []byte(`{"_fresh":true,"_user_id":"42","csrf_token":"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"}`),
	"20 keys": []byte(`{"_flashes":[{" t":["message","Saved!"]}],"_fresh":true,"_id":"9e107d9d372bb6826bd81d3542a419d69e107d9d372bb6826bd81d3542a419d6","_permanent":true,` +
		`"_user_id":"42","cart":[{"id":17,"n":2},{"id":99,"n":1}],"city":"Berlin","country":"DE","csrf_token":"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",` +
		`"currency":"EUR","email":"ada@example.com","language":"de","last":1700000000,"name":"Ada Lovelace","next":"/account/orders","page":3,"role":"editor",` +
		`"seen":[1,2,3,5,8,13],"theme":"dark","visits":117}`),
}

// sized is a session of about n bytes: IDs that do not shrink, and words that do.
func sized(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	document := []byte(`{"_user_id":"42"`)
	for i := 0; len(document) < n; i++ {
		document = fmt.Appendf(document, `,"item_%02d":{"id":"%x","name":"Item number %d","count":%d}`, i, random.Uint64(), i, random.IntN(9))
	}
	return append(document, '}')
}

func init() {
	for _, n := range []int{1 << 10, 2 << 10, 4 << 10} {
		documents[fmt.Sprintf("%d KiB", n>>10)] = sized(n)
	}
}

func BenchmarkAppendPayload(b *testing.B) {
	for name, data := range documents {
		b.Run(name, func(b *testing.B) {
			buffer := make([]byte, 0, 8000)
			b.ReportAllocs()
			for b.Loop() {
				itsdangerous.AppendPayload(buffer, data)
			}
			b.ReportMetric(float64(len(itsdangerous.AppendPayload(nil, data))), "chars")
		})
	}
}

func BenchmarkDecodePayload(b *testing.B) {
	for name, data := range documents {
		b.Run(name, func(b *testing.B) {
			payload := string(itsdangerous.AppendPayload(nil, data))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := itsdangerous.DecodePayload(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
