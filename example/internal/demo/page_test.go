package demo

import (
	"net/http"
	"strings"
	"testing"
)

// TestPage looks at the page in every state.
func TestPage(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := person(t, url)
		first := v.get("/")
		if first.status != 200 || first.header["Set-Cookie"] != nil {
			t.Errorf("a visitor's page: got %d, Set-Cookie %q", first.status, first.header["Set-Cookie"])
		}
		if s.inHeader {
			has(t, first.body, "<em>program</em>", "Authorization: Bearer", "127.0.0.1")
		} else {
			has(t, first.body, "<em>stranger</em>", "The session is empty, so nothing is stored", `action="/login"`)
		}

		v.post("/cart", "item", "Assam", "add", "2")
		v.post("/set", "key", "<b>", "value", `"</td><script>alert(1)</script>"`)
		v.post("/set", "key", "float", "value", `1.0`)
		v.post("/login", "user", "ada & eve")
		page := v.get("/").body
		has(t, page, "<em>ada &amp; eve</em>", `action="/logout"`, "Added one Assam to the cart.", "Welcome, ada &amp; eve.",
			"&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;", ">1.0<", ">float64<", `aria-label="Assam in the cart">2<`)
		if strings.Contains(page, "<script") {
			t.Error("the page runs what a visitor has stored")
		}
		if list := strings.Contains(page, "this one"); list == s.stateless {
			t.Errorf("the list of devices is there: %v", list)
		}
		for _, c := range v.cookies() {
			if !strings.Contains(page, "<code>"+c.Name+"</code>") {
				t.Error("the page does not describe the cookie")
			}
			if strings.Contains(page, c.Value) {
				t.Error("the page gives the token away")
			}
		}
		if again := v.get("/").body; strings.Contains(again, "Welcome, ada") {
			t.Error("a flash message is shown twice")
		}
	})
}

func has(t *testing.T, page string, wanted ...string) {
	t.Helper()
	for _, text := range wanted {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

func (v *visitor) cookies() []*http.Cookie {
	r, _ := http.NewRequest("GET", v.url, nil)
	return v.jar.Cookies(r.URL)
}

// TestPageTakesAnything stores by hand what the page shows in its own places.
func TestPageTakesAnything(t *testing.T) {
	everywhere(t, func(t *testing.T, s setup, url string) {
		v := person(t, url)
		for key, value := range map[string]string{"user": "[1]", "cart": `"x"`, "k": "null"} {
			v.post("/set", "key", key, "value", value)
		}
		if got := v.get("/"); got.status != 200 {
			t.Errorf("got %d", got.status)
		}
	})
}

// TestPageTellsWhatIsReadable shows what a signed cookie says to everybody.
func TestPageTellsWhatIsReadable(t *testing.T) {
	for codec, readable := range map[string]bool{"flask": true, "starlette": true, "jwt": true, "encrypted": false} {
		v := person(t, start(t, "-backend", "cookie", "-codec", codec))
		v.post("/set", "key", "k", "value", `"v"`)
		v.get("/") // takes the flash message
		page := v.get("/").body
		page = strings.ReplaceAll(page, "&#34;: &#34;", "&#34;:&#34;") // Starlette's way
		if got := strings.Contains(page, "{&#34;k&#34;:&#34;v&#34;}"); got != readable {
			t.Errorf("%s: shows the content: %v", codec, got)
		}
		has(t, page, codec+" codec", "running")
	}
}

// TestPageOfRefusedCookie sends a cookie that is not a session.
func TestPageOfRefusedCookie(t *testing.T) {
	v := person(t, start(t))
	r, _ := http.NewRequest("GET", v.url+"/", nil)
	r.Header.Set("Cookie", "session=nonsense")
	has(t, v.send(r).body, "no session belongs to it", "<em>stranger</em>")
}

func TestPageHeaders(t *testing.T) {
	v := person(t, start(t))
	for _, got := range []answer{v.get("/"), v.post("/set")} {
		for name, want := range map[string]string{
			"Content-Type":           "text/html; charset=utf-8",
			"Cache-Control":          "no-store",
			"X-Content-Type-Options": "nosniff",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: got %q, want %q", name, got.header.Get(name), want)
			}
		}
		if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("Content-Security-Policy: got %q", policy)
		}
	}
}
