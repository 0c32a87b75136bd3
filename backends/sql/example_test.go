package sql_test

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/sql"
)

// A program that keeps sessions in MySQL or MariaDB also imports a driver, as
//
//	_ "github.com/go-sql-driver/mysql"
func ExampleOpen() {
	backend, err := sql.Open("mysql", os.Getenv("MYSQL_DSN"), sql.MySQL(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	if err := backend.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}
	mw, err := sessions.New(backend, nil)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("localhost:8080", mw.Handler(http.DefaultServeMux)))
}
