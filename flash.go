package sessions

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gosessions/sessions/serializer"
)

// Flash is a message for the next page: "Your order was placed." Flash messages
// have the shape of Flask's, so that what one side says the other shows.
type Flash struct {
	Category string // Flask's default is "message"
	Message  string
}

// flashKey is where Flask keeps flash messages: a list of (category, message). It
// is not free for other values, in Flask as here: what is not a list of messages
// makes Flash fail, and is left alone.
const flashKey = "_flashes"

// Flash adds a message for the next page. An empty category is "message".
func (s *Session) Flash(category, message string) error {
	if category == "" {
		category = "message"
	}
	return s.change(change{kind: addFlashes, flashes: []Flash{{category, message}}})
}

// Flashes returns the messages of the categories named, of all if none is, and
// removes them: no later request sees them. Two requests at the same moment may
// both get them, and none is lost; what must be used only once is for
// [Session.Take].
func (s *Session) Flashes(categories ...string) ([]Flash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := decodeFlashes(s.content, s.serializer())
	if len(list) == 0 || errors.Is(err, errFlashKey) { // no message is there, whatever is
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

// applyFlashes adds messages to the list, or removes those that were shown,
// leaving alone what it does not understand.
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

// errFlashKey reports an application's own value where the messages belong.
var errFlashKey = fmt.Errorf("sessions: flash: the value under the key %s is not a list of flash messages: store it under another key", flashKey)

// asFlash understands a tuple, which JSON and MsgPack turn into a list.
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

// asText takes Markup for text: Flask's applications flash it too.
func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case serializer.Markup:
		return string(v), true
	}
	return "", false
}
