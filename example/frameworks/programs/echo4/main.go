// This program counts visits under Echo v4.
package main

import (
	"fmt"
	"log"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

const visits sessions.Key[int] = "visits"

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(middleware.Recover())
	e.GET("/", home)
	log.Fatal(http.ListenAndServe("localhost:8080", mw.Handler(e)))
}

func home(c echo.Context) error {
	session, err := sessions.Load(c.Request().Context())
	if err != nil {
		return echo.NewHTTPError(sessions.Status(err), "no session")
	}
	n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, fmt.Sprintf("visit %d\n", n))
}
