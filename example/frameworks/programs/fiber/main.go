// This program counts visits under Fiber v3.
package main

import (
	"fmt"
	"log"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/fibersessions"
)

const visits sessions.Key[int] = "visits"

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	app := fiber.New()
	app.Use(recover.New()) // outside
	app.Use(fibersessions.New(mw))
	app.Get("/", home)
	log.Fatal(app.Listen("localhost:8080"))
}

func home(c fiber.Ctx) error {
	session, err := sessions.Load(c.Context())
	if err != nil {
		return fiber.NewError(sessions.Status(err), "no session")
	}
	n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		return err
	}
	return c.SendString(fmt.Sprintf("visit %d\n", n))
}
