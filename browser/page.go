package browser

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// A Page is a tab. Its methods end the test if the browser does not do what they
// ask.
type Page struct {
	c       *chromium
	t       T
	profile string
	session string

	mu       sync.Mutex
	problems []string
}

// Open opens an empty tab for another person: with a profile of its own, and so
// with an empty cookie jar.
func Open(t T) *Page {
	t.Helper()
	c := start(t)
	p := &Page{c: c, t: t}
	var profile struct{ BrowserContextID string }
	p.browser("Target.createBrowserContext", nil, &profile)
	t.Cleanup(func() {
		_ = c.call("", "Target.disposeBrowserContext", args{"browserContextId": profile.BrowserContextID}, nil)
	})
	p.profile = profile.BrowserContextID
	p.attach()
	return p
}

// Tab opens another empty tab of the same person.
func (p *Page) Tab() *Page {
	p.t.Helper()
	tab := &Page{c: p.c, t: p.t, profile: p.profile}
	tab.attach()
	return tab
}

func (p *Page) attach() {
	p.t.Helper()
	var target struct{ TargetID string }
	p.browser("Target.createTarget", args{"url": "about:blank", "browserContextId": p.profile}, &target)
	var attached struct{ SessionID string }
	p.browser("Target.attachToTarget", args{"targetId": target.TargetID, "flatten": true}, &attached)
	p.session = attached.SessionID
	p.c.mu.Lock()
	p.c.pages[p.session] = p
	p.c.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.must(domain+".enable", nil, nil)
	}
}

// must gives a command to the page.
func (p *Page) must(method string, params, result any) {
	p.t.Helper()
	if err := p.c.call(p.session, method, params, result); err != nil {
		p.t.Fatalf("%v", err)
	}
}

// browser gives a command to the browser as a whole.
func (p *Page) browser(method string, params, result any) {
	p.t.Helper()
	if err := p.c.call("", method, params, result); err != nil {
		p.t.Fatalf("%v", err)
	}
}

// event notes what a developer would see in red.
func (p *Page) event(m message) {
	var problem string
	switch m.Method {
	case "Runtime.exceptionThrown":
		var e struct {
			ExceptionDetails struct {
				Text      string
				Exception struct{ Description string }
			}
		}
		if json.Unmarshal(m.Params, &e) == nil {
			problem = e.ExceptionDetails.Text + " " + e.ExceptionDetails.Exception.Description
		}
	case "Log.entryAdded":
		var e struct {
			Entry struct{ Level, Text, URL string }
		}
		if json.Unmarshal(m.Params, &e) == nil && e.Entry.Level == "error" {
			problem = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if problem != "" {
		p.mu.Lock()
		p.problems = append(p.problems, problem)
		p.mu.Unlock()
	}
}

// Problems returns the errors that the page has caused so far: exceptions of
// scripts, resources that did not load, what the browser refused.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Goto opens an address and waits until the page has loaded.
func (p *Page) Goto(url string) {
	p.t.Helper()
	p.navigate("opening "+url, func() {
		var result struct{ ErrorText string }
		p.must("Page.navigate", args{"url": url}, &result)
		if result.ErrorText != "" {
			p.t.Fatalf("browser: %s: %s", url, result.ErrorText)
		}
	})
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.navigate("reloading", func() { p.must("Page.reload", nil, nil) })
}

// Back goes back to the page before, as the button does.
func (p *Page) Back() {
	p.t.Helper()
	p.navigate("going back", func() { p.Eval("history.back()", nil) })
}

// Click clicks the first element that matches a selector, without waiting for
// what comes of it.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Eval(element(selector)+".click()", nil)
}

// Submit clicks, and waits until the page has loaded that follows.
func (p *Page) Submit(selector string) {
	p.t.Helper()
	p.navigate("clicking "+selector, func() { p.Click(selector) })
}

// Fill writes text into a form's field, in place of what is there.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	p.Eval(fmt.Sprintf("{ const e = %s; e.focus(); e.select?.(); }", element(selector)), nil)
	p.must("Input.insertText", args{"text": text}, nil)
}

