package sessionstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gosessions/sessions/backends"
)

// basicRules hold for every backend.
var basicRules = []rule{{
	name: "ReadYourWrite",
	text: "Read returns the data that Write stored, byte for byte, whatever bytes they are, under the ID that Write returned.",
	check: func(p *probe) {
		samples := [][]byte{p.data(1), p.data(500), p.data(2000)}
		if p.options.Data == nil {
			every := make([]byte, 256)
			for i := range every {
				every[i] = byte(i)
			}
			samples = append(samples, every, []byte{0}, []byte{0, 0}, []byte(" "), []byte("\r\n"), []byte("{\"a\": 1}\n"), []byte("\xff\xfe"))
		}
		for _, data := range samples {
			r := backends.Record{Data: data, TTL: long}
			id := p.store(r)
			p.holds(id, r, "after Write")
		}
	},
}, {
	name: "ReadAbsent",
	text: "If nothing is stored, Read returns ErrNotFound, directly or wrapped.",
	check: func(p *probe) {
		p.notFound(p.newID(), "of an ID that was never used")
	},
}, {
	name: "Exists",
	text: "Exists reports whether Read would find a record.",
	check: func(p *probe) {
		id := p.store(p.record())
		p.exists(id, true, "after Write")
		p.exists(p.newID(), false, "of an ID that was never used")
	},
}, {
	name: "RemoveAbsent",
	text: "Remove returns no error if nothing is stored.",
	check: func(p *probe) {
		p.remove(p.newID())
	},
}, {
	name: "DataIsKept",
	text: "A backend never changes the data that it was given or the data that it returned.",
	check: func(p *probe) {
		given := p.record()
		copied := bytes.Clone(given.Data)
		id := p.store(given)
		read, err := p.Read(p.ctx, id)
		p.want("Read", err)
		for range 3 {
			other := p.write(id, backends.Record{Data: p.data(len(copied)), TTL: long})
			_, err := p.Read(p.ctx, other)
			p.want("Read", err)
		}
		if !bytes.Equal(given.Data, copied) {
			p.failf("the data given to Write became %s, was %s", show(given.Data), show(copied))
		}
		if !bytes.Equal(read.Data, copied) {
			p.failf("the data returned by Read became %s, was %s", show(read.Data), show(copied))
		}
	},
}, {
	name: "EndedContext",
	text: "With a context that has ended, a call either does what it should or returns an error: it never reports that a record is absent or different because it could not look.",
	check: func(p *probe) {
		r := p.record()
		id := p.store(r)
		ended, cancel := context.WithCancel(p.ctx)
		cancel()
		got, err := p.Read(ended, id)
		p.honest("Read", err)
		if err == nil && !bytes.Equal(got.Data, r.Data) {
			p.failf("Read with an ended context returned %s and no error, want %s", show(got.Data), show(r.Data))
		}
		if found, err := p.Exists(ended, id); err == nil && !found {
			p.failf("Exists with an ended context returned false and no error, want true or an error")
		}
		p.honest("Swap", backends.Swap(ended, p.Backend, id, r.Data, r))
		_, err = backends.Touch(ended, p.Backend, id, long)
		p.honest("Touch", err)
	},
}, {
	name: "ErrorsTellNothing",
	text: "No error contains an ID or data.",
	check: func(p *probe) {
		r, other := p.record(), p.record()
		id, absent := p.store(r), p.newID()
		_, read := p.Read(p.ctx, absent)
		_, write := p.Write(p.ctx, absent, backends.Record{Data: other.Data})
		_, touch := backends.Touch(p.ctx, p.Backend, absent, long)
		_, touchZero := backends.Touch(p.ctx, p.Backend, id, 0)
		ended, cancel := context.WithCancel(p.ctx)
		cancel()
		_, readEnded := p.Read(ended, id)
		_, writeEnded := p.Write(ended, id, r)
		for _, err := range []error{
			read, write, touch, touchZero, readEnded, writeEnded,
			p.Remove(ended, id),
			p.swap(absent, other.Data, r),
			p.swap(id, nil, other),
			p.swap(id, other.Data, other),
			p.swap(id, other.Data, backends.Record{Data: other.Data}),
			backends.Rotate(p.ctx, p.Backend, absent, r.Data, r, id, r),
			backends.Rotate(p.ctx, p.Backend, id, other.Data, r, absent, r),
		} {
			if err == nil {
				continue
			}
			for _, secret := range []string{id, absent, string(r.Data), string(other.Data)} {
				if strings.Contains(err.Error(), secret) {
					p.failf("the error %q contains what was given to the backend", err)
				}
			}
		}
	},
}, {
	name: "Together",
	text: "Goroutines that use different IDs do not disturb one another.",
	check: func(p *probe) {
		p.together(8, func(i int) {
			for j := range 10 {
				r := p.record()
				id := p.store(r)
				p.holds(id, r, fmt.Sprintf("by goroutine %d in round %d", i, j))
				p.remove(id)
			}
		})
	},
}}

