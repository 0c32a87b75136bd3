package services_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/internal/services"
)

// TestWith adds settings to every form of an address, with and without some in it.
func TestWith(t *testing.T) {
	for _, address := range []string{
		"postgres://ada@localhost/db",
		"postgres://ada@localhost/db?",
		"postgres://ada@localhost/db?sslmode=disable",
		"postgres://ada@localhost/db?sslmode=disable&application_name=old",
		"host=localhost user=ada dbname=db",
		"host=localhost user=ada dbname=db application_name=old",
	} {
		got, err := pgx.ParseConfig(services.With(t, address, "synchronous_commit=off", `application_name=it's a=b+c \ 1`))
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if got.Host != "localhost" || got.User != "ada" || got.Database != "db" {
			t.Errorf("%s: leads to %s, %s, %s", address, got.Host, got.User, got.Database)
		}
		for name, want := range map[string]string{"synchronous_commit": "off", "application_name": `it's a=b+c \ 1`} {
			if got.RuntimeParams[name] != want {
				t.Errorf("%s: %s is %q, want %q", address, name, got.RuntimeParams[name], want)
			}
		}
	}
}
