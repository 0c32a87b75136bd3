package sessions

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gosessions/sessions/serializer"
)

// Flash is a message for the next page, such as "Your order was placed." Flash
// messages are stored as in Flask, so that one side can show what the other added.
type Flash struct {
	Category string // Flask's default is "message"
	Message  string
}

// flashKey is the key under which Flask keeps flash messages: a list of (category,
// message). Applications cannot use it for other values, in Flask either. If such a
// value is there, Flash fails and leaves it alone.
const flashKey = "_flashes"

// Flash adds a message for the next page. An empty category means "message".
func (s *Session) Flash(category, message string) error {
	if category == "" {
		category = "message"
	}
	return s.change(change{kind: addFlashes, flashes: []Flash{{category, message}}})
}

// Flashes returns the messages of the given categories, or all messages if none is
// given, and removes them. Call it before you write the response. Two concurrent
// requests may both return a message, but no message is lost; use [Session.Take]
// for a value that must be used only once.
func (s *Session) Flashes(categories ...string) ([]Flash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := decodeFlashes(s.content, s.serializer())
	if len(list) == 0 || errors.Is(err, errFlashKey) { // there are no messages
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var shown []Flash
	for _, element := range list {
		if f, ok := asFlash(element); ok && (len(categories) == 0 || slices.Contains(categories, f.Category)) {
			shown = append(shown, f)
		}
	}
	if len(shown) == 0 {
		return nil, nil
	}
	if err := s.changeLocked(change{kind: dropFlashes, flashes: shown}); err != nil {
		return nil, err
	}
	return shown, nil
}

// applyFlashes adds messages to the list, or removes those that were shown. It
// keeps the elements of the list that are not messages.
func (c *change) applyFlashes(content *serializer.Content, s serializer.Serializer) error {
	list, err := decodeFlashes(content, s)
	if err != nil {
		return err
	}
	for _, f := range c.flashes {
		if c.kind == addFlashes {
			list = append(list, serializer.Tuple{f.Category, f.Message})
			continue
		}
		for i := range list {
			if g, ok := asFlash(list[i]); ok && f == g {
				list = slices.Delete(list, i, i+1)
				break
			}
		}
	}
	if len(list) == 0 {
		drop(content, flashKey)
		return nil
	}
	data, err := s.Marshal(list)
	if err != nil {
		return fmt.Errorf("sessions: flash: %w", err)
	}
	put(content, flashKey, data)
	return nil
}

func decodeFlashes(content *serializer.Content, s serializer.Serializer) ([]any, error) {
	data := lookup(content.Fields, flashKey)
	if data == nil {
		return nil, nil
	}
	var list []any
	switch err := s.Unmarshal(data, &list); {
	case errors.Is(err, serializer.ErrType):
		return nil, errFlashKey
	case err != nil:
		return nil, fmt.Errorf("sessions: flash: %w", err)
	}
	return list, nil
}

// errFlashKey reports that an application's own value is under flashKey.
var errFlashKey = fmt.Errorf("sessions: flash: the value under the key %s is not a list of flash messages: store it under another key", flashKey)

// asFlash returns element as a message, and false if it is not one. A message is a
// pair of texts: a tuple, or a list in the formats that have no tuples.
func asFlash(element any) (Flash, bool) {
	pair, ok := element.([]any)
	if tuple, isTuple := element.(serializer.Tuple); isTuple {
		pair, ok = tuple, true
	}
	if !ok || len(pair) != 2 {
		return Flash{}, false
	}
	category, ok1 := asText(pair[0])
	message, ok2 := asText(pair[1])
	return Flash{category, message}, ok1 && ok2
}

// asText returns v as a text. Flask's applications also flash Markup.
func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case serializer.Markup:
		return string(v), true
	}
	return "", false
}