// keepingRules hold for backends that store records.
var keepingRules = []rule{{
	name: "WriteReturnsID",
	text: "Write of a backend that stores records returns the ID that it was given.",
	check: func(p *probe) {
		id := p.newID()
		for range 2 {
			if got := p.write(id, p.record()); got != id {
				p.failf("Write returned another ID than the one it was given")
			}
		}
	},
}, {
	name: "WriteReplaces",
	text: "Write replaces what is stored under the ID.",
	check: func(p *probe) {
		id, r := p.store(p.record()), p.record()
		p.write(id, r)
		p.holds(id, r, "after a second Write")
	},
}, {
	name: "Whole",
	text: "Read during writes of the same ID returns one of the written records, complete.",
	check: func(p *probe) {
		records := []backends.Record{{Data: p.data(1000), TTL: long}, {Data: p.data(p.atMost(100_000)), TTL: long}, {Data: p.data(3000), TTL: long}}
		id := p.store(records[0])
		p.together(4, func(i int) {
			for n := range 50 {
				if i < 2 {
					p.write(id, records[(i+n)%len(records)])
					continue
				}
				got, err := p.Read(p.ctx, id)
				p.want("Read beside writes", err)
				if !slices.ContainsFunc(records, func(r backends.Record) bool { return bytes.Equal(got.Data, r.Data) }) {
					p.failf("Read beside writes returned %s, which nobody wrote", show(got.Data))
				}
			}
		})
	},
}, {
	name: "ReadFresh",
	text: "ReadFresh returns the record that is stored now, even if Read returns an older one.",
	check: func(p *probe) {
		id, r := p.store(p.record()), p.record()
		p.Read(p.ctx, id)
		p.write(id, r)
		got, err := backends.ReadFresh(p.ctx, p.Backend, id)
		if p.want("ReadFresh", err); !bytes.Equal(got.Data, r.Data) {
			p.failf("ReadFresh returned %s, want %s", show(got.Data), show(r.Data))
		}
		p.remove(id)
		_, err = backends.ReadFresh(p.ctx, p.Backend, id)
		p.want("ReadFresh after Remove", err, backends.ErrNotFound)
	},
}, {
	name: "Remove",
	text: "After Remove nothing is stored under the ID; removing it again is not an error, and other records stay.",
	check: func(p *probe) {
		other := p.record()
		id, otherID := p.store(p.record()), p.store(other)
		p.remove(id)
		p.notFound(id, "after Remove")
		p.exists(id, false, "after Remove")
		p.remove(id)
		p.holds(otherID, other, "of another record, after Remove")
	},
}, {
	name: "AnyID",
	text: "An ID is 1 to 4096 bytes of visible ASCII, and every byte is significant.",
	check: func(p *probe) {
		base := p.newID()
		full := base + strings.Repeat("x", 4096-len(base)-1)
		ids := []string{base, full, full + "x", full + "y"}
		for c := byte('!'); c <= '~'; c++ {
			ids = append(ids, base+string(c))
		}
		for _, tail := range []string{"..", "/../", "%00", "%25", "''", `\'`, "--", "{a}", "{b}", "[a]", "${a}", "\\x00", "*?"} {
			ids = append(ids, base+tail, base+tail+"a")
		}
		stored := make(map[string]backends.Record)
		for _, id := range ids {
			stored[id] = p.record()
			p.write(id, stored[id])
		}
		for _, id := range ids {
			p.holds(id, stored[id], fmt.Sprintf("of an ID of %d bytes that ends in %q", len(id), id[min(len(base), len(id)-1):][:min(4, max(len(id)-len(base), 1))]))
		}
		// Each half goes once while the other stays.
		for half := range 2 {
			for i, id := range ids {
				if i%2 == half {
					p.remove(id)
				}
			}
			for i, id := range ids {
				if i%2 == half {
					p.lacks(id, "after Remove, beside similar IDs")
					p.write(id, stored[id])
				} else {
					p.holds(id, stored[id], "after the removal of similar IDs")
				}
			}
		}
		for _, id := range ids {
			p.remove(id)
		}
	},
}, {
	name: "LargeData",
	text: "A record of 1 MiB, or of Facts.MaxSize if that is less, is stored like any other.",
	check: func(p *probe) {
		r := backends.Record{Data: p.data(p.atMost(1 << 20)), TTL: long}
		id := p.store(r)
		p.holds(id, r, fmt.Sprintf("of %d bytes", len(r.Data)))
		p.remove(id)
	},
}, {
	name: "TooLarge",
	text: "A record that is much larger than Facts.MaxSize is refused with ErrTooLarge, by Write and by Swap, and what is stored stays.",
	check: func(p *probe) {
		max := backends.Describe(p.Backend).MaxSize
		if max == 0 {
			return
		}
		r, large := p.record(), backends.Record{Data: p.data(max + max/8 + 4096), TTL: long}
		id := p.store(r)
		_, err := p.Write(p.ctx, id, large)
		p.want("Write of a record that is too large", err, backends.ErrTooLarge)
		p.holds(id, r, "after a Write that was refused")
		if backends.Has(p.Backend, backends.CanSwap) {
			p.want("Swap to a record that is too large", p.swap(id, r.Data, large), backends.ErrTooLarge)
			p.holds(id, r, "after a Swap that was refused")
		}
	},
}}

// atMost returns n, or the size of the largest record if that is less.
func (p *probe) atMost(n int) int {
	if max := backends.Describe(p.Backend).MaxSize; max > 0 {
		return min(n, max)
	}
	return n
}

func (p *probe) exists(id string, want bool, words string) {
	got, err := p.Exists(p.ctx, id)
	if p.want("Exists "+words, err); got != want {
		p.failf("Exists %s returned %v, want %v", words, got, want)
	}
}

// honest records a failure if a call that had no time to look reports what is
// stored.
func (p *probe) honest(what string, err error) {
	if errors.Is(err, backends.ErrNotFound) || errors.Is(err, backends.ErrConflict) {
		p.failf("%s with an ended context returned the error %q, want that of the context, or none", what, err)
	}
}
