package peers_test

import (
	"encoding/base64"
	"math"
	"math/big"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/itsdangerous"
	"github.com/gosessions/sessions/serializer"
)

// latin1 returns the text whose characters are the bytes of s.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

var (
	derivations = []string{"django-concat", "hmac"}
	digests     = []string{"sha1", "sha256", "sha512"}

	goDerivations = []itsdangerous.Derivation{itsdangerous.DjangoConcat, itsdangerous.HMAC}
	goDigests     = []itsdangerous.Digest{itsdangerous.SHA1, itsdangerous.SHA256, itsdangerous.SHA512}
)

// FuzzS2_Signers holds our signers against itsdangerous: both sign alike, and
// what ours accepts theirs accepts, with the same value.
func FuzzS2_Signers(f *testing.F) {
	f.Add("key", "salt", uint8(0), uint8(0), "value", uint16(0), uint8(0))
	f.Add("k\xff\x00", "", uint8(1), uint8(1), "a.b.c", uint16(3), uint8(1))
	f.Add("key", "é", uint8(2), uint8(2), "", uint16(7), uint8('='))
	f.Add("key", "cookie-session", uint8(3), uint8(3), "\x00\xff", uint16(40), uint8(0x20))
	python := peers.Python(f)
	f.Fuzz(func(t *testing.T, key, salt string, derivation, digest uint8, value string, at uint16, flip uint8) {
		if key == "" || !utf8.ValidString(salt) || len(value) > 4096 {
			t.Skip()
		}
		d, h := int(derivation)%len(derivations), int(digest)%len(digests)
		request := peers.Request{
			Secret: peers.Secret(key), Salt: salt, Derivation: derivations[d], Digest: digests[h], Timestamp: true,
			Token: latin1(value), Now: peers.Seconds(noon), MaxAge: peers.Seconds(60),
		}
		signer, err := itsdangerous.NewTimestampSigner(
			&itsdangerous.Options{Salt: salt, Derivation: goDerivations[d], Digest: goDigests[h]}, []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := python.Sign(request)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(noon, 0)
		ours := signer.Sign(value, now)
		if latin1(ours) != theirs {
			t.Fatalf("signed as %q, Python as %q", latin1(ours), theirs)
		}

		changed := []byte(ours)
		changed[int(at)%len(changed)] ^= flip
		got, _, err := signer.Unsign(string(changed), now, time.Minute, 0)
		request.Token = latin1(string(changed))
		result, asked := python.Unsign(request)
		switch {
		case asked != nil:
			t.Fatal(asked)
		case err == nil && (!result.Valid || result.Token != latin1(got)):
			t.Errorf("%q is accepted with %q; Python: %+v", changed, got, result)
		case err != nil && flip == 0:
			t.Errorf("%q is refused: %v", changed, err)
		}
	})
}

// FuzzS2_FlaskCookie holds our reading of Flask's cookies against Flask's: what
// we accept it accepts, with the same payload, and what it would itself write
// we accept.
func FuzzS2_FlaskCookie(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a":1}`, `{"_flashes":[{" t":["message","hi"]}],"_permanent":true}`, `{" di":{" t__":[1]}}`,
		`{"b":{" b":"AP8="},"d":{" d":"Thu, 29 Feb 2024 12:34:56 GMT"},"m":{" m":"<b>"},"u":{" u":"00000000000000000000000000000001"}}`,
		`{"f":1e+16,"g":-0.0,"i":123456789012345678901234567890,"n":null,"s":"\u00e9\ud83d\ude00"}`,
		`{"a":1,"a":2}`, `[1]`, `{"a":NaN}`, ` {"a" : 1}`, `{" t":5}`, `{"a":{" u":"{12345678-1234-5678-1234-567812345678}"}}`,
	} {
		f.Add([]byte(text), false)
		f.Add([]byte(text), true)
	}
	python := peers.Python(f)
	codec := cookie.Flask("dev")
	signer, err := itsdangerous.NewTimestampSigner(&itsdangerous.Options{Salt: "cookie-session", Derivation: itsdangerous.HMAC}, []byte("dev"))
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(noon, 0)
	f.Fuzz(func(t *testing.T, text []byte, raw bool) {
		if len(text) > 2000 {
			t.Skip()
		}
		payload := string(itsdangerous.AppendPayload(nil, text))
		if raw { // not compressed
			payload = base64.RawURLEncoding.EncodeToString(text)
		}
		token := signer.Sign(payload, now)
		theirs, err := python.Decode(peers.Request{Format: "flask", Secret: "dev", Token: token, Now: peers.Seconds(noon), MaxAge: peers.Seconds(60)})
		if err != nil {
			t.Fatal(err)
		}
		if theirs.Reason == "bad-signature" {
			t.Fatalf("Flask does not know our signature: %+v", theirs)
		}
		ours, refusal := openFlask(codec, token, now)
		if refusal == nil {
			if form, err := neutral.Of(ours); err == nil && (!theirs.Valid || !theirs.Payload.Equal(form)) {
				t.Errorf("%q: we read %s; Flask: %+v", text, form, theirs)
			}
			return
		}
		if !theirs.Valid {
			return
		}
		if _, err := theirs.Payload.Go(); err != nil {
			return // Flask read what Go cannot hold
		}
		if again, err := python.Dumps("flask", theirs.Payload); err == nil && again == string(text) && text[0] == '{' {
			t.Errorf("%q: we refuse what Flask writes: %v", text, refusal)
		}
	})
}

