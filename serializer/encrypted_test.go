package serializer_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
)

const (
	recordKey = "Wq3vT8nKz5LxRb2YcFh7MdGpJs9UeA4o"
	newerKey  = "p6HsX1jVmD0yZrQfC8kNtB3wLgEu5iOa"
	recordID  = "b1M0cTZ4a2pQdVJ3eVZsS2ZhSG9aTnhFQ3JXRGdTYjA"
	otherID   = "YTJQd0s4bVJ4VGpxTG5WZUJ1SGNGc1pvV2dJa1hkWTE"
)

var native = serializer.Native(serializer.JSON)

// encrypt returns a record with everything in it, encrypted for recordID.
func encrypt(t testing.TB, format serializer.Format) []byte {
	t.Helper()
	data, err := serializer.PackFor(format, recordID, full())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEncryptedRoundTrip(t *testing.T) {
	for _, inner := range []serializer.Format{native, serializer.Native(serializer.MsgPack), serializer.FlaskSessionFormat, serializer.StarsessionsFormat} {
		format := serializer.Encrypted(inner, recordKey)
		content := &serializer.Content{Fields: []serializer.Field{{Key: "a", Value: []byte(`1`)}}}
		plain, err := inner.Pack(content)
		if err != nil {
			t.Fatal(err)
		}
		data, err := serializer.PackFor(format, recordID, content)
		if err != nil {
			t.Errorf("%s: %v", format.Name(), err)
			continue
		}
		if len(data) != len(plain)+46 || cap(data) != len(data) {
			t.Errorf("%s: %d bytes of %d for %d, want 46 more", format.Name(), len(data), cap(data), len(plain))
		}
		var got, want serializer.Content
		if err := serializer.UnpackFor(format, recordID, data, &got); err != nil {
			t.Errorf("%s: %v", format.Name(), err)
		}
		if err := inner.Unpack(plain, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v, %v", format.Name(), got, want, err)
		}
		if format.Name() != "encrypted-"+inner.Name() || format.Holds() != inner.Holds() || format.Serializer() != inner.Serializer() {
			t.Errorf("%s is not like %s", format.Name(), inner.Name())
		}
		again, err := serializer.PackFor(format, recordID, content)
		if err != nil || bytes.Equal(again, data) {
			t.Errorf("%s: the same record again, %v", format.Name(), err)
		}
	}
}

// TestEncryptedLayout: the layout is a promise: records outlive the program
// that wrote them. This one is put together by hand.
func TestEncryptedLayout(t *testing.T) {
	const label = "sessions/record/v1 XChaCha20-Poly1305 "
	derive := func(purpose string, n int) []byte {
		key, err := hkdf.Key(sha256.New, []byte(recordKey), nil, label+purpose, n)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	aead, err := chacha20poly1305.NewX(derive("encryption", 32))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := native.Pack(full())
	if err != nil {
		t.Fatal(err)
	}
	head := append([]byte{0x1e, 1}, derive("key ID", 4)...)
	nonce := []byte("a nonce of just 24 bytes")
	data := append(bytes.Clone(head), nonce...)
	data = aead.Seal(data, nonce, plain, append(head, recordID...))
	var content serializer.Content
	if err := serializer.UnpackFor(serializer.Encrypted(native, recordKey), recordID, data, &content); err != nil || !reflect.DeepEqual(&content, full()) {
		t.Errorf("got %+v, %v", content, err)
	}
}

// encryptedVector is a record that was written when the format was made.
type encryptedVector struct {
	Name, Secret, ID string
	Record, Plain    []byte
	Refused          bool
}

func encryptedVectors(t testing.TB) []encryptedVector {
	text, err := os.ReadFile("testdata/encrypted.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []encryptedVector
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) < 6 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	return vectors
}

func TestEncryptedVectors(t *testing.T) {
	for _, v := range encryptedVectors(t) {
		var got, want serializer.Content
		err := serializer.UnpackFor(serializer.Encrypted(native, v.Secret), v.ID, v.Record, &got)
		if v.Refused {
			if !errors.Is(err, serializer.ErrCorrupt) {
				t.Errorf("%s: %v, want ErrCorrupt", v.Name, err)
			}
			continue
		}
		if err != nil || native.Unpack(v.Plain, &want) != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", v.Name, got, err, want)
		}
	}
}

func TestEncryptedRefuses(t *testing.T) {
	format := serializer.Encrypted(native, recordKey)
	good := encrypt(t, format)
	refused := func(what, id string, data []byte, want error) {
		t.Helper()
		var content serializer.Content
		if err := serializer.UnpackFor(format, id, data, &content); !errors.Is(err, want) || len(content.Fields) > 0 {
			t.Errorf("%s: %v with %d fields, want %v", what, err, len(content.Fields), want)
		}
	}
	for i := range good {
		refused(fmt.Sprintf("cut to %d bytes", i), recordID, good[:i], serializer.ErrCorrupt)
		if i == 1 {
			continue // the version, see below
		}
		for bit := range 8 {
			altered := bytes.Clone(good)
			altered[i] ^= 1 << bit
			refused(fmt.Sprintf("bit %d of byte %d altered", bit, i), recordID, altered, serializer.ErrCorrupt)
		}
	}
	plain, err := native.Pack(full())
	if err != nil {
		t.Fatal(err)
	}
	refused("a byte more", recordID, append(bytes.Clone(good), 0), serializer.ErrCorrupt)
	refused("another ID", otherID, good, serializer.ErrCorrupt)
	refused("a shorter ID", recordID[1:], good, serializer.ErrCorrupt)
	refused("no ID", "", good, serializer.ErrCorrupt)
	refused("nothing", recordID, nil, serializer.ErrCorrupt)
	refused("a plain record", recordID, plain, serializer.ErrCorrupt)
	refused("a later version", recordID, append([]byte{0x1e, 2}, good[2:]...), serializer.ErrNewer)
	refused("another key", recordID, encrypt(t, serializer.Encrypted(native, newerKey)), serializer.ErrCorrupt)

	// A program that does not encrypt yet must not take the visitor for a new one.
	if err := native.Unpack(good, new(serializer.Content)); !errors.Is(err, serializer.ErrNewer) {
		t.Errorf("read without a key: %v, want ErrNewer", err)
	}
}

// TestEncryptedNeedsID: a record without an ID would be one for every ID.
func TestEncryptedNeedsID(t *testing.T) {
	format := serializer.Encrypted(native, recordKey)
	_, pack := format.Pack(full())
	_, packFor := serializer.PackFor(format, "", full())
	unpack := format.Unpack(encrypt(t, format), new(serializer.Content))
	for name, err := range map[string]error{"Pack": pack, "PackFor without an ID": packFor, "Unpack": unpack} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", name, err)
		}
	}
}

