package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/browser"
	"github.com/gosessions/sessions/internal/peers"
)

// TestDefaultCookie: the default cookie, as a browser keeps it.
func TestDefaultCookie(t *testing.T) {
	t.Parallel()
	a := newApp(t, inMemory(), sessions.Config{})
	page := browser.Open(t)
	if got := user(t, page, a.url); got != "nobody" || len(page.Cookies()) != 0 {
		t.Errorf("a first look: got %s and the cookies %v, want nobody and none", got, page.Cookies())
	}
	page.Goto(a.url + "/login?user=ada")
	c := page.Cookie("__Host-session")
	if c == nil {
		t.Fatalf("the browser did not take the cookie; it has %v and says %q", page.Cookies(), page.Problems())
	}
	days := time.Until(time.Unix(int64(c.Expires), 0)).Hours() / 24
	if !c.Secure || !c.HTTPOnly || c.SameSite != "Lax" || c.Path != "/" || days < 13.9 || days > 14.1 {
		t.Errorf("got %+v, which lives %.1f days", c, days)
	}
	if got := user(t, page, a.url); got != "ada" {
		t.Errorf("got %s, want ada", got)
	}

	// Scripts can neither see nor replace it.
	var seen string
	page.Eval(`document.cookie = "__Host-session=evil; Secure; Path=/"; document.cookie`, &seen)
	if seen != "" {
		t.Errorf("a script sees the cookies %q", seen)
	}
	if got := user(t, page, a.url); got != "ada" {
		t.Errorf("after a script's attempt: got %s, want ada", got)
	}

	page.Goto(a.url + "/logout")
	if c := page.Cookie("__Host-session"); c != nil {
		t.Errorf("logout left %+v", c)
	}
	if problems := page.Problems(); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}

// TestCK4_DeletionHitsTheSameCookie: every cookie that we send is deleted
// again, whatever its attributes.
func TestCK4_DeletionHitsTheSameCookie(t *testing.T) {
	t.Parallel()
	page := browser.Open(t)
	for name, transport := range map[string]sessions.Cookie{
		"default":     {},
		"path":        {Path: "/app"},
		"insecure":    {Insecure: true},
		"strict":      {SameSite: http.SameSiteStrictMode},
		"none":        {SameSite: http.SameSiteNoneMode},
		"partitioned": {SameSite: http.SameSiteNoneMode, Partitioned: true},
		"readable":    {ScriptReadable: true},
	} {
		for kind, backend := range map[string]func() sessions.Backend{"memory": inMemory, "cookie": encrypted} {
			a := newApp(t, backend(), sessions.Config{Transport: transport})
			base := a.url + transport.Path
			page.Goto(base + "/login?user=ada")
			if n := len(page.Cookies()); n != 1 {
				t.Errorf("%s, %s: %d cookies after login, want 1; the browser says %q", name, kind, n, page.Problems())
			}
			page.Goto(base + "/logout")
			if left := page.Cookies(); len(left) != 0 {
				t.Errorf("%s, %s: logout left %+v", name, kind, left)
			}
			page.ClearCookies()
		}
	}
}

// TestBrowserSessionEndsWithTheBrowser: "Remember me", and not.
func TestBrowserSessionEndsWithTheBrowser(t *testing.T) {
	t.Parallel()
	a := newApp(t, inMemory(), sessions.Config{BrowserSession: true})
	page := browser.Open(t)
	page.Goto(a.url + "/login?user=ada")
	if c := page.Cookie("__Host-session"); c == nil || !c.Session {
		t.Errorf("got %+v, want a cookie that ends with the browser", c)
	}
	b := newApp(t, inMemory(), sessions.Config{Lifetime: 400 * 24 * time.Hour})
	other := page.Tab()
	other.Goto(b.url + "/login?user=ada")
	c := page.Cookie("__Host-session") // cookies do not know ports
	if c == nil || c.Session || time.Until(time.Unix(int64(c.Expires), 0)) < 399*24*time.Hour {
		t.Errorf("got %+v, want a cookie for 400 days", c)
	}
	other.Goto(b.url + "/forget")
	if c := page.Cookie("__Host-session"); c == nil || !c.Session {
		t.Errorf("got %+v, want a cookie that ends with the browser", c)
	}
}

