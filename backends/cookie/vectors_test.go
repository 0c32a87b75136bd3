package cookie_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends/cookie"
)

// vectors is where the cookies are that Python frameworks made, shared with the
// tests of the formats inside them.
var vectors = filepath.Join("..", "..", "serializer", "testdata", "vectors")

// vector is one cookie that a Python framework made, or was given, and what it
// thinks of it.
type vector struct {
	Name      string
	Secret    secret
	Fallbacks []secret
	Salt      string
	Now       int64
	MaxAge    *int64 `json:"max_age"`
	Alg       string
	Headers   map[string]string
	Cookie    string
	Expect    string
	Reason    string
	Group     string
	Level     string
	SignedAt  int64   `json:"signed_at"`
	JSON      *string // what was signed
	Encode    string
}

// secret is a text, or {"b64": …} for bytes that are none.
type secret string

func (s *secret) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(s))
	}
	var raw struct{ B64 []byte }
	err := json.Unmarshal(data, &raw)
	*s = secret(raw.B64)
	return err
}

func readVectors(t *testing.T, name string) []vector {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Count int
		Cases []vector
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 || len(file.Cases) != file.Count {
		t.Fatalf("%s: %d cases, want %d", name, len(file.Cases), file.Count)
	}
	return file.Cases
}

func (v *vector) terms() cookie.Terms {
	maxAge := time.Duration(-1)
	if v.MaxAge != nil {
		maxAge = time.Duration(*v.MaxAge) * time.Second
	}
	return cookie.Terms{Now: time.Unix(v.Now, 0), Cookie: "session", MaxAge: maxAge}
}

func (v *vector) older() []string {
	var older []string
	for _, s := range v.Fallbacks {
		older = append(older, string(s))
	}
	return older
}

// refusal is the vector's reason in the words of this package.
func (v *vector) refusal() cookie.Refusal {
	if v.Reason == "empty" {
		return cookie.Malformed
	}
	return cookie.Refusal(strings.ReplaceAll(v.Reason, "_", "-"))
}

func TestJWTVectors(t *testing.T) {
	for _, v := range readVectors(t, "jwt.json") {
		key := cookie.JWTKey{Algorithm: v.Alg, Secret: string(v.Secret), ID: v.Headers["kid"]}
		codec := cookie.JWTWith(cookie.JWTOptions{Primary: key, PyJWT: true})
		if err := validate(codec); err != nil {
			t.Errorf("%s: Validate: %v", v.Name, err)
			continue
		}
		data, _, err := codec.Open(v.Cookie, v.terms())
		switch {
		case v.Level == "may_reject" && err != nil:
		case v.Expect == "valid":
			want := v.payload()
			if err != nil || string(data) != want {
				t.Errorf("%s: Open = %q, %v, want %q", v.Name, data, err, want)
			}
		default:
			wantRefusal(t, v.Name, codec, v.Cookie, v.terms(), v.refusal())
		}
		if v.Encode == "exact" {
			got, err := codec.Seal([]byte(*v.JSON), v.terms())
			if err != nil || got != v.Cookie {
				t.Errorf("%s: Seal = %q, %v, want %q", v.Name, got, err, v.Cookie)
			}
		}
	}
}

// payload is what stands in the middle of a JSON Web Token.
func (v *vector) payload() string {
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(v.Cookie, ".")[1])
	return string(payload)
}
