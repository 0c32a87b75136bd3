package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDashboard: every metric that the dashboard shows, and that the queries in the
// documentation use, is one that the example exports.
func TestDashboard(t *testing.T) {
	h, err := handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	get := func(path string) string {
		response, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %d, %v", path, response.StatusCode, err)
		}
		return string(text)
	}
	get("/")
	if got := get("/"); got != "visit 1\n" && got != "visit 2\n" {
		t.Errorf("got %q, want a visit", got)
	}
	exported := get("/metrics")

	dashboard, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(dashboard) {
		t.Error("dashboard.json is not valid JSON")
	}
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\bsessions_[a-z_]+(total|bucket|count|sum)\b`)
	for file, text := range map[string]string{"dashboard.json": string(dashboard), "docs/operations.md": string(operations)} {
		found := names.FindAllString(text, -1)
		if len(found) < 5 {
			t.Errorf("%s names %d metrics, want 5 at least", file, len(found))
		}
		for _, name := range found {
			if !strings.Contains(exported, "\n"+name+"{") {
				t.Errorf("%s: the example does not export %s", file, name)
			}
		}
	}
}
