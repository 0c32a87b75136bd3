package demo

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const done = `{"ok":true}`

// TestValues does to values all that the routes can do.
func TestValues(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := program(t, url)
		v.get("/get?key=a").want(t, 200, `{"value":null}`)
		if got := v.values(); got != `{}` {
			t.Errorf("a new session holds %s", got)
		}
		v.post("/set", "key", "a", "value", `"x"`).want(t, 200, done)
		v.post("/set", "key", "b", "value", `[1]`).want(t, 200, done)
		v.get("/get?key=a").want(t, 200, `{"value":"x"}`)
		if got, want := v.values(), `{"a":"x","b":[1]}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		v.post("/delete", "key", "a").want(t, 200, done)
		v.post("/delete", "key", "a").want(t, 200, done)
		v.get("/get?key=a").want(t, 200, `{"value":null}`)
		v.post("/slow", "key", "c", "value", "2", "ms", "1").want(t, 200, done)
		v.get("/get?key=c").want(t, 200, `{"value":2}`)
		v.post("/incr", "key", "c").want(t, 200, `{"value":3}`)
		v.post("/incr", "key", "d").want(t, 200, `{"value":1}`)
		v.post("/cart", "item", "Sencha", "add", "2").want(t, 200, `{"cart":{"Sencha":2}}`)
		v.post("/cart", "item", "Sencha", "add", "-5").want(t, 200, `{"cart":{}}`)

		v.get("/get-session").want(t, 200, `{"message":null}`)
		v.get("/set-session").want(t, 200, done)
		v.get("/get-session").want(t, 200, `{"message":"go"}`)
		v.get("/get?key=application").want(t, 200, `{"value":"go"}`)
		v.get("/delete-session").want(t, 200, done)
		v.get("/get-session").want(t, 200, `{"message":null}`)

		v.post("/logout").want(t, 200, done)
		v.get("/get?key=b").want(t, 200, `{"value":null}`)
	})
}

// TestFidelity stores JSON and wants the same JSON back.
func TestFidelity(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := program(t, url)
		for _, value := range []string{
			`null`, `true`, `false`, `0`, `-1`, `1.0`, `-0.0`, `0.1`, `1e+16`, `1e-05`, `123456789.5`,
			`9223372036854775807`, `-9223372036854775808`,
			`""`, `"x"`, `"Zoë 😀 </script> & \u0001 \\ \""`, `[]`, `{}`, `[[],{"a":[1,1.0,null]}]`,
			`{" t":[1]}`, `{" b":"AP8="}`, `{" di":{" t__":1}}`, `{"_flashes":1}`, `{"":""}`,
		} {
			v.post("/set", "key", "v", "value", value).want(t, 200, done)
			v.get("/get?key=v").want(t, 200, `{"value":`+value+`}`)
		}
		const value = `123456789012345678901234567890`
		if s.smallInts {
			if got := v.post("/set", "key", "v", "value", value); got.status != 400 || !strings.Contains(got.body, "cannot be stored") {
				t.Errorf("an integer that MsgPack has no room for: got %d %s", got.status, got.body)
			}
		} else {
			v.post("/set", "key", "v", "value", value).want(t, 200, done)
			v.get("/get?key=v").want(t, 200, `{"value":`+value+`}`)
			v.post("/incr", "key", "v").want(t, 200, `{"value":123456789012345678901234567891}`)
			v.post("/set", "key", "v", "value", "9223372036854775807").want(t, 200, done)
			v.post("/incr", "key", "v").want(t, 200, `{"value":9223372036854775808}`)
		}
		v.post("/set", "key", "v", "value", " [ 10e-1 , 1.50,\n1E2, -0 ] ").want(t, 200, done)
		v.get("/get?key=v").want(t, 200, `{"value":[1.0,1.5,100.0,0]}`)
		v.post("/set", "key", "v", "value", "0.5").want(t, 200, done)
		v.post("/incr", "key", "v").want(t, 200, `{"value":1.5}`)
		// A session whose only key is one of Flask's tags.
		v.post("/delete", "key", "v").want(t, 200, done)
		v.post("/set", "key", " t", "value", "[1]").want(t, 200, done)
		if got, want := v.values(), `{" t":[1]}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestSession(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := program(t, url)
		type session struct {
			ID     string
			New    bool
			Values map[string]any
		}
		var before, after, again session
		first := v.get("/session")
		first.decode(t, &before)
		if !before.New || before.Values == nil || len(before.Values) != 0 || (before.ID == "") != s.stateless {
			t.Errorf("a visitor's session: %s", first.body)
		}
		for _, name := range []string{"Set-Cookie", "Authorization"} {
			if lines := first.header[name]; lines != nil {
				t.Errorf("a visitor who stored nothing got %s: %s", name, lines)
			}
		}
		v.post("/set", "key", "a", "value", "1")
		v.get("/session").decode(t, &after)
		v.get("/session").decode(t, &again)
		if after.New || after.ID != again.ID || (after.ID == "") != s.stateless {
			t.Errorf("a stored session: %+v, then %+v", after, again)
		}
		if !s.stateless && !regexp.MustCompile(`^[A-Za-z0-9_-]{16,}$`).MatchString(after.ID) {
			t.Errorf("the handle %q is not plain text", after.ID)
		}
	})
}

