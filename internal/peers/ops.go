package peers

import (
	"encoding/json"

	"github.com/gosessions/sessions/internal/neutral"
)

// An Op is something that an application does to its session. Functions make
// them; what has a result says so.
type Op []any

// MarshalJSON writes the operation's name and arguments. A value without a
// neutral form is an error.
func (o Op) MarshalJSON() ([]byte, error) {
	out := make([]any, len(o))
	for i, arg := range o {
		v, ok := arg.(value)
		if !ok {
			out[i] = arg
			continue
		}
		form, err := v.form()
		if err != nil {
			return nil, err
		}
		out[i] = form
	}
	return json.Marshal(out)
}

// value is an argument that travels in neutral form.
type value struct{ v any }

func (v value) form() (neutral.Form, error) {
	if form, ok := v.v.(neutral.Form); ok {
		return form, nil
	}
	return neutral.Of(v.v)
}

// Set stores a value, a Go value or a [neutral.Form], under a key.
func Set(key string, v any) Op { return Op{"set", key, value{v}} }

// SetNested changes one item of a dict that is stored under a key, as in
// session["cart"]["apples"] = 1.
func SetNested(key, inner string, v any) Op { return Op{"nested", key, inner, value{v}} }

// Get returns the value under a key; [Answer.Value] says [ErrMissing] if there is
// none.
func Get(key string) Op { return Op{"get", key} }

// Has returns whether a key is there.
func Has(key string) Op { return Op{"has", key} }

// Delete removes a key and returns whether it was there.
func Delete(key string) Op { return Op{"delete", key} }

// Clear empties the session.
func Clear() Op { return Op{"clear"} }

// All returns the whole session as a dict.
func All() Op { return Op{"all"} }

// Fail raises an exception that is not caught.
func Fail() Op { return Op{"fail"} }

// SetPermanent sets Flask's session.permanent.
func SetPermanent(yes bool) Op { return Op{"permanent", yes} }

// IsPermanent returns Flask's session.permanent.
func IsPermanent() Op { return Op{"is_permanent"} }

// Modified sets Flask's session.modified.
func Modified() Op { return Op{"modified"} }

// Flash leaves a message, text or markup, for the next page in Flask.
func Flash(category string, message any) Op { return Op{"flash", value{message}, category} }

// Flashes returns and forgets Flask's flashed messages: a list of tuples of
// category and message.
func Flashes() Op { return Op{"flashes"} }

// Login logs a user in with Flask-Login.
func Login(id string) Op { return Op{"login", id} }

// Logout logs the user out with Flask-Login.
func Logout() Op { return Op{"logout"} }

// User returns the ID of Flask-Login's current user, null if there is none.
func User() Op { return Op{"user"} }
