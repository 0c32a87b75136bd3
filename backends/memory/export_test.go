package memory

import "fmt"

const (
	SweepSoon = sweepSoon
	SweepLate = sweepLate
)

// Inspect returns what is inconsistent inside b, which nobody uses meanwhile:
// every entry has to be in its shard's map, in its place of the queue, and in
// its owner's list, and nothing else may be in any of them.
func (b *Backend) Inspect() error {
	stored, filed := 0, 0
	for i := range b.shards {
		s := &b.shards[i]
		stored += len(s.entries)
		if len(s.queue) != len(s.entries) {
			return fmt.Errorf("shard %d: %d in the queue, %d in the map", i, len(s.queue), len(s.entries))
		}
		for place, d := range s.queue {
			e := d.entry
			switch {
			case s.entries[e.id] != e:
				return fmt.Errorf("shard %d: a queued entry is not in the map", i)
			case e.place != place || e.expires != d.at:
				return fmt.Errorf("shard %d: entry at place %d (due %v) believes in place %d (due %v)", i, place, d.at, e.place, e.expires)
			case place > 0 && s.queue[(place-1)/children].at > d.at:
				return fmt.Errorf("shard %d: place %d expires before its parent", i, place)
			}
			if e.owner != nil {
				filed++
			}
		}
		for _, spare := range s.queue[len(s.queue):cap(s.queue)] {
			if spare.entry != nil {
				return fmt.Errorf("shard %d: the queue keeps a removed entry alive", i)
			}
		}
	}
	if got := b.Len(); got != stored {
		return fmt.Errorf("Len is %d with %d stored", got, stored)
	}
	for i := range b.subjects {
		for name, o := range b.subjects[i].owners {
			if o.first == nil || o.name != name {
				return fmt.Errorf("directory %d: a subject without entries, or misnamed", i)
			}
			var previous *entry
			count := 0
			for e := o.first; e != nil; previous, e = e, e.next {
				if e.owner != o || e.previous != previous || e.place == removed {
					return fmt.Errorf("directory %d: an entry in the wrong list", i)
				}
				filed--
				count++
			}
			if count != o.count {
				return fmt.Errorf("directory %d: %d entries in a list of %d", i, count, o.count)
			}
		}
	}
	if filed != 0 {
		return fmt.Errorf("%d entries have an owner that does not list them", filed)
	}
	return nil
}