// TestSessionConsumesNothing leaves flash messages to the page.
func TestSessionConsumesNothing(t *testing.T) {
	v := person(t, start(t))
	v.post("/login", "user", "ada")
	const want = `{"_flashes":[["success","Welcome, ada."]],"user":"ada"}`
	for range 2 {
		if got := v.values(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if page := v.get("/").body; !strings.Contains(page, "Welcome, ada.") {
		t.Error("the page does not show the message")
	}
	if page := v.get("/").body; strings.Contains(page, "Welcome, ada.") {
		t.Error("the page shows the message again")
	}
	if got, want := v.values(), `{"user":"ada"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBadFields(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := program(t, url)
		v.post("/set", "key", "text", "value", `"x"`)
		v.post("/login", "user", "ada")
		for _, c := range []struct {
			path  string
			pairs []string
		}{
			{"/set", nil},
			{"/set", []string{"key", "k"}},
			{"/set", []string{"value", "1"}},
			{"/set", []string{"key", "", "value", "1"}},
			{"/set", []string{"key", "k\xff", "value", "1"}},
			{"/set", []string{"key", "k", "value", ""}},
			{"/set", []string{"key", "k", "value", "x"}},
			{"/set", []string{"key", "k", "value", "1 2"}},
			{"/set", []string{"key", "k", "value", "01"}},
			{"/set", []string{"key", "k", "value", "NaN"}},
			{"/set", []string{"key", "k", "value", "1e999"}},
			{"/set", []string{"key", "k", "value", strings.Repeat("[", 9000) + strings.Repeat("]", 9000)}},
			{"/delete", nil},
			{"/incr", nil},
			{"/incr", []string{"key", "text"}},
			{"/slow", []string{"key", "k", "value", "1"}},
			{"/slow", []string{"key", "k", "value", "1", "ms", "x"}},
			{"/slow", []string{"key", "k", "value", "1", "ms", "-1"}},
			{"/slow", []string{"key", "k", "value", "1", "ms", "99999999"}},
			{"/login", nil},
			{"/login", []string{"user", ""}},
			{"/login", []string{"user", strings.Repeat("x", 256)}},
			{"/revoke", nil},
			{"/revoke", []string{"which", "some"}},
			{"/cart", nil},
			{"/cart", []string{"item", "Coffee", "add", "1"}},
			{"/cart", []string{"item", "Assam"}},
			{"/cart", []string{"item", "Assam", "add", "100"}},
		} {
			if s.stateless && c.path == "/revoke" && c.pairs != nil {
				continue // cannot be done at all
			}
			got := v.post(c.path, c.pairs...)
			var problem struct{ Error string }
			got.decode(t, &problem)
			if got.status != http.StatusBadRequest || problem.Error == "" {
				t.Errorf("%s %.60q: got %d %s", c.path, c.pairs, got.status, got.body)
			}
		}
		if got := v.get("/get"); got.status != http.StatusBadRequest {
			t.Errorf("/get without key: got %d %s", got.status, got.body)
		}
		if got, want := v.values(), `{"text":"x","user":"ada"}`; got != want {
			t.Errorf("after all these the session holds %s, want %s", got, want)
		}
	})
}

// TestReservedClaims stores what PyJWT would take for a claim, and refuse.
func TestReservedClaims(t *testing.T) {
	v := program(t, start(t, "-backend", "cookie", "-codec", "jwt"))
	for _, c := range []struct {
		key, value string
		want       int
	}{
		{"aud", `"x"`, 400},
		{"sub", `5`, 400},
		{"sub", `"x"`, 200},
		{"exp", `"never"`, 400},
		{"exp", `9999999999`, 200},
	} {
		if got := v.post("/set", "key", c.key, "value", c.value); got.status != c.want || got.status != 200 && got.header["Set-Cookie"] != nil {
			t.Errorf("%s: %s: got %d %s", c.key, c.value, got.status, got.body)
		}
	}
	if got, want := v.values(), `{"exp":9999999999,"sub":"x"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestTooLarge fills a cookie until it does not fit.
func TestTooLarge(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := program(t, url)
		var noise strings.Builder // that no compression can shrink
		for x := uint32(1); noise.Len() < 8000; x = x*1664525 + 1013904223 {
			noise.WriteByte('!' + byte(x>>16%90))
		}
		value := strings.NewReplacer(`"`, "-", `\`, "-").Replace(noise.String())
		got := v.post("/set", "key", "k", "value", `"`+value+`"`)
		if fits := !s.stateless || s.inHeader; fits != (got.status == 200) {
			t.Errorf("got %d %.100s", got.status, got.body)
		}
		if got.status != 200 && (got.status != 500 || !strings.HasPrefix(got.body, `{"error":"`) || got.header["Set-Cookie"] != nil) {
			t.Errorf("got %d %s %v", got.status, got.body, got.header["Set-Cookie"])
		}
	})
}

// TestTooLargeForAnything has more than a session may hold, and more than anybody
// listens to.
func TestTooLargeForAnything(t *testing.T) {
	v := program(t, start(t))
	if got := v.post("/set", "key", "k", "value", `"`+strings.Repeat("x", 1<<20)+`"`); got.status != 500 || !strings.Contains(got.body, "too large") {
		t.Errorf("a record of more than 1 MiB: got %d %s", got.status, got.body)
	}
	v.post("/set", "key", "k", "value", `"`+strings.Repeat("x", 5<<20)+`"`).want(t, 413, `{"error":"the form is too large"}`)
	v.do("POST", "/set", nil).want(t, 400, `{"error":"the field \"key\" is missing"}`)
}

// TestPeopleAreLedBack sends the forms as the page does.
func TestPeopleAreLedBack(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := person(t, url)
		for _, c := range []struct {
			path  string
			pairs []string
		}{
			{"/set", []string{"key", "k", "value", "1"}},
			{"/delete", []string{"key", "k"}},
			{"/incr", []string{"key", "k"}},
			{"/slow", []string{"key", "k", "value", "1", "ms", "0"}},
			{"/cart", []string{"item", "Assam", "add", "1"}},
			{"/login", []string{"user", "ada"}},
			{"/logout", nil},
		} {
			got := v.post(c.path, c.pairs...)
			if got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
				t.Errorf("%s: got %d to %q", c.path, got.status, got.header.Get("Location"))
			}
		}
		got := v.post("/set", "key", "k", "value", "oops")
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, "must be JSON") || !strings.Contains(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("a person is told: %d %.100s", got.status, got.body)
		}
		if typed := strings.Contains(got.body, `value="oops"`) && strings.Contains(got.body, `value="k"`) && strings.Contains(got.body, "The cart"); typed == s.inHeader {
			t.Errorf("what was typed is lost: %.100s", got.body)
		}
		// Routes that only programs use answer in JSON, whatever the client
		// accepts.
		if got := v.get("/session"); got.status != 200 || !strings.HasPrefix(got.body, `{"id":`) {
			t.Errorf("/session: got %d %.100s", got.status, got.body)
		}
		if got := v.get("/devices"); got.status != http.StatusUnauthorized || !strings.HasPrefix(got.body, `{"error":`) {
			t.Errorf("/devices: got %d %.100s", got.status, got.body)
		}
	})
}

