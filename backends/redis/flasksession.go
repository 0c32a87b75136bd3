package redis

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/itsdangerous"
	"github.com/gosessions/sessions/serializer"
)

// FlaskSessionOptions are the settings that the Flask application has changed.
// The zero value means Flask-Session's defaults.
type FlaskSessionOptions struct {
	Prefix string // SESSION_KEY_PREFIX; "" means "session:"

	// Secret is the application's SECRET_KEY if it sets SESSION_USE_SIGNER.
	// Otherwise it is "", and IDs are not signed.
	Secret string

	// JSON is true if SESSION_SERIALIZATION_FORMAT is "json" instead of
	// "msgpack". Records in both formats can be read.
	JSON bool

	// BrowserSession is true if SESSION_PERMANENT is False: cookies end with
	// the browser.
	BrowserSession bool

	// IDBytes is SESSION_ID_LENGTH; 0 means 32, and less than 16 is an error.
	IDBytes int
}

// FlaskSession returns a backend that shares its sessions with Flask-Session
// 0.7 and later, whose SESSION_TYPE is "redis". Nil options mean that the Flask
// application uses the default settings.
//
// Older releases wrote pickles. These are never read, because reading a pickle
// runs code that its author chose. Let Flask-Session 0.7 or later convert them
// first, which it does with each session that is used.
//
// A session lives for PERMANENT_SESSION_LIFETIME after its last change. That is
// 31 days, unless Config.Lifetime sets another time. A request that only reads
// the session extends its life once a tenth of that time has passed.
func FlaskSession(client goredis.UniversalClient, options *FlaskSessionOptions) *Shared {
	var o FlaskSessionOptions
	if options != nil {
		o = *options
	}
	if o.Prefix == "" {
		o.Prefix = "session:"
	}
	if o.IDBytes == 0 {
		o.IDBytes = 32
	}
	format := serializer.FlaskSessionFormat
	if o.JSON {
		format = serializer.FlaskSessionJSONFormat
	}
	if !o.BrowserSession {
		format = permanent{format}
	}
	b := newShared("FlaskSession", client, o.Prefix, backends.Defaults{
		Format:             format,
		Lifetime:           31 * 24 * time.Hour,
		BrowserSession:     o.BrowserSession,
		Duplicates:         backends.FirstOnly,
		SlidingLifetime:    true,
		PersistenceIsEmpty: true,
	})
	b.valid = isWord
	b.mint = func() string {
		raw := make([]byte, o.IDBytes)
		_, _ = rand.Read(raw) // it never fails
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	switch {
	case o.IDBytes < 16:
		b.invalid = errors.Join(b.invalid, errors.New("redis: FlaskSessionOptions.IDBytes is less than 16: such IDs can be guessed"))
	case o.Secret != "":
		b.sign(o.Secret)
	}
	return b
}

// sign makes b sign its IDs.
func (b *Shared) sign(secret string) {
	var err error
	b.signer, err = itsdangerous.New(&itsdangerous.Options{Salt: "flask-session", Derivation: itsdangerous.HMAC}, []byte(secret))
	b.invalid = errors.Join(b.invalid, err)
	if len(secret) < 32 {
		b.warnings = append(b.warnings, fmt.Sprintf("redis: FlaskSession: the secret has only %d bytes: use 32 random ones", len(secret)))
	}
}

// isWord reports whether sid has the form of a session ID: a UUID or base64url,
// of at most 256 characters.
func isWord(sid string) bool {
	return isMadeOf(sid, "-_")
}

func isMadeOf(sid, special string) bool {
	if sid == "" || len(sid) > 256 {
		return false
	}
	for i := range len(sid) {
		switch c := sid[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case strings.IndexByte(special, c) < 0:
			return false
		}
	}
	return true
}

// permanent is a format that writes "permanent" into a record unless the record
// says otherwise, as Flask-Session does. Without it Flask would treat the
// session as one that ends with the browser.
type permanent struct{ serializer.Format }

// Pack implements [serializer.Format].
func (f permanent) Pack(content *serializer.Content) ([]byte, error) {
	key := f.Holds().PersistenceKey
	for i := range content.Fields {
		if content.Fields[i].Key == key {
			return f.Format.Pack(content)
		}
	}
	yes, err := f.Serializer().Marshal(true)
	if err != nil {
		return nil, err
	}
	with := *content
	with.Fields = append([]serializer.Field{{Key: key, Value: yes}}, content.Fields...)
	return f.Format.Pack(&with)
}
