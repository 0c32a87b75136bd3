package serializer_test

import (
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/race"
	"github.com/gosessions/sessions/serializer"
)

const (
	threeKeys  = `{"_fresh":true,"_user_id":"42","csrf_token":"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"}`
	twentyKeys = `{"_flashes":[{" t":["message","Saved!"]}],"_fresh":true,"_id":"9e107d9d372bb6826bd81d3542a419d69e107d9d372bb6826bd81d3542a419d6","_permanent":true,` +
		`"_user_id":"42","cart":[{"id":17,"n":2},{"id":99,"n":1}],"city":"Berlin","country":"DE","csrf_token":"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",` +
		`"currency":"EUR","email":"ada@example.com","language":"de","last":1700000000,"name":"Ada Lovelace","next":"/account/orders","page":3,"role":"editor",` +
		`"seen":[1,2,3,5,8,13],"theme":"dark","visits":117}`
)

var documents = []struct{ name, data string }{{"3 keys", threeKeys}, {"20 keys", twentyKeys}}

// eachRecord calls run with the same contents in each format.
func eachRecord(b *testing.B, run func(name string, format serializer.Format, content *serializer.Content, data []byte)) {
	for _, document := range documents {
		content := &serializer.Content{}
		if err := serializer.FlaskFormat.Unpack([]byte(document.data), content); err != nil {
			b.Fatal(err)
		}
		for _, format := range []serializer.Format{serializer.FlaskFormat, native, serializer.Encrypted(native, recordKey)} {
			data, err := serializer.PackFor(format, recordID, content)
			if err != nil {
				b.Fatal(err)
			}
			run(format.Name()+" "+document.name, format, content, data)
		}
	}
}

func BenchmarkUnpack(b *testing.B) {
	eachRecord(b, func(name string, format serializer.Format, _ *serializer.Content, data []byte) {
		b.Run(name, func(b *testing.B) {
			var content serializer.Content
			b.ReportAllocs()
			for b.Loop() {
				if err := serializer.UnpackFor(format, recordID, data, &content); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

func BenchmarkPack(b *testing.B) {
	eachRecord(b, func(name string, format serializer.Format, content *serializer.Content, _ []byte) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := serializer.PackFor(format, recordID, content); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

type profile struct {
	Name   string    `json:"name"`
	Scores []float64 `json:"scores"`
	Seen   time.Time `json:"seen"`
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask} {
		run := func(name string, v, target any) {
			data, err := s.Marshal(v)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(s.Name()+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := s.Unmarshal(data, target); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(s.Name()+"/"+name+"/marshal", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Marshal(v); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("int", 42, new(int))
		run("string", "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", new(string))
		run("struct", profile{"Ada", []float64{1, 2.5}, time.Unix(1700000000, 0).UTC()}, new(profile))
		run("any", map[string]any{"name": "Ada", "scores": []any{1.0, 2.5}}, new(any))
	}
}

// TestB11_Allocations: what a handler does not touch costs no allocation.
func TestB11_Allocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector empties pools")
	}
	data := []byte(twentyKeys)
	var content, unordered serializer.Content
	if err := serializer.FlaskFormat.Unpack(data, &content); err != nil {
		t.Fatal(err)
	}
	unordered.Fields = append(unordered.Fields, content.Fields[10:]...)
	unordered.Fields = append(unordered.Fields, content.Fields[:10]...)
	packed, err := native.Pack(&content)
	if err != nil {
		t.Fatal(err)
	}
	encrypted := serializer.Encrypted(native, recordKey)
	ciphertext, err := serializer.PackFor(encrypted, recordID, &content)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	var s string
	number, text := []byte(`42`), []byte(`"text"`)
	tests := []struct {
		name string
		most float64
		run  func() error
	}{
		{"unpack Flask", 0, func() error { return serializer.FlaskFormat.Unpack(data, &content) }},
		{"pack Flask", 1, func() error { _, err := serializer.FlaskFormat.Pack(&content); return err }},
		{"pack Flask, unordered", 1, func() error { _, err := serializer.FlaskFormat.Pack(&unordered); return err }},
		{"unpack native", 0, func() error { return native.Unpack(packed, &content) }},
		{"pack native", 1, func() error { _, err := native.Pack(&content); return err }},
		{"unpack encrypted", 1, func() error { return serializer.UnpackFor(encrypted, recordID, ciphertext, &content) }},
		// One is PackFor's copy of the content, which spares its callers the heap.
		{"pack encrypted", 3, func() error { _, err := serializer.PackFor(encrypted, recordID, &content); return err }},
		{"int", 0, func() error { return serializer.Flask.Unmarshal(number, &n) }},
		{"string", 1, func() error { return serializer.Flask.Unmarshal(text, &s) }},
		{"marshal string", 2, func() error { _, err := serializer.Flask.Marshal("text of some length"); return err }},
	}
	for _, test := range tests {
		if got := testing.AllocsPerRun(200, func() {
			if err := test.run(); err != nil {
				t.Fatal(err)
			}
		}); got > test.most {
			t.Errorf("%s: %v allocations, want at most %v", test.name, got, test.most)
		}
	}
}
