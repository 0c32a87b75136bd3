package main

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/neutral"
)

// vector is a case of the shared vectors, which real Python libraries made.
type vector struct {
	Name, Format, Expect, Reason, Level, Encode, JSON, Cookie, Note, SID string

	Payload       json.RawMessage
	EncodePayload json.RawMessage `json:"encode_payload"`
	Metadata      json.RawMessage
	SignedAt      int64 `json:"signed_at"`
	KeysSorted    bool  `json:"keys_sorted"`
	UseSigner     bool  `json:"use_signer"`
	Redis         map[string]struct {
		Value string `json:"value_b64"`
	}

	fields map[string]any // all of it, as the requests have it
}

// readVectors reads the cases of all formats.
func readVectors(t *testing.T) map[string][]vector {
	t.Helper()
	files := map[string][]vector{}
	for _, name := range []string{
		"flask", "starlette", "signer", "jwt", "starsessions1", "starsessions2", "starlette_flask", "flask_session_new", "flask_session_old",
	} {
		data, err := os.ReadFile(filepath.Join("..", "..", "serializer", "testdata", "vectors", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Count int
			Cases []json.RawMessage
		}
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		if len(file.Cases) == 0 || len(file.Cases) != file.Count {
			t.Fatalf("%s: %d cases, want %d", name, len(file.Cases), file.Count)
		}
		for _, text := range file.Cases {
			var v vector
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.UseNumber()
			if err := decoder.Decode(&v.fields); err != nil {
				t.Fatal(err)
			}
			files[name] = append(files[name], v)
		}
	}
	return files
}

// with returns the vector's fields, unknown ones too, with others in place of
// some. A nil value removes a field.
func (v vector) with(changes map[string]any) map[string]any {
	fields := maps.Clone(v.fields)
	for name, value := range changes {
		if fields[name] = value; value == nil {
			delete(fields, name)
		}
	}
	return fields
}

// wanted is the reason in the words of the command; "" where it has none.
func (v vector) wanted() string {
	switch v.Reason {
	case "empty":
		return "malformed"
	case "bad_record":
		return "bad-payload"
	}
	return strings.ReplaceAll(v.Reason, "_", "-")
}

func TestDecodeVectors(t *testing.T) {
	for file, vectors := range readVectors(t) {
		t.Run(file, func(t *testing.T) {
			var requests []string
			var asked []vector
			for _, v := range vectors {
				fields := v.fields
				if v.Format == "flask-session" {
					record := v.record()
					if v.Reason == "no_record" || v.Reason == "empty" || v.UseSigner {
						continue // not about a record
					}
					fields = v.with(map[string]any{"cookie": record})
				}
				requests, asked = append(requests, line(t, fields)), append(asked, v)
			}
			for i, got := range ask(t, "decode", requests...) {
				check(t, asked[i], got)
			}
		})
	}
}

// record is the only record of a vector of Flask-Session.
func (v vector) record() string {
	for _, record := range v.Redis {
		return record.Value
	}
	return ""
}

func check(t *testing.T, v vector, got answer) {
	t.Helper()
	if got.Valid == nil {
		t.Errorf("%s: no verdict", v.Name)
		return
	}
	if !*got.Valid && !slices.Contains(reasons, got.Reason) {
		t.Errorf("%s: the reason %q is none of the list", v.Name, got.Reason)
	}
	switch {
	case v.Level == "must_reject":
		if *got.Valid {
			t.Errorf("%s: accepted", v.Name)
		}
	case v.Level == "may_reject" && !*got.Valid:
		if strings.Contains(v.Name, "pickle") && v.Expect == "valid" && got.Reason != "pickle" {
			t.Errorf("%s: refused as %s, want pickle", v.Name, got.Reason)
		}
	case v.Level == "may_accept" && *got.Valid:
	case v.Expect == "invalid":
		if *got.Valid || got.Reason != v.wanted() {
			t.Errorf("%s: valid %t, reason %q, want %q", v.Name, *got.Valid, got.Reason, v.wanted())
		}
	case !*got.Valid:
		t.Errorf("%s: refused: %s", v.Name, got.Reason)
	default:
		same(t, v.Name+": payload", got.Payload, v.Payload)
		if v.Metadata != nil {
			same(t, v.Name+": metadata", got.Metadata, v.Metadata)
		}
	}
}

// reasons are all that the command gives.
var reasons = []string{
	"bad-signature", "expired", "future", "not-yet-valid", "malformed", "missing-timestamp", "bad-payload", "not-a-dict",
	"bad-algorithm", "bad-claim", "too-large", "pickle", "bad-request",
}

// same compares two values in the neutral form, or two nulls.
func same(t *testing.T, what string, got, want json.RawMessage) {
	t.Helper()
	if string(want) == "null" || string(got) == "null" {
		if string(got) != string(want) {
			t.Errorf("%s = %s, want %s", what, got, want)
		}
		return
	}
	if !neutral.Form(got).Equal(neutral.Form(want)) {
		t.Errorf("%s = %s, want %s", what, got, want)
	}
}

// TestSignedIDVectors: the signed IDs of Flask-Session.
func TestSignedIDVectors(t *testing.T) {
	files := readVectors(t)
	count := 0
	for _, v := range slices.Concat(files["flask_session_new"], files["flask_session_old"]) {
		if !v.UseSigner {
			continue
		}
		count++
		got := ask(t, "decode", line(t, v.with(map[string]any{"format": "flask-session-id"})))[0]
		id, _ := json.Marshal(map[string]string{"t": "str", "v": v.SID})
		v.Payload = id
		check(t, v, got)
		if v.Expect == "valid" {
			fields := v.with(map[string]any{"format": "flask-session-id", "payload": json.RawMessage(id)})
			if got := ask(t, "encode", line(t, fields))[0]; got.Token != v.Cookie {
				t.Errorf("%s: encoded as %q, want %q", v.Name, got.Token, v.Cookie)
			}
		}
	}
	if count < 4 {
		t.Errorf("%d signed IDs, want at least 4", count)
	}
}

func TestEncodeVectors(t *testing.T) {
	for file, vectors := range readVectors(t) {
		if file == "flask_session_old" {
			continue // pickles are not written
		}
		t.Run(file, func(t *testing.T) {
			var requests []string
			var asked []vector
			for _, v := range vectors {
				if v.Encode == "" || v.UseSigner {
					continue
				}
				payload := v.Payload
				if v.EncodePayload != nil {
					payload = v.EncodePayload
				}
				fields := v.with(map[string]any{"payload": payload, "now": v.SignedAt})
				if v.Format == "flask-session" {
					fields["now"] = 0
				}
				requests, asked = append(requests, line(t, fields)), append(asked, v)
			}
			if len(requests) < 20 {
				t.Errorf("%d cases, want at least 20", len(requests))
			}
			for i, got := range ask(t, "encode", requests...) {
				v := asked[i]
				want := v.Cookie
				if v.Format == "flask-session" {
					want = v.record()
				}
				switch {
				case got.Error != "":
					t.Errorf("%s: %s", v.Name, got.Error)
				case v.Encode == "exact" && got.Token != want:
					t.Errorf("%s: %q, want %q", v.Name, got.Token, want)
				case v.Encode == "json" && document(t, got.Token) != v.JSON:
					t.Errorf("%s: signs %q, want %q", v.Name, document(t, got.Token), v.JSON)
				}
			}
		})
	}
}

// document is what a cookie like Flask's holds.
func document(t *testing.T, token string) string {
	t.Helper()
	packed := strings.HasPrefix(token, ".")
	payload, _, _ := strings.Cut(strings.TrimPrefix(token, "."), ".")
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err == nil && packed {
		var r io.ReadCloser
		if r, err = zlib.NewReader(bytes.NewReader(data)); err == nil {
			data, err = io.ReadAll(r)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
