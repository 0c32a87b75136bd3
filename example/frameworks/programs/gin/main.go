// This program counts visits under gin.
package main

import (
	"log"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/ginsessions"
)

const visits sessions.Key[int] = "visits"

func main() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	router := gin.Default() // with gin's Logger and Recovery, outside
	router.Use(ginsessions.New(mw))
	router.GET("/", home)
	log.Fatal(router.Run("localhost:8080"))
}

func home(c *gin.Context) {
	session, err := sessions.Load(c.Request.Context())
	if err != nil {
		sessions.Error(c.Writer, c.Request, err)
		c.Abort()
		return
	}
	n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	if err != nil {
		sessions.Error(c.Writer, c.Request, err)
		c.Abort()
		return
	}
	c.String(http.StatusOK, "visit %d\n", n)
}
