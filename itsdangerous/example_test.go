package itsdangerous_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/itsdangerous"
)

// A token that Flask has made for the session {"a": 1}.
func Example() {
	options := &itsdangerous.Options{Salt: "cookie-session", Derivation: itsdangerous.HMAC}
	signer, err := itsdangerous.NewTimestampSigner(options, []byte("dev"))
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Unix(1700000000, 0)
	payload, _, err := signer.Unsign("eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk", now, 31*24*time.Hour, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	document, err := itsdangerous.DecodePayload(payload)
	fmt.Println(string(document), err)
	// Output: {"a":1} <nil>
}

// The primary key signs; tokens under older keys stay valid until the key is
// taken out of the ring.
func ExampleNew_rotation() {
	before, _ := itsdangerous.New(nil, []byte("old key"))
	token := before.Sign("value")

	during, _ := itsdangerous.New(nil, []byte("new key"), []byte("old key"))
	value, err := during.Unsign(token)
	fmt.Println(value, err)

	after, _ := itsdangerous.New(nil, []byte("new key"))
	_, err = after.Unsign(token)
	fmt.Println(errors.Is(err, itsdangerous.ErrBadSignature))
	// Output:
	// value <nil>
	// true
}