// TestSizeLimitIsTheBrowsers: what fits into our limit fits into the browser's,
// to the byte; what does not fit is an error, and the browser keeps what it
// had.
func TestSizeLimitIsTheBrowsers(t *testing.T) {
	t.Parallel()
	page := browser.Open(t)
	raw := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size, err := strconv.Atoi(r.FormValue("size"))
		if err != nil {
			return // the icon
		}
		w.Header().Set("Set-Cookie", "name="+strings.Repeat("x", size-len("name")))
	}))
	for size, want := range map[int]bool{4096: true, 4097: false} {
		page.ClearCookies()
		page.Goto(fmt.Sprintf("%s/?size=%d", raw, size))
		if got := page.Cookie("name") != nil; got != want {
			t.Errorf("a cookie of %d bytes is kept: %t, want %t", size, got, want)
		}
	}

	page.ClearCookies()
	a := newApp(t, encrypted(), sessions.Config{})
	page.Goto(a.url + "/login?user=ada")
	largest, length := 0, 0
	for n := 2850; n < 3100; n++ {
		var status int
		page.Eval(fmt.Sprintf("fetch('/set?k=big&v=x&n=%d').then(r => r.status)", n), &status)
		if status != http.StatusOK {
			if status != http.StatusInternalServerError {
				t.Errorf("too large: got status %d, want 500", status)
			}
			break
		}
		largest = n
		c := page.Cookie("__Host-session")
		if c == nil {
			t.Fatalf("%d bytes: the browser dropped the cookie", n)
		}
		length = len(c.Name) + len(c.Value)
	}
	if length < 4093 || length > 4096 {
		t.Errorf("the largest value has %d bytes and makes a cookie of %d, want 4093 to 4096", largest, length)
	}
	if got := user(t, page, a.url); got != "ada" {
		t.Errorf("after the failure: got %s, want ada", got)
	}
}

// TestSameSite: another site's form does not act for the user, another site's
// link does show the user's page.
func TestSameSite(t *testing.T) {
	t.Parallel()
	a := newApp(t, inMemory(), sessions.Config{})
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><link rel=icon href="data:,"><form method=post action="%[1]s/"><button>win</button></form><a href="%[1]s/">look</a>`, a.url)
	})) // 127.0.0.1 is another site than localhost
	t.Cleanup(evil.Close)
	page := browser.Open(t)
	page.Goto(a.url + "/login?user=ada")
	page.Goto(evil.URL)
	page.Submit("button")
	if got := page.Text("h1"); got != "nobody" {
		t.Errorf("a form of another site: acts for %s, want nobody", got)
	}
	if got := user(t, page, a.url); got != "ada" {
		t.Errorf("afterwards: got %s, want ada", got)
	}
	page.Goto(evil.URL)
	page.Submit("a")
	if got := page.Text("h1"); got != "ada" {
		t.Errorf("a link from another site: got %s, want ada", got)
	}
}

// TestPartitionedCookie: a partitioned cookie of an embedded page is not the
// one of the page itself.
func TestPartitionedCookie(t *testing.T) {
	t.Parallel()
	a := newApp(t, inMemory(), sessions.Config{Transport: sessions.Cookie{SameSite: http.SameSiteNoneMode, Partitioned: true}})
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><link rel=icon href="data:,"><iframe src="%s/login?user=framed"></iframe>`, a.url)
	}))
	t.Cleanup(outer.Close)
	page := browser.Open(t)
	page.Goto(outer.URL)
	c := page.Cookie("__Host-session")
	if c == nil || !c.Partitioned {
		t.Fatalf("got %+v, want a partitioned cookie; the browser says %q", c, page.Problems())
	}
	if got := user(t, page, a.url); got != "nobody" {
		t.Errorf("the page itself: got %s, want nobody", got)
	}
}