func TestEncryptedRotation(t *testing.T) {
	before, between, after := serializer.Encrypted(native, recordKey), serializer.Encrypted(native, newerKey, recordKey), serializer.Encrypted(native, newerKey)
	for _, tt := range []struct {
		name          string
		writer, reads serializer.Format
		want          error
	}{
		{"old with the new key first", before, between, nil},
		{"new with the new key first", between, after, nil},
		{"old with the new key alone", before, after, serializer.ErrCorrupt},
		{"new with the old key alone", between, before, serializer.ErrCorrupt},
	} {
		if err := serializer.UnpackFor(tt.reads, recordID, encrypt(t, tt.writer), new(serializer.Content)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestEncryptedReadsPlain(t *testing.T) {
	format := serializer.EncryptedWith(serializer.Encryption{InsecureReadPlain: true}, native, recordKey)
	plain, err := native.Pack(full())
	if err != nil {
		t.Fatal(err)
	}
	var content serializer.Content
	if err := serializer.UnpackFor(format, recordID, plain, &content); err != nil || !reflect.DeepEqual(&content, full()) {
		t.Errorf("a plain record: %+v, %v", content, err)
	}
	data := encrypt(t, format)
	if bytes.Contains(data, []byte("ada")) {
		t.Error("a record is written without encryption")
	}
	if err := serializer.UnpackFor(format, otherID, data, &content); !errors.Is(err, serializer.ErrCorrupt) {
		t.Errorf("an encrypted record under another ID: %v, want ErrCorrupt", err)
	}
}

// TestEncryptedIsNotACookie: one secret may serve cookies and records: neither
// opens what is the other's.
func TestEncryptedIsNotACookie(t *testing.T) {
	terms := cookie.Terms{Now: time.Now(), TTL: time.Hour, MaxAge: time.Hour}
	token, err := cookie.Encrypted(recordKey).Seal([]byte("x"), terms)
	if err != nil {
		t.Fatal(err)
	}
	format := serializer.Encrypted(native, recordKey)
	if record := encrypt(t, format); strings.HasPrefix(token[1:], string(record[2:6])) {
		t.Error("both name the same key")
	}
	if err := serializer.UnpackFor(format, recordID, []byte(token), new(serializer.Content)); !errors.Is(err, serializer.ErrCorrupt) {
		t.Errorf("a cookie as a record: %v, want ErrCorrupt", err)
	}
}

func TestEncryptedKeys(t *testing.T) {
	long := strings.Repeat("Kx9#vQ2mLp7Z", 4)
	for _, tt := range []struct {
		name   string
		format serializer.Format
		err    string
		weak   string
	}{
		{"good", serializer.Encrypted(native, recordKey, newerKey), "", ""},
		{"empty", serializer.Encrypted(native, ""), "the primary key is empty: make one with `sessions keygen`", ""},
		{"short", serializer.Encrypted(native, recordKey[:31]), "the primary key has 31 bytes and must have at least 32", ""},
		{"short older one", serializer.Encrypted(native, recordKey, newerKey[:8]), "older key 1 has 8 bytes", ""},
		{"twice", serializer.Encrypted(native, recordKey, recordKey), "older key 1 is given twice: remove it", ""},
		{"repeating", serializer.Encrypted(native, long), "", "the primary key repeats itself"},
		{"no format", serializer.Encrypted(nil, recordKey), "the format is nil: give one", ""},
		{"twice encrypted", serializer.Encrypted(serializer.Encrypted(native, newerKey), recordKey), "bound to IDs already", ""},
	} {
		weak, err := serializer.Check(tt.format)
		if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
		if text := strings.Join(weak, "\n"); (text != "") != (tt.weak != "") || !strings.Contains(text, tt.weak) {
			t.Errorf("%s: weak: %q, want %q", tt.name, weak, tt.weak)
		}
		if err == nil {
			continue
		}
		if data, packing := serializer.PackFor(tt.format, recordID, full()); data != nil || packing != err {
			t.Errorf("%s: PackFor: %d bytes, %v", tt.name, len(data), packing)
		}
		if unpacking := serializer.UnpackFor(tt.format, recordID, []byte("x"), new(serializer.Content)); unpacking != err {
			t.Errorf("%s: UnpackFor: %v", tt.name, unpacking)
		}
	}
}

// TestEncryptedTellsNothing: neither errors nor what prints a format show a
// key, an ID or a value.
func TestEncryptedTellsNothing(t *testing.T) {
	format := serializer.Encrypted(native, recordKey)
	texts := []string{fmt.Sprint(format), fmt.Sprintf("%+v", format), fmt.Sprintf("%#v", format)}
	data := encrypt(t, format)
	data[len(data)-1] ^= 1
	for _, err := range []error{
		serializer.UnpackFor(format, recordID, data, new(serializer.Content)),
		serializer.UnpackFor(format, otherID, data, new(serializer.Content)),
		serializer.UnpackFor(format, recordID, []byte("plain text"), new(serializer.Content)),
		serializer.UnpackFor(serializer.Encrypted(native, newerKey), recordID, data, new(serializer.Content)),
		format.Unpack(data, new(serializer.Content)),
	} {
		if err == nil {
			t.Fatal("no error")
		}
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		for _, secret := range []string{recordKey, newerKey, recordID, otherID, "ada", "plain text", string(data)} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows a secret", text)
			}
		}
	}
}

func FuzzS1_Encrypted(f *testing.F) {
	strict := serializer.Encrypted(native, recordKey)
	plain := serializer.EncryptedWith(serializer.Encryption{InsecureReadPlain: true}, native, recordKey)
	good := encryptedVectors(f)[0].Record
	f.Add(good)
	f.Add(encryptedVectors(f)[0].Plain)
	f.Add([]byte{0x1e, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		var content serializer.Content
		if err := serializer.UnpackFor(strict, recordID, data, &content); err == nil && !bytes.Equal(data, good) {
			t.Error("what nobody has encrypted opens")
		}
		if err := serializer.UnpackFor(plain, recordID, data, &content); err == nil && !bytes.Equal(data, good) {
			var want serializer.Content
			if native.Unpack(data, &want) != nil || !reflect.DeepEqual(content.Fields, want.Fields) {
				t.Error("a plain record reads otherwise than it is")
			}
		}
		if !bytes.Equal(data, before) {
			t.Error("the record was changed")
		}
	})
}
