package sessions_test

import (
	"fmt"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// theme was a text in earlier releases: the name.
type theme struct {
	Name string
	Dark bool
}

const (
	oldTheme sessions.Key[string] = "theme"
	newTheme sessions.Key[theme]  = "theme2" // another type, another name
)

// themeOf returns the theme that this release or an earlier one has stored.
func themeOf(s *sessions.Session) (theme, error) {
	t, found, err := newTheme.Lookup(s)
	if found || err != nil {
		return t, err
	}
	name, found, err := oldTheme.Lookup(s)
	if !found || err != nil {
		return theme{Name: "plain"}, err
	}
	return theme{Name: name, Dark: name == "night"}, nil
}

// setTheme stores t. During a deployment the earlier release reads the old value.
func setTheme(s *sessions.Session, t theme) error {
	if err := oldTheme.Set(s, t.Name); err != nil {
		return err
	}
	return newTheme.Set(s, t)
}

// A value's type changes between two releases. Sessions that the earlier one has
// stored go on, also while both are running.
func ExampleKey_Lookup() {
	mw, _ := sessions.New(memory.New(nil), nil)
	cookies := visit(mw, nil, func(r *http.Request, s *sessions.Session) error { return oldTheme.Set(s, "night") })
	for _, next := range []theme{{"day", false}, {}} {
		visit(mw, cookies, func(r *http.Request, s *sessions.Session) error {
			t, err := themeOf(s)
			if err != nil {
				return err
			}
			fmt.Printf("%+v\n", t)
			return setTheme(s, next)
		})
	}
	// Output:
	// {Name:night Dark:true}
	// {Name:day Dark:false}
}
