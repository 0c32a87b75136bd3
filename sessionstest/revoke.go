package sessionstest

import (
	"github.com/gosessions/sessions/backends"
)

// revokerRules hold for a [backends.Revoker].
var revokerRules = []rule{{
	name: "ContinuesSession",
	text: "Write with a token for the ID, and Touch, return a further token with the record in it; Write with no ID one of a new session. The earlier tokens stay valid.",
	check: func(p *probe) {
		r, next := p.owned(p.newID()), p.record()
		token := p.write("", r)
		further := p.write(token, next)
		touched, err := backends.Touch(p.ctx, p.Backend, token, long)
		p.want("Touch", err)
		if further == token {
			p.failf("Write returned the token that it was given")
		}
		p.holds(token, r, "of the first token")
		p.holds(further, next, "of the token that followed")
		p.holds(touched, r, "of the token that Touch returned")
	},
}, {
	name: "EndsSession",
	text: "After Remove, Read returns ErrNotFound for every token of the session, whether issued before the removed one or after it. Other sessions live. Remove returns nil if the session has ended before.",
	check: func(p *probe) {
		other := p.record()
		otherToken := p.write("", other)
		first := p.write("", p.record())
		second := p.write(first, p.owned(p.newID()))
		third, err := backends.Touch(p.ctx, p.Backend, second, long)
		p.want("Touch", err)
		p.remove(second)
		for _, token := range []string{first, second, third} {
			p.notFound(token, "after Remove of a token of the same session")
			p.exists(token, false, "after Remove of a token of the same session")
			p.remove(token)
		}
		p.holds(otherToken, other, "of another session, after Remove")
	},
}, {
	name: "RemoveForgedToken",
	text: "Remove returns no error for what is not a token.",
	check: func(p *probe) {
		token := p.write("", p.record())
		for _, forged := range []string{"", p.newID(), token[:len(token)-2], token + "A"} {
			p.remove(forged)
		}
	},
}, {
	name: "EndedIssuesNothing",
	text: "With a token whose session has ended, or which is not a token, Write and Touch return ErrNotFound, whatever the record.",
	check: func(p *probe) {
		subject := p.newID()
		ended := p.write("", p.record())
		p.remove(ended)
		revoked := p.write("", p.owned(subject))
		p.want("RevokeIssued", backends.RevokeIssued(p.ctx, p.Backend, subject, ""))
		for words, token := range map[string]string{"of a session that has ended": ended, "of an owner who was revoked": revoked, "that is none": p.newID()} {
			for what, r := range map[string]backends.Record{"for nobody": p.record(), "for its owner": p.owned(subject), "for another owner": p.owned(p.newID())} {
				_, err := p.Write(p.ctx, token, r)
				p.want("Write with a token "+words+", "+what, err, backends.ErrNotFound)
			}
			_, err := backends.Touch(p.ctx, p.Backend, token, long)
			p.want("Touch of a token "+words, err, backends.ErrNotFound)
			p.want("Retire of a token "+words, backends.Retire(p.ctx, p.Backend, token), backends.ErrNotFound)
		}
	},
}, {
	name: "Retire",
	text: "After Retire, Read returns ErrReplaced for every token of the session, Remove returns ErrConflict, and Retire ErrNotFound. Other sessions live.",
	check: func(p *probe) {
		other := p.record()
		otherToken := p.write("", other)
		first := p.write("", p.record())
		second := p.write(first, p.record())
		p.want("Retire", backends.Retire(p.ctx, p.Backend, first))
		for _, token := range []string{first, second} {
			_, err := p.Read(p.ctx, token)
			p.want("Read after Retire", err, backends.ErrReplaced)
			p.want("Remove after Retire", p.Remove(p.ctx, token), backends.ErrConflict)
			p.want("Retire after Retire", backends.Retire(p.ctx, p.Backend, token), backends.ErrNotFound)
		}
		p.holds(otherToken, other, "of another session, after Retire")
	},
}, {
	name: "EndsOnce",
	text: "Of several calls of Retire and Remove at the same time exactly one ends the session, and the others say so.",
	check: func(p *probe) {
		const n = 8
		for removes := range n + 1 {
			token := p.write("", p.record())
			var errs [n]error
			p.together(n, func(i int) {
				if i < removes {
					errs[i] = p.Remove(p.ctx, token)
				} else {
					errs[i] = backends.Retire(p.ctx, p.Backend, token)
				}
			})
			removed, retired := 0, 0
			for i, err := range errs {
				switch {
				case i < removes:
					if p.want("Remove", err, nil, backends.ErrConflict); err == nil {
						removed++
					}
				default:
					if p.want("Retire", err, nil, backends.ErrNotFound); err == nil {
						retired++
					}
				}
			}
			if !(retired == 1 && removed == 0 || retired == 0 && removed == removes && removes > 0) {
				p.failf("of %d calls of Remove and %d of Retire, %d and %d returned no error", removes, n-removes, removed, retired)
			}
		}
	},
}, {
	name: "RevokeIssued",
	text: "RevokeIssued ends every session of the subject, all tokens included, and no others. What is issued to the subject afterwards lives.",
	check: func(p *probe) {
		subject, other := p.newID(), p.newID()
		otherRecord, nobodys := p.owned(other), p.record()
		otherToken, nobodysToken := p.write("", otherRecord), p.write("", nobodys)
		first, second := p.write("", p.owned(subject)), p.write("", p.owned(subject))
		further := p.write(second, p.owned(subject))
		bound := p.write(p.write("", p.record()), p.owned(subject))
		for round := range 3 {
			p.want("RevokeIssued", backends.RevokeIssued(p.ctx, p.Backend, subject, ""))
			for _, token := range []string{first, second, further, bound} {
				p.notFound(token, "after RevokeIssued")
			}
			r := p.owned(subject)
			later := p.write("", r)
			p.holds(later, r, "of a token that was issued after RevokeIssued")
			first, further = later, p.write(later, r)
			p.holds(further, r, "of a further token of a session that began after RevokeIssued")
			if round == 0 {
				p.want("RevokeIssued of nobody", backends.RevokeIssued(p.ctx, p.Backend, "", ""))
			}
		}
		p.holds(otherToken, otherRecord, "of another subject, after RevokeIssued")
		p.holds(nobodysToken, nobodys, "of nobody, after RevokeIssued")
	},
}, {
	name: "RevokeIssuedExcept",
	text: "RevokeIssued spares the session of the token except, with its further tokens, until the subject is revoked again. It spares none that has ended.",
	check: func(p *probe) {
		subject, r := p.newID(), p.record()
		r.Subject = subject
		except, ended := p.write("", r), p.write("", p.owned(subject))
		p.want("RevokeIssued", backends.RevokeIssued(p.ctx, p.Backend, subject, except))
		p.notFound(ended, "after RevokeIssued with an exception")
		p.holds(except, r, "of the exception, after RevokeIssued")
		further := p.write(except, r)
		p.holds(further, r, "of a further token of the exception")
		p.want("RevokeIssued", backends.RevokeIssued(p.ctx, p.Backend, subject, "none"))
		p.notFound(except, "of the exception, after RevokeIssued without one")
		p.notFound(further, "of a further token of the exception, after RevokeIssued without one")
		p.want("RevokeIssued", backends.RevokeIssued(p.ctx, p.Backend, subject, further))
		p.notFound(except, "of an exception that had ended")
		p.notFound(further, "of a further token of an exception that had ended")
	},
}}