// Text returns what an element shows.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	var text string
	p.Eval(element(selector)+".innerText", &text)
	return strings.TrimSpace(text)
}

// Has reports whether an element matches a selector.
func (p *Page) Has(selector string) bool {
	p.t.Helper()
	var found bool
	p.Eval(fmt.Sprintf("document.querySelector(%s) !== null", quote(selector)), &found)
	return found
}

// element is a script that finds an element or throws what is missing.
func element(selector string) string {
	return fmt.Sprintf("(document.querySelector(%[1]s) ?? (() => { throw Error('no element ' + %[1]s) })())", quote(selector))
}

func quote(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(data)
}

// Eval runs a script in the page, awaits its promise if it is one, and reads its
// value into result; nil: the value does not matter.
func (p *Page) Eval(script string, result any) {
	p.t.Helper()
	if err := p.eval(script, result); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

func (p *Page) eval(script string, result any) error {
	var answer struct {
		Result struct{ Value json.RawMessage }

		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	err := p.c.call(p.session, "Runtime.evaluate", args{
		"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	}, &answer)
	switch {
	case err != nil:
		return err
	case answer.ExceptionDetails != nil:
		return fmt.Errorf("%s %s", answer.ExceptionDetails.Text, answer.ExceptionDetails.Exception.Description)
	case result == nil || len(answer.Result.Value) == 0:
		return nil
	}
	return json.Unmarshal(answer.Result.Value, result)
}

// navigate does what leads to another page and waits until that has loaded. The
// old page is told apart by a mark on its window.
func (p *Page) navigate(what string, do func()) {
	p.t.Helper()
	p.Eval("window.leaving = true", nil)
	do()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		var there bool
		err := p.eval("!window.leaving && document.readyState === 'complete'", &there)
		if err == nil && there {
			return // an error: between the pages
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("browser: %s: no other page has loaded (%v)", what, err)
		}
	}
}

// Wait waits until a script returns true.
func (p *Page) Wait(script string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		var done bool
		if err := p.eval(script, &done); err == nil && done {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("browser: still not so: %s", script)
		}
	}
}

// Size makes the window as wide and high as given, in CSS pixels.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.must("Emulation.setDeviceMetricsOverride", args{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
	}, nil)
}

// ColorScheme makes the person prefer a scheme, light or dark.
func (p *Page) ColorScheme(scheme string) {
	p.t.Helper()
	p.must("Emulation.setEmulatedMedia", args{"features": []args{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Screenshot writes the whole page as a PNG file.
func (p *Page) Screenshot(path string) {
	p.t.Helper()
	var shot struct{ Data string }
	p.must("Page.captureScreenshot", args{"format": "png", "captureBeyondViewport": true}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// A Cookie is what the browser keeps.
type Cookie struct {
	Name, Value, Domain, Path string
	Expires                   float64 // unix seconds; negative: until the browser closes
	HTTPOnly                  bool    `json:"httpOnly"`
	Secure, Session           bool
	SameSite                  string
	Partitioned               bool `json:"-"`

	PartitionKey json.RawMessage `json:"partitionKey"`
}

// Cookies returns every cookie of this person's profile.
func (p *Page) Cookies() []Cookie {
	p.t.Helper()
	var jar struct{ Cookies []Cookie }
	p.browser("Storage.getCookies", args{"browserContextId": p.profile}, &jar)
	for i := range jar.Cookies {
		key := jar.Cookies[i].PartitionKey
		jar.Cookies[i].Partitioned = len(key) > 0 && string(key) != "null"
	}
	return jar.Cookies
}

// ClearCookies empties this person's jar.
func (p *Page) ClearCookies() {
	p.t.Helper()
	p.browser("Storage.clearCookies", args{"browserContextId": p.profile}, nil)
}

// Cookie returns the cookie of a name; nil if the browser has none.
func (p *Page) Cookie(name string) *Cookie {
	p.t.Helper()
	for _, c := range p.Cookies() {
		if c.Name == name {
			return &c
		}
	}
	return nil
}