// openFlask reads a cookie as a session does.
func openFlask(codec cookie.Codec, token string, now time.Time) (map[string]any, error) {
	data, _, err := codec.Open(token, cookie.Terms{Now: now, Cookie: "session", MaxAge: time.Minute})
	if err != nil {
		return nil, err
	}
	var content serializer.Content
	if err := serializer.FlaskFormat.Unpack(data, &content); err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, field := range content.Fields {
		var v any
		if err := serializer.Flask.Unmarshal(field.Value, &v); err != nil {
			return nil, err
		}
		values[field.Key] = v
	}
	return values, nil
}

// FuzzS2_FlaskValues holds our writing of values against Flask's, to the byte,
// and our reading of what it wrote.
func FuzzS2_FlaskValues(f *testing.F) {
	for kind := range byte(kinds) {
		f.Add([]byte{kind, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
		f.Add([]byte{9, 3, kind, 200, 100, 0, 255, kind, 1, 2, 3, 4, 5, 6, 7, 8, 9, kind, 0})
	}
	python := peers.Python(f)
	f.Fuzz(func(t *testing.T, seed []byte) {
		v := (&source{seed}).value(4)
		form, err := neutral.Of(v)
		if err != nil {
			t.Skip()
		}
		theirs, err := python.Dumps("flask", form)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := serializer.Flask.Marshal(v)
		if err != nil || string(ours) != theirs {
			t.Fatalf("%s: written as %s, %v; Flask writes %s", form, ours, err, theirs)
		}
		var back any
		if err := serializer.Flask.Unmarshal(ours, &back); err != nil {
			t.Fatalf("%s: cannot be read: %v", ours, err)
		}
		result, err := python.Loads("flask", theirs)
		if err != nil || !result.Valid {
			t.Fatalf("%s: Flask cannot read what it wrote: %+v, %v", theirs, result, err)
		}
		if got, err := neutral.Of(back); err != nil || !got.Equal(result.Payload) {
			t.Errorf("%s: we read %s, %v; Flask reads %s", theirs, got, err, result.Payload)
		}
	})
}

// kinds is how many types a source knows.
const kinds = 13

// A source makes values of bytes.
type source struct{ left []byte }

func (s *source) byte() byte {
	if len(s.left) == 0 {
		return 0
	}
	b := s.left[0]
	s.left = s.left[1:]
	return b
}

func (s *source) uint64() (n uint64) {
	for range 8 {
		n = n<<8 | uint64(s.byte())
	}
	return n
}

func (s *source) bytes() []byte {
	n := min(int(s.byte())%24, len(s.left))
	out := s.left[:n]
	s.left = s.left[n:]
	return out
}

// text returns valid text, now and then a key that looks like a tag.
func (s *source) text() string {
	switch s.byte() % 8 {
	case 0:
		return []string{" di", " t", " b", " m", " u", " d", " x", " t__"}[s.byte()%8]
	case 1:
		return string(rune(s.uint64() % 0x110000))
	}
	text := string(s.bytes())
	if !utf8.ValidString(text) {
		return latin1(text)
	}
	return text
}

func (s *source) value(depth int) any {
	kind := s.byte() % kinds
	if depth == 0 && kind >= 9 {
		kind -= 9
	}
	switch kind {
	case 1:
		return s.byte()%2 == 0
	case 2:
		return int64(s.uint64())
	case 3:
		if n := new(big.Int).SetBytes(s.bytes()); !n.IsInt64() {
			return n
		}
		return int64(1)
	case 4:
		if f := math.Float64frombits(s.uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return float64(int8(s.byte()))
	case 5:
		return s.text()
	case 6:
		return s.bytes()
	case 7:
		return serializer.Markup(s.text())
	case 8:
		id, _ := uuid.FromBytes(append(s.bytes(), make([]byte, 16)...)[:16])
		return id
	case 9, 10:
		list := []any{}
		for range s.byte() % 4 {
			list = append(list, s.value(depth-1))
		}
		if kind == 10 {
			return serializer.Tuple(list)
		}
		return list
	case 11:
		dict := map[string]any{}
		for range s.byte() % 4 {
			dict[s.text()] = s.value(depth - 1)
		}
		return dict
	case 12:
		return time.Unix(int64(s.uint64()%250_000_000_000), 0).UTC()
	}
	return nil
}
