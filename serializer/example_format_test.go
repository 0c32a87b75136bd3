package serializer_test

import (
	"fmt"

	"github.com/gosessions/sessions/serializer"
)

// A session that Flask has written, with one key changed: the values that
// nobody looked at go back as they came.
func ExampleFormat() {
	document := []byte(`{"_flashes":[{" t":["message","Saved!"]}],"visits":1}`)

	var content serializer.Content
	if err := serializer.FlaskFormat.Unpack(document, &content); err != nil {
		fmt.Println(err)
		return
	}
	for i, field := range content.Fields {
		if field.Key == "visits" {
			content.Fields[i].Value, _ = serializer.Flask.Marshal(2)
		}
	}
	packed, err := serializer.FlaskFormat.Pack(&content)
	fmt.Println(string(packed), err)
	// Output: {"_flashes":[{" t":["message","Saved!"]}],"visits":2} <nil>
}
