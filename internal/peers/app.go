package peers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/process"
)

// An App is a running Python web application. It may be killed, frozen and
// restarted; the address stays.
type App struct {
	*process.Process
	URL string // http://127.0.0.1:port, without a slash at the end
	t   T
}

// FlaskOptions configure a Flask application.
type FlaskOptions struct {
	Secret    string
	Fallbacks []string // older secrets, SECRET_KEY_FALLBACKS
	// Config goes to app.config, such as "SESSION_COOKIE_NAME". Numbers count
	// as seconds where Flask wants a duration.
	Config map[string]any
	Login  bool // Flask-Login watches over the application
	// Redis, if set, is the address of the server in which Flask-Session keeps
	// the sessions. What else it needs (SESSION_USE_SIGNER) goes into Config.
	Redis string
	// Records is how Flask-Session writes its records, "json" or "msgpack";
	// default: its own way, which before 0.8 is pickle.
	Records string

	// Python chooses an interpreter, one of [Pythons]; default: the preferred.
	Python string
}

// Flask starts a Flask application that answers [App.Do].
func Flask(t T, options FlaskOptions) *App {
	t.Helper()
	modules := []string{"flask"}
	if options.Login {
		modules = append(modules, "flask_login")
	}
	if options.Redis != "" {
		modules = append(modules, "flask_session", "redis", "msgpack")
	}
	if options.Python == "" {
		options.Python = need(t, modules...)
	}
	return start(t, options.Python, "flask_app.py", map[string]any{
		"secret": options.Secret, "fallbacks": options.Fallbacks, "config": options.Config,
		"login": options.Login, "redis": options.Redis, "records": options.Records,
	})
}

// StarletteOptions configure a Starlette application.
type StarletteOptions struct {
	Secret string
	// Config are further arguments of SessionMiddleware, such as "max_age".
	Config map[string]any

	// Python chooses an interpreter, one of [Pythons]; default: the preferred.
	Python string
}

// Starlette starts a Starlette application with SessionMiddleware that answers
// [App.Do], the operations for Flask alone excepted.
func Starlette(t T, options StarletteOptions) *App {
	t.Helper()
	if options.Python == "" {
		options.Python = need(t, "starlette", "itsdangerous", "uvicorn")
	}
	return start(t, options.Python, "starlette_app.py", map[string]any{"secret": options.Secret, "config": options.Config})
}

func start(t T, python, script string, options map[string]any) *App {
	t.Helper()
	argument, err := json.Marshal(options)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	// The application ends when its standard input does: with us.
	stdin, held, err := os.Pipe()
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	t.Cleanup(func() { stdin.Close(); held.Close() })

	port := process.Port(t)
	app := &App{URL: "http://" + process.Address(port), t: t}
	app.Process = process.Start(t, python, process.Options{
		Name:  script,
		Args:  []string{filepath.Join(unpack(t), script), strconv.Itoa(port), string(argument)},
		Env:   environment,
		Stdin: stdin,
		Ready: func() error {
			response, err := client.Get(app.URL + "/nothing")
			if err != nil {
				return err
			}
			return response.Body.Close()
		},
	})
	return app
}

// client has no cookies.
var client = &http.Client{Timeout: 10 * time.Second}

// An Answer is what a request to an application brought.
type Answer struct {
	Status  int
	Header  http.Header
	Results []neutral.Form // one for each operation; null where it has none
}

// ErrMissing is the result of [Get] for a key that is not there.
var ErrMissing = errors.New("peers: the session has no such key")

// Value returns the Go value of a result, nil for an operation without one.
func (a *Answer) Value(i int) (any, error) {
	if i >= len(a.Results) {
		return nil, fmt.Errorf("peers: no result %d, the status is %d", i, a.Status)
	}
	var result *struct{ T string }
	switch err := json.Unmarshal(a.Results[i], &result); {
	case err != nil:
		return nil, err
	case result == nil:
		return nil, nil
	case result.T == "missing":
		return nil, ErrMissing
	}
	return a.Results[i].Go()
}

// Do has the application carry out operations in one request, made by the
// given client; give it a jar for the cookies. A client that follows no
// redirects is advisable.
func (a *App) Do(browser *http.Client, ops ...Op) (*Answer, error) {
	body, err := json.Marshal(ops)
	if err != nil {
		return nil, err
	}
	response, err := browser.Post(a.URL+"/do", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return read(response)
}

// MustDo is Do for requests that have to succeed with status 200.
func (a *App) MustDo(browser *http.Client, ops ...Op) *Answer {
	a.t.Helper()
	answer, err := a.Do(browser, ops...)
	if err != nil {
		a.t.Fatalf("peers: %v", err)
	}
	if answer.Status != http.StatusOK {
		a.t.Fatalf("peers: the application answered with status %d", answer.Status)
	}
	return answer
}

// Send is Do with a request that carries exactly this Cookie header; none if
// it is empty.
func (a *App) Send(cookie string, ops ...Op) (*Answer, error) {
	body, err := json.Marshal(ops)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, a.URL+"/do", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	return read(response)
}

func read(response *http.Response) (*Answer, error) {
	defer response.Body.Close()
	answer := &Answer{Status: response.StatusCode, Header: response.Header}
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return answer, err
	}
	return answer, json.Unmarshal(data, answer)
}

// SetClock stops the application's clock, as far as it signs and checks cookies
// with it, at a time in unix seconds.
func (a *App) SetClock(unix int64) {
	a.t.Helper()
	a.clock(unix)
}

// ResetClock gives the application the real time back.
func (a *App) ResetClock() {
	a.t.Helper()
	a.clock(nil)
}

func (a *App) clock(now any) {
	a.t.Helper()
	answer, err := a.Send("", Op{"clock", now})
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("status %d", answer.Status)
	}
	if err != nil {
		a.t.Fatalf("peers: %v", err)
	}
}

// Versions returns the versions of the libraries that the application runs on.
func (a *App) Versions() map[string]string {
	a.t.Helper()
	response, err := client.Get(a.URL + "/versions")
	if err != nil {
		a.t.Fatalf("peers: %v", err)
	}
	defer response.Body.Close()
	var versions map[string]string
	if err := json.NewDecoder(response.Body).Decode(&versions); err != nil {
		a.t.Fatalf("peers: %v", err)
	}
	return versions
}
