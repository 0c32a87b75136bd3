package sessions

import (
	"fmt"

	"github.com/gosessions/sessions/serializer"
)

// convert returns content, which was read from from, in the form in which to stores
// it: without what its format cannot hold, and with its serializer's values.
func convert(content *serializer.Content, from, to *store) (serializer.Content, error) {
	holds := &to.holds
	result := serializer.Content{Fields: cloneFields(content.Fields)}
	if holds.Created {
		result.Created = content.Created
	}
	if holds.Lifetime && !content.Created.IsZero() {
		result.Lifetime = content.Lifetime
	}
	if holds.Subject {
		result.Subject = content.Subject
	}
	if holds.Label {
		result.Label = content.Label
	}
	if from.values.Name() != to.values.Name() {
		if err := transcode(result.Fields, from, to); err != nil {
			return result, err
		}
	}
	persistence := from.persistence(content)
	if persistence == serializer.PersistenceDefault && from.defaults.BrowserSession {
		persistence = serializer.BrowserSession
	}
	if holds.Persistence {
		result.Persistence = persistence
	}
	if key := holds.PersistenceKey; key != "" && persistence == serializer.Persistent && index(result.Fields, key) < 0 {
		data, err := to.values.Marshal(true)
		if err != nil {
			return result, fmt.Errorf("sessions: import into %s: %w", to.format.Name(), err)
		}
		put(&result, key, data)
	}
	return result, nil
}

// transcode encodes the values of fields, which from's serializer encoded, with that
// of to.
func transcode(fields []serializer.Field, from, to *store) error {
	for i := range fields {
		var value any
		if err := from.values.Unmarshal(fields[i].Value, &value); err != nil {
			return fmt.Errorf("sessions: import from %s: %w", from.format.Name(), err)
		}
		data, err := to.values.Marshal(value)
		if err != nil {
			return fmt.Errorf("sessions: import into %s: %w", to.format.Name(), err)
		}
		fields[i].Value = data
	}
	return nil
}
