package peers_test

import (
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
)

const noon = 1700000000

// TestWorkedExamples: cookies as the documentation of the formats has them.
func TestWorkedExamples(t *testing.T) {
	codec := peers.Python(t)
	one := neutral.Form(`{"t":"dict","v":[["a",{"t":"int","v":"1"}]]}`)
	tests := []struct {
		format, token string
		payload       neutral.Form
	}{
		{"flask", "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk", one},
		{"starlette-flask", "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk", one},
		{"starlette", "eyJhIjogMX0=.ZVPxAA.4OsWY51JRYO1Xil7z0f7KcwTQTE", one},
		{"jwt", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.RQDHcft3nk7QSjz2V4jzldlcniWOw98O0Q28rjD7Yss", one},
		{"flask-session-id", "0b9a2d3e-5c1f-4f6a-9a55-6d1a2b3c4d5e.qw5dD-atNC7zRLSPfcoQ_7oANLk",
			neutral.Form(`{"t":"str","v":"0b9a2d3e-5c1f-4f6a-9a55-6d1a2b3c4d5e"}`)},
		{"flask-session", "gaFhAQ==", one},
	}
	for _, test := range tests {
		request := peers.Request{Format: test.format, Secret: "dev", Now: peers.Seconds(noon), Payload: test.payload}
		token, err := codec.Encode(request)
		if err != nil || token != test.token {
			t.Errorf("%s: wrote %s, %v, want %s", test.format, token, err, test.token)
		}
		request.Token = test.token
		result, err := codec.Decode(request)
		if err != nil || !result.Valid || !result.Payload.Equal(test.payload) {
			t.Errorf("%s: read %+v, %v", test.format, result, err)
		}
	}
}

func TestReasons(t *testing.T) {
	codec := peers.Python(t)
	const good = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"
	tests := []struct {
		token  string
		now    int64
		maxAge *int64
		want   string // "": valid
	}{
		{good, noon, nil, ""},
		{good, noon + 10, peers.Seconds(10), ""},
		{good, noon + 11, peers.Seconds(10), "expired"},
		{good, noon - 1, peers.Seconds(10), "future"},
		{strings.Replace(good, "D3", "D4", 1), noon, nil, "bad-signature"},
		{"junk", noon, nil, "malformed"},
	}
	for _, test := range tests {
		result, err := codec.Decode(peers.Request{
			Format: "flask", Secret: "dev", Token: test.token, Now: peers.Seconds(test.now), MaxAge: test.maxAge,
		})
		if err != nil || result.Reason != test.want || result.Valid != (test.want == "") {
			t.Errorf("%s at %d: got %+v, %v, want %q", test.token, test.now, result, err, test.want)
		}
	}
}

func TestStarsessionsMetadata(t *testing.T) {
	codec := peers.Python(t)
	request := peers.Request{
		Format: "starsessions2", Secret: "dev", Payload: neutral.Form(`{"t":"dict","v":[]}`),
		Metadata: neutral.Form(`{"t":"dict","v":[["lifetime",{"t":"int","v":"3600"}]]}`),
	}
	token, err := codec.Encode(request)
	if err != nil {
		t.Fatal(err)
	}
	request.Token = token
	result, err := codec.Decode(request)
	if err != nil || !result.Payload.Equal(request.Payload) || !result.Metadata.Equal(request.Metadata) {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestSigners(t *testing.T) {
	codec := peers.Python(t)
	seen := map[string]bool{}
	for _, derivation := range []string{"", "concat", "hmac", "none"} {
		for _, digest := range []string{"", "sha256", "sha512"} {
			for _, timestamp := range []bool{false, true} {
				request := peers.Request{
					Secret: "key", Salt: "salt", Sep: ":", Derivation: derivation, Digest: digest, Timestamp: timestamp,
					Token: "value", Now: peers.Seconds(noon),
				}
				token, err := codec.Sign(request)
				if err != nil || seen[token] {
					t.Fatalf("%s/%s: got %s, %v", derivation, digest, token, err)
				}
				seen[token] = true
				request.Token = token
				if result, err := codec.Unsign(request); err != nil || result.Token != "value" {
					t.Errorf("%s/%s: got %+v, %v", derivation, digest, result, err)
				}
				request.Token += "x"
				if result, err := codec.Unsign(request); err != nil || result.Valid {
					t.Errorf("%s/%s: a longer signature: got %+v, %v", derivation, digest, result, err)
				}
			}
		}
	}
}

func TestJSON(t *testing.T) {
	codec := peers.Python(t)
	value := neutral.Form(`{"t":"dict","v":[["b",{"t":"tuple","v":[{"t":"str","v":"é"}]}],["a",{"t":"float","v":"1e16"}]]}`)
	for format, want := range map[string]string{
		"flask":           `{"a":1e+16,"b":{" t":["\u00e9"]}}`,
		"starlette":       `{"b": ["\u00e9"], "a": 1e+16}`,
		"starlette-flask": `{"b":["é"],"a":1e+16}`,
	} {
		if got, err := codec.Dumps(format, value); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", format, got, err, want)
		}
	}
	result, err := codec.Loads("flask", `{" t":[1]}`)
	if want := neutral.Form(`{"t":"tuple","v":[{"t":"int","v":"1"}]}`); err != nil || !result.Payload.Equal(want) {
		t.Errorf("got %+v, %v, want %s", result, err, want)
	}
	if result, err := codec.Loads("flask", `{`); err != nil || result.Valid {
		t.Errorf("half a dict: got %+v, %v", result, err)
	}
}

func TestErrorsOfTheRequestAreErrors(t *testing.T) {
	codec := peers.Python(t)
	if _, err := codec.Encode(peers.Request{Format: "nonsense", Payload: neutral.Form(`{"t":"null"}`)}); err == nil {
		t.Error("an unknown format: no error")
	}
	versions, err := codec.Versions()
	if err != nil || versions["itsdangerous"] == "" {
		t.Errorf("got %v, %v", versions, err)
	}
}

func BenchmarkDecode(b *testing.B) {
	codec := peers.Python(b)
	request := peers.Request{Format: "flask", Secret: "dev", Token: "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk", Now: peers.Seconds(noon)}
	for b.Loop() {
		if result, err := codec.Decode(request); err != nil || !result.Valid {
			b.Fatal(result, err)
		}
	}
}
