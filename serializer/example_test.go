package serializer_test

import (
	"fmt"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// Integers and floats stay what they are, and times and bytes do with
// serializers that have them.
func Example() {
	values := []any{1, 1.0, []byte("hi"), time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)}
	for _, s := range []serializer.Serializer{serializer.JSON, serializer.Flask} {
		for _, v := range values {
			data, err := s.Marshal(v)
			if err != nil {
				fmt.Println(err)
				return
			}
			var back any
			if err := s.Unmarshal(data, &back); err != nil {
				fmt.Println(err)
				return
			}
			fmt.Printf("%s: %s is a %T\n", s.Name(), data, back)
		}
	}
	// Output:
	// json: 1 is a int64
	// json: 1.0 is a float64
	// json: "aGk=" is a string
	// json: "2024-02-29T12:34:56Z" is a string
	// flask: 1 is a int64
	// flask: 1.0 is a float64
	// flask: {" b":"aGk="} is a []uint8
	// flask: {" d":"Thu, 29 Feb 2024 12:34:56 GMT"} is a time.Time
}
