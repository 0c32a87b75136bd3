package sessionstest

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/gosessions/sessions/backends"
)

// subjectRules hold for a [backends.SubjectIndex].
var subjectRules = []rule{{
	name: "List",
	text: "ListSubject returns the records of the subject, each once, with its ID and its data.",
	check: func(p *probe) {
		subject, other := p.newID(), p.newID()
		stored := make(map[string]backends.Record)
		for range 3 {
			r := p.owned(subject)
			stored[p.store(r)] = r
			p.store(p.owned(other))
			p.store(p.record())
		}
		list, err := backends.ListSubject(p.ctx, p.Backend, subject)
		p.want("ListSubject", err)
		for _, s := range list {
			r, ok := stored[s.ID]
			switch {
			case !ok:
				p.failf("ListSubject returned a record twice, or one that is not the subject's")
			case !bytes.Equal(s.Record.Data, r.Data):
				p.failf("ListSubject returned %s, want %s", show(s.Record.Data), show(r.Data))
			}
			delete(stored, s.ID)
		}
		if len(stored) > 0 {
			p.failf("ListSubject left out %d of 3 records", len(stored))
		}
	},
}, {
	name: "Nobody",
	text: "For a subject without records the list is empty and nothing is revoked. A record without a subject belongs to no one.",
	check: func(p *probe) {
		id, r := p.newID(), p.record()
		p.write(id, r)
		for _, subject := range []string{p.newID(), ""} {
			p.lists(subject, nil, "of nobody")
			n, err := backends.RevokeSubject(p.ctx, p.Backend, subject, "")
			if p.want("RevokeSubject of nobody", err); n != 0 {
				p.failf("RevokeSubject of nobody returned %d, want 0", n)
			}
		}
		p.holds(id, r, "of a record without a subject, after RevokeSubject of nobody")
	},
}, {
	name: "AnySubject",
	text: "A subject is any UTF-8 text without zero bytes, and every character is significant.",
	check: func(p *probe) {
		base := p.newID()
		for _, tail := range []string{"", " ", "a", "A", "ä", "a\u0308", "*", "%", "_", "?", "'", `"`, `\`, ":", "{a}", "[a-z]", "\n", "\t", "/", "日本"} {
			id := p.store(p.owned(base + tail))
			p.lists(base+tail, []string{id}, fmt.Sprintf("of a subject that ends in %q", tail))
		}
	},
}, {
	name: "Rebind",
	text: "A record that is written with another subject belongs only to that one, and without a subject to no one.",
	check: func(p *probe) {
		a, b := p.newID(), p.newID()
		id := p.store(p.owned(a))
		p.write(id, p.owned(b))
		p.lists(a, nil, "of the former subject")
		p.lists(b, []string{id}, "of the new subject")
		p.write(id, p.record())
		p.lists(b, nil, "of the former subject, when there is none any more")
		p.write(id, p.owned(a))
		p.lists(a, []string{id}, "of the first subject again")
	},
}, {
	name: "RemovedIsUnlisted",
	text: "A removed record no longer belongs to anyone, even if a new one is stored under its ID.",
	check: func(p *probe) {
		subject := p.newID()
		id := p.store(p.owned(subject))
		p.remove(id)
		p.lists(subject, nil, "after Remove")
		p.write(id, p.record())
		p.lists(subject, nil, "after Remove and a new Write under the same ID")
	},
}, {
	name: "ExpiredIsUnlisted",
	text: "ListSubject does not return an expired record, and RevokeSubject does not count it.",
	when: ends,
	check: func(p *probe) {
		subject, r := p.newID(), p.passing()
		r.Subject = subject
		p.store(r)
		id := p.store(p.owned(subject))
		p.expire()
		p.lists(subject, []string{id}, "after one of two records expired")
		p.revokes(subject, "", 1)
	},
}, {
	name: "Revoke",
	text: "RevokeSubject removes all records of the subject and returns how many it removed.",
	check: func(p *probe) {
		subject := p.newID()
		otherRecord := p.owned(p.newID())
		other := p.store(otherRecord)
		ids := []string{p.store(p.owned(subject)), p.store(p.owned(subject)), p.store(p.owned(subject))}
		p.revokes(subject, "", len(ids))
		for _, id := range ids {
			p.lacks(id, "after RevokeSubject")
		}
		p.lists(subject, nil, "after RevokeSubject")
		p.revokes(subject, "", 0)
		p.holds(other, otherRecord, "of another subject, after RevokeSubject")
	},
}, {
	name: "RevokeExcept",
	text: "RevokeSubject spares the record under the ID except, if it belongs to the subject.",
	check: func(p *probe) {
		subject, spared := p.newID(), p.record()
		spared.Subject = subject
		except := p.store(spared)
		id := p.store(p.owned(subject))
		p.revokes(subject, except, 1)
		p.lacks(id, "after RevokeSubject with an exception")
		p.holds(except, spared, "of the exception, after RevokeSubject")
		p.lists(subject, []string{except}, "after RevokeSubject with an exception")
		p.revokes(subject, p.newID(), 1)
		p.lacks(except, "after RevokeSubject with the exception of an unknown ID")
	},
}, {
	name: "IndexTogether",
	text: "After any writes and removals at the same time, the records of each subject are exactly those that were last written for it.",
	check: func(p *probe) {
		subjects := []string{"", p.newID(), p.newID()}
		const n, rounds = 8, 13
		var ids, last [n]string
		for i := range n {
			ids[i] = p.newID()
		}
		p.together(n, func(i int) {
			for round := range rounds {
				last[i] = subjects[(i+round)%len(subjects)]
				p.write(ids[i], p.owned(last[i]))
				if (i+round)%4 == 3 {
					p.remove(ids[i])
					last[i] = ""
				}
			}
		})
		for _, subject := range subjects[1:] {
			var want []string
			for i := range n {
				if last[i] == subject {
					want = append(want, ids[i])
				}
			}
			p.lists(subject, want, "after many changes at once")
		}
	},
}}

// subjectTouchRules hold for a [backends.SubjectIndex] that is a
// [backends.Toucher].
var subjectTouchRules = []rule{{
	name: "TouchKeepsSubject",
	text: "A touched record still belongs to its subject, for as long as it lives now.",
	check: func(p *probe) {
		subject, r := p.newID(), p.passing()
		r.Subject = subject
		if !p.faked() {
			r.TTL = max(r.TTL, time.Second)
		}
		id := p.store(r)
		if _, err := p.touch(id, long); err != nil && !p.faked() {
			return // it expired before: this machine is too slow to tell
		}
		p.wait(r.TTL + p.resolution())
		p.lists(subject, []string{id}, "after Touch, when the former TTL is over")
		p.revokes(subject, "", 1)
		p.lacks(id, "after Touch and RevokeSubject")
	},
}}

// subjectSwapRules hold for a [backends.SubjectIndex] that is a
// [backends.Swapper].
var subjectSwapRules = []rule{{
	name: "SwapRebinds",
	text: "A record that is swapped for one of another subject belongs only to that one, and a record that is swapped away belongs to no one.",
	check: func(p *probe) {
		a, b := p.newID(), p.newID()
		first, second, third := p.owned(a), p.owned(b), p.record()
		id := p.newID()
		p.want("Swap that creates", p.swap(id, nil, first))
		p.lists(a, []string{id}, "after Swap that creates")
		p.want("Swap", p.swap(id, first.Data, second))
		p.lists(a, nil, "of the former subject after Swap")
		p.lists(b, []string{id}, "of the new subject after Swap")
		p.want("Swap", p.swap(id, second.Data, third))
		p.lists(b, nil, "of the former subject after Swap to none")
		p.want("Swap", p.swap(id, third.Data, first))
		p.want("Swap that removes", p.swap(id, first.Data, backends.Record{}))
		p.lists(a, nil, "after Swap that removes")
	},
}, {
	name: "ConflictKeepsSubject",
	text: "A swap that is refused leaves the record with its subject.",
	check: func(p *probe) {
		a, b := p.newID(), p.newID()
		id := p.store(p.owned(a))
		p.want("Swap with other data than is stored", p.swap(id, p.data(40), p.owned(b)), backends.ErrConflict)
		p.lists(a, []string{id}, "after a conflict")
		p.lists(b, nil, "of the subject of a record that was refused")
	},
}, {
	name: "RevokeIsFinal",
	text: "A swap does not bring back a record that was revoked meanwhile.",
	check: func(p *probe) {
		subject := p.newID()
		r := p.owned(subject)
		id := p.store(r)
		p.revokes(subject, "", 1)
		p.want("Swap of a revoked record", p.swap(id, r.Data, p.owned(subject)), absent...)
		p.lacks(id, "after RevokeSubject and Swap")
		p.lists(subject, nil, "after RevokeSubject and Swap")
	},
}}

// subjectRotateRules hold for a [backends.SubjectIndex] that is a
// [backends.Rotator].
var subjectRotateRules = []rule{{
	name: "RotateMovesSubject",
	text: "After Rotate the new record and the tombstone each belong to the subject that they name.",
	check: func(p *probe) {
		a, b := p.newID(), p.newID()
		r := p.owned(a)
		id, newID := p.store(r), p.newID()
		p.want("Rotate", p.rotate(id, r.Data, p.record(), newID, p.owned(b)))
		p.lists(a, nil, "of the former subject after Rotate")
		p.lists(b, []string{newID}, "of the new subject after Rotate")
	},
}}

// lists records a failure unless the records of subject are those under want.
func (p *probe) lists(subject string, want []string, words string) {
	list, err := backends.ListSubject(p.ctx, p.Backend, subject)
	p.want("ListSubject "+words, err)
	var got []string
	for _, s := range list {
		got = append(got, s.ID)
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		p.failf("ListSubject %s returned %d records, or others, want %d", words, len(got), len(want))
	}
}

func (p *probe) revokes(subject, except string, want int) {
	got, err := backends.RevokeSubject(p.ctx, p.Backend, subject, except)
	if p.want("RevokeSubject", err); got != want {
		p.failf("RevokeSubject returned %d, want %d", got, want)
	}
}
