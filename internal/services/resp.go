package services

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// RedisError is an error that a Redis server answered.
type RedisError string

func (e RedisError) Error() string { return string(e) }

// redisDo sends one command over a connection of its own and returns the
// answer: nil, string, int64, []any or a [RedisError].
func redisDo(address, password string, within time.Duration, args ...string) (any, error) {
	conn, err := net.DialTimeout("tcp", address, within)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	if password != "" {
		if _, err := roundTrip(conn, in, "AUTH", password); err != nil {
			return nil, err
		}
	}
	return roundTrip(conn, in, args...)
}

func roundTrip(out io.Writer, in *bufio.Reader, args ...string) (any, error) {
	command := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := out.Write(command); err != nil {
		return nil, err
	}
	return readReply(in)
}

var errReply = errors.New("services: the server is not a Redis")

// readReply reads one answer of the protocol's second version.
func readReply(in *bufio.Reader) (any, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return nil, errReply
	}
	kind, text := line[0], line[1:len(line)-2]
	switch kind {
	case '+':
		return text, nil
	case '-':
		return nil, RedisError(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, errReply
	}
	switch {
	case kind == ':':
		return n, nil
	case (kind == '$' || kind == '*') && n < 0:
		return nil, nil
	case kind == '$':
		data := make([]byte, n+2)
		if _, err := io.ReadFull(in, data); err != nil {
			return nil, err
		}
		return string(data[:n]), nil
	case kind == '*':
		list := make([]any, n)
		for i := range list {
			if list[i], err = readReply(in); err != nil {
				var answered RedisError
				if !errors.As(err, &answered) {
					return nil, err
				}
				list[i] = answered
			}
		}
		return list, nil
	}
	return nil, errReply
}
