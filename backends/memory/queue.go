package memory

import "time"

// queue orders the entries of a shard by expiry. It is a heap in which each
// entry expires no later than its four children, so that the first entry
// expires first. With four children instead of two the heap is half as deep.
// The times are stored beside the pointers, so that comparing four of them
// touches one cache line.
type queue []due

type due struct {
	at    time.Duration
	entry *entry
}

const children = 4

func (q *queue) push(e *entry) {
	*q = append(*q, due{})
	q.up(len(*q)-1, due{e.expires, e})
}

// fix gives the entry at place i the new expiry at and moves it to where it
// belongs.
func (q *queue) fix(i int, at time.Duration) {
	d := due{at, (*q)[i].entry}
	if at < (*q)[i].at {
		q.up(i, d)
	} else {
		q.down(i, d)
	}
}

// remove takes out the entry at place i.
func (q *queue) remove(i int) {
	(*q)[i].entry.place = removed
	n := len(*q) - 1
	last := (*q)[n]
	(*q)[n] = due{} // so that the entry can be collected
	*q = (*q)[:n]
	switch {
	case i == n:
	case i > 0 && last.at < (*q)[(i-1)/children].at:
		q.up(i, last)
	default:
		q.down(i, last)
	}
}

// up puts d at place i, or further up for as long as it expires before its
// parent.
func (q *queue) up(i int, d due) {
	for i > 0 {
		parent := (i - 1) / children
		if d.at >= (*q)[parent].at {
			break
		}
		q.set(i, (*q)[parent])
		i = parent
	}
	q.set(i, d)
}

// down puts d at place i, or further down for as long as it expires after a
// child.
func (q *queue) down(i int, d due) {
	for {
		first := i*children + 1
		if first >= len(*q) {
			break
		}
		soonest := first
		for c := first + 1; c < min(first+children, len(*q)); c++ {
			if (*q)[c].at < (*q)[soonest].at {
				soonest = c
			}
		}
		if d.at <= (*q)[soonest].at {
			break
		}
		q.set(i, (*q)[soonest])
		i = soonest
	}
	q.set(i, d)
}

func (q *queue) set(i int, d due) {
	(*q)[i] = d
	d.entry.place = i
}
