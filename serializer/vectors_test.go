package serializer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/value"
)

// vector is a case of testdata/vectors, which real Python libraries made.
type vector struct {
	Name          string
	Format        string
	Secret        secret
	Fallbacks     []secret
	Salt          string
	Now           int64
	MaxAge        *int64 `json:"max_age"`
	Cookie        string
	Expect        string
	Reason        string
	Group         string
	Payload       json.RawMessage
	Metadata      json.RawMessage
	Framework     string
	Level         string
	SignedAt      int64 `json:"signed_at"`
	JSON          string
	Encode        string
	EncodePayload json.RawMessage `json:"encode_payload"`
	KeysSorted    bool            `json:"keys_sorted"`
	Note          string

	SID        string
	Serializer string
	UseSigner  bool   `json:"use_signer"`
	KeyPrefix  string `json:"key_prefix"`
	Redis      map[string]struct {
		Value []byte `json:"value_b64"`
	}
}

// secret is a text, or {"b64": …} for bytes that are no text.
type secret []byte

func (s *secret) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err == nil {
		*s = secret(text)
		return nil
	}
	var encoded struct{ B64 []byte }
	err := json.Unmarshal(data, &encoded)
	*s = encoded.B64
	return err
}

func (v vector) now() time.Time { return time.Unix(v.Now, 0) }

func (v vector) maxAge() time.Duration {
	if v.MaxAge == nil {
		return -1
	}
	return time.Duration(*v.MaxAge) * time.Second
}

// want returns what a reader must find.
func (v vector) want(t *testing.T) value.Value {
	t.Helper()
	return parseNeutral(t, v.Payload)
}

// give returns what a writer is given.
func (v vector) give(t *testing.T) value.Value {
	t.Helper()
	if v.EncodePayload != nil {
		return parseNeutral(t, v.EncodePayload)
	}
	return v.want(t)
}

func parseNeutral(t *testing.T, data []byte) value.Value {
	t.Helper()
	tree, err := neutral.Parse(data)
	if err != nil {
		t.Fatalf("vector: %v: %s", err, data)
	}
	return tree
}

// vectors reads testdata/vectors/name.json.
func vectors(t *testing.T, name string) []vector {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "vectors", name+".json"))
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

func bytesOf(secrets []secret) [][]byte {
	var out [][]byte
	for _, s := range secrets {
		out = append(out, s)
	}
	return out
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0) }