// TestCK3_TossedCookie: a script of the same host cannot shadow the session,
// except where the prefix is given up; then two sessions are none.
func TestCK3_TossedCookie(t *testing.T) {
	t.Parallel()
	a := newApp(t, inMemory(), sessions.Config{})
	page := browser.Open(t)
	page.Goto(a.url + "/login?user=ada")
	page.Eval(`document.cookie = "__Host-session=evil; Secure; Path=/sub"; document.cookie = "__host-session=evil; Path=/sub"`, nil)
	if got := user(t, page, a.url+"/sub/page"); got != "ada" || len(page.Cookies()) != 1 {
		t.Errorf("got %s with %v, want ada with one cookie", got, page.Cookies())
	}

	weak := newApp(t, inMemory(), sessions.Config{Transport: sessions.Cookie{Insecure: true}})
	attacker := browser.Open(t)
	attacker.Goto(weak.url + "/login?user=mallory")
	token := attacker.Cookie("session").Value

	victim := browser.Open(t)
	victim.Goto(weak.url + "/login?user=ada")
	victim.Eval(`document.cookie = "session=junk; Path=/sub"`, nil)
	if got := user(t, victim, weak.url+"/sub/page"); got != "ada" {
		t.Errorf("beside junk: got %s, want ada", got)
	}
	victim.Eval(`document.cookie = "session=`+token+`; Path=/sub"`, nil)
	if got := user(t, victim, weak.url+"/sub/page"); got != "nobody" {
		t.Errorf("with two sessions: got %s, want nobody", got)
	}
	if !weak.saw(sessions.EventAmbiguous) {
		t.Error("the tossing was not reported")
	}
	if got := user(t, victim, weak.url); got != "ada" {
		t.Errorf("elsewhere: got %s, want ada", got)
	}
}

// TestC6_ParallelRequests: twenty requests at once over a login and over a
// logout.
func TestC6_ParallelRequests(t *testing.T) {
	t.Parallel()
	a := newApp(t, inMemory(), sessions.Config{})
	page := browser.Open(t)
	page.Goto(a.url + "/set?k=cart&v=full")
	const storm = `(async () => {
		const all = [];
		for (let i = 0; i < 10; i++) all.push(fetch("/slow?i=a" + i));
		all.push(fetch(%q));
		for (let i = 0; i < 9; i++) all.push(fetch("/slow?i=b" + i));
		await Promise.allSettled(all);
	})()`
	page.Eval(fmt.Sprintf(storm, "/login?user=ada"), nil)
	if got := user(t, page, a.url); got != "ada" {
		t.Errorf("after a login amid requests: got %s, want ada", got)
	}
	page.Eval(fmt.Sprintf(storm, "/logout"), nil)
	if got := user(t, page, a.url); got != "nobody" {
		t.Errorf("after a logout amid requests: got %s, want nobody", got)
	}
}

// TestFlaskBesideOurs: a browser moves between a Flask application and ours,
// with one session.
func TestFlaskBesideOurs(t *testing.T) {
	t.Parallel()
	flask := peers.Flask(t, peers.FlaskOptions{Secret: "dev", Login: true})
	a := newApp(t, cookie.New(cookie.Flask("dev")), sessions.Config{})
	flaskURL := strings.Replace(flask.URL, "127.0.0.1", "localhost", 1)

	page := browser.Open(t)
	ask := func(op string) (results string) {
		t.Helper()
		page.Goto(flaskURL + "/nothing")
		page.Eval(fmt.Sprintf(`fetch("/do", {method: "POST", body: %q}).then(r => r.text())`, op), &results)
		return results
	}
	page.Goto(a.url + "/set?k=user&v=ada")
	if got := ask(`[["get", "user"]]`); !strings.Contains(got, `"ada"`) {
		t.Errorf("Flask reads %s, want ada", got)
	}
	ask(`[["set", "user", {"t": "str", "v": "grace"}], ["set", "t", {"t": "tuple", "v": []}]]`)
	if got := user(t, page, a.url); got != "grace" {
		t.Errorf("we read %s, want grace", got)
	}
	page.Goto(a.url + "/set?k=other&v=x")
	if got := ask(`[["get", "t"]]`); !strings.Contains(got, "tuple") {
		t.Errorf("Flask reads %s, want its tuple", got)
	}
	if n := len(page.Cookies()); n != 1 {
		t.Errorf("%d cookies, want one that both share: %v", n, page.Cookies())
	}
	page.Goto(a.url + "/logout")
	if got := ask(`[["all"]]`); !strings.Contains(got, `"v":[]`) {
		t.Errorf("after our logout Flask reads %s, want nothing", got)
	}
}
