package cookie_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// tagged are the codecs whose tokens have room for a tag.
var tagged = map[string]cookie.TaggedCodec{
	"encrypted": cookie.Encrypted(keyA).(cookie.TaggedCodec),
	"jwt":       cookie.JWT(keyA).(cookie.TaggedCodec),
}

func TestTags(t *testing.T) {
	data := []byte(`{"user":42}`)
	for name, codec := range tagged {
		for _, size := range []int{0, 1, 16, 40, 254, 255} {
			tag := bytes.Repeat([]byte{0xfe}, size)
			token, err := codec.SealTagged(tag, data, terms)
			if err != nil {
				t.Errorf("%s, %d bytes: SealTagged: %v", name, size, err)
				continue
			}
			gotTag, got, left, err := codec.OpenTagged(token, terms)
			if err != nil || !bytes.Equal(gotTag, tag) || (gotTag == nil) != (size == 0) || !bytes.Equal(got, data) || left != time.Hour {
				t.Errorf("%s, %d bytes: OpenTagged = %x, %q, %v, %v", name, size, gotTag, got, left, err)
			}
			// Without a store of what has ended the tag is ignored.
			if got, _, err := codec.Open(token, terms); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, %d bytes: Open = %q, %v", name, size, got, err)
			}
			if name == "encrypted" {
				for i := range token {
					altered := []byte(token)
					altered[i] ^= 1
					if _, _, _, err := codec.OpenTagged(string(altered), terms); cookie.Reason(err) == "" {
						t.Fatalf("%s, %d bytes: byte %d altered: %v", name, size, i, err)
					}
				}
			}
		}
		if _, err := codec.SealTagged(make([]byte, 256), data, terms); err == nil {
			t.Errorf("%s: a tag of 256 bytes fits", name)
		}
	}
	if _, err := cookie.PyJWT(keyA).(cookie.TaggedCodec).SealTagged([]byte("x"), data, terms); err == nil {
		t.Error("PyJWT has room for a tag")
	}
}

// TestGoldenTaggedToken: tokens of this release stay readable in later ones.
func TestGoldenTaggedToken(t *testing.T) {
	const golden = "AsD1R52vwkSw6nx9A0a6ca-DKSYZ-NzTbYswgp3ozjiPSENYBPJU--dvU3OFeW4ilHOMfhRhF_zbjRpsmojV7jZ93zcHYuYWko2Jrg"
	tag, data, left, err := cookie.Encrypted(keyB, keyA).(cookie.TaggedCodec).OpenTagged(golden, terms)
	if err != nil || string(tag) != "the tag" || string(data) != `{"user":42}` || left != time.Hour {
		t.Errorf("OpenTagged of the golden token = %q, %q, %v, %v", tag, data, left, err)
	}
}

// TestJWTTag: other services read the tag as the claim sid, beside the session
// as it was.
func TestJWTTag(t *testing.T) {
	token, err := tagged["jwt"].SealTagged([]byte("the tag"), []byte(`{"user":42}`), terms)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || !strings.Contains(string(payload), `,"sid":"dGhlIHRhZw","d":{"user":42}}`) {
		t.Errorf("claims: %s, %v", payload, err)
	}
}

// TestRevocableTellsNothing: errors of a revocable backend show no token, no
// owner and no key.
func TestRevocableTellsNothing(t *testing.T) {
	ctx := t.Context()
	b := cookie.Revocable(tagged["encrypted"], memory.New(nil), nil)
	token, err := b.Write(ctx, "", backends.Record{Data: []byte("some data"), TTL: time.Hour, Subject: "its owner"})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{fmt.Sprint(b), fmt.Sprintf("%+v", b), fmt.Sprintf("%#v", b)}
	note := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Fatalf("%v, want %v", err, want)
		}
		texts = append(texts, err.Error())
	}
	if err := b.Retire(ctx, token); err != nil {
		t.Fatal(err)
	}
	_, err = b.Read(ctx, token)
	note(err, backends.ErrReplaced)
	note(b.Remove(ctx, token), backends.ErrConflict)
	note(b.Retire(ctx, token), backends.ErrNotFound)
	for _, text := range texts {
		for _, secret := range []string{token, "some data", "its owner", keyA} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows a secret", text)
			}
		}
	}
}

func BenchmarkRevocable(b *testing.B) {
	settings := backends.Settings{Cookie: terms.Cookie, Lifetime: time.Hour}
	record := backends.Record{Data: make([]byte, 300), TTL: time.Hour, Subject: "ada"}
	for name, backend := range map[string]backends.Backend{
		"plain":     cookie.New(tagged["encrypted"]),
		"revocable": cookie.Revocable(tagged["encrypted"], memory.New(nil), nil),
	} {
		backend, err := backends.Bind(backend, settings)
		if err != nil {
			b.Fatal(err)
		}
		token, err := backend.Write(b.Context(), "", record)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/read", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := backend.Read(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/write", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := backend.Write(b.Context(), token, record); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