func TestAccept(t *testing.T) {
	url := start(t)
	for accept, want := range map[string]int{
		"application/json":                  200,
		"APPLICATION/JSON":                  200,
		"application/json; q=0.5":           200,
		"application/json, text/plain, */*": 200,
		"text/html;q=0.5, application/json": 200,
		"text/html, application/json":       200,
		"text/html, application/json;q=0.9": 303,
		"application/json;q=0":              303,
		"text/html":                         303,
		"*/*":                               303,
		"":                                  303,
		"text/html,application/xhtml+xml,*/*;q=0.8":  303,
		"application/xml;q=;, ,application/json;q=x": 200,
	} {
		v := person(t, url)
		v.accept = accept
		if got := v.post("/set", "key", "k", "value", "1"); got.status != want {
			t.Errorf("Accept: %s: got %d, want %d", accept, got.status, want)
		}
	}
}

func TestCrossSite(t *testing.T) {
	v := program(t, start(t))
	for name, want := range map[string]int{"same-origin": 200, "none": 200, "same-site": 403, "cross-site": 403} {
		r, _ := http.NewRequest("POST", v.url+"/set", strings.NewReader("key=k&value=1"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", v.accept)
		r.Header.Set("Sec-Fetch-Site", name)
		if got := v.send(r); got.status != want || want == 403 && !strings.HasPrefix(got.body, `{"error":`) {
			t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, want)
		}
	}
}

func TestFormsOfBothKinds(t *testing.T) {
	v := program(t, start(t))
	r, _ := http.NewRequest("POST", v.url+"/set", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--x\r\nContent-Disposition: form-data; name=\"value\"\r\n\r\n1\r\n--x--\r\n"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	r.Header.Set("Accept", v.accept)
	v.send(r).want(t, 200, done)
	r, _ = http.NewRequest("POST", v.url+"/set", strings.NewReader("--x\r\nContent-Disposi"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	r.Header.Set("Accept", v.accept)
	v.send(r).want(t, 400, `{"error":"the form is not valid"}`)
	r, _ = http.NewRequest("POST", v.url+"/set", strings.NewReader("key=%zz&value=1"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", v.accept)
	v.send(r).want(t, 400, `{"error":"the form is not valid"}`)
	v.post("/set?key=k&value=1").want(t, 400, `{"error":"the field \"key\" is missing"}`)
}

// TestUntouched asks what needs no session.
func TestUntouched(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := program(t, url)
		v.post("/login", "user", "ada")
		for _, path := range []string{"/healthz", "/style.css"} {
			got := v.get(path)
			if got.status != 200 || got.header["Vary"] != nil || got.header["Set-Cookie"] != nil || got.header["Authorization"] != nil {
				t.Errorf("%s: got %d %v", path, got.status, got.header)
			}
		}
		v.get("/healthz").want(t, 200, done)
		if got := v.get("/nowhere"); got.status != 404 {
			t.Errorf("/nowhere: got %d", got.status)
		}
		if got := v.get("/set"); got.status != 405 {
			t.Errorf("GET /set: got %d", got.status)
		}
	})
}

// TestHeaderTransport looks at the headers themselves.
func TestHeaderTransport(t *testing.T) {
	v := program(t, start(t, "-transport", "header"))
	got := v.post("/login", "user", "ada")
	token := got.header.Get("Authorization")
	if !regexp.MustCompile(`^Bearer [A-Za-z0-9_-]{43}$`).MatchString(token) || got.header["Set-Cookie"] != nil {
		t.Errorf("login: got Authorization %q, Set-Cookie %q", token, got.header["Set-Cookie"])
	}
	if got := v.get("/session").header["Authorization"]; got != nil {
		t.Errorf("a read: got Authorization %q", got)
	}
	if got := v.post("/logout").header["Authorization"]; len(got) != 1 || got[0] != "Bearer" {
		t.Errorf("logout: got Authorization %q, want \"Bearer\"", got)
	}
}

func TestCookieAttributes(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, `^session=[\w-]{43}; Expires=.{29}; Max-Age=1209600; Path=/; HttpOnly; SameSite=Lax$`},
		{[]string{"-insecure=false"}, `^__Host-session=[\w-]{43}; Expires=.{29}; Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=Lax$`},
		{[]string{"-lifetime", "1h"}, `^session=[\w-]{43}; Expires=.{29}; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax$`},
		{[]string{"-cookie-name", "tea"}, `^tea=[\w-]{43}; `},
		{[]string{"-backend", "cookie"}, `^session=[\w-]+\.[\w-]{6}\.[\w-]{27}; Path=/; HttpOnly; SameSite=Lax$`},
	} {
		got := program(t, start(t, c.args...)).post("/set", "key", "k", "value", "1").header["Set-Cookie"]
		if len(got) != 1 || !regexp.MustCompile(c.want).MatchString(got[0]) {
			t.Errorf("%v: got %q, want %s", c.args, got, c.want)
		}
	}
}

// TestAutoload asks for what uses no session, behind the middleware.
func TestAutoload(t *testing.T) {
	for _, autoload := range []string{"true", "false"} {
		got := program(t, start(t, "-autoload="+autoload)).get("/nowhere").header.Get("Vary")
		if want := map[string]string{"true": "Cookie", "false": ""}[autoload]; got != want {
			t.Errorf("-autoload=%s: got Vary %q, want %q", autoload, got, want)
		}
	}
}
