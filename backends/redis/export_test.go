package redis

// Gathered returns how many calls wait to be sent together.
func (b *Backend) Gathered() int {
	gathered, _ := b.store.pipeline.count()
	return gathered
}

// Flying returns how many pipes are under way.
func (b *Backend) Flying() int {
	_, flying := b.store.pipeline.count()
	return flying
}

func (p *pipeline) count() (gathered, flying int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := []*line{p.only}
	for _, l := range p.lines {
		lines = append(lines, l)
	}
	for _, l := range lines {
		if l != nil {
			l.mu.Lock()
			if l.next != nil {
				gathered += l.next.calls
			}
			flying += l.flying
			l.mu.Unlock()
		}
	}
	return gathered, flying
}

// Closing reports whether Close has been called.
func (b *Backend) Closing() bool { return b.store.pipeline.gate.calls.Load() >= shut }

// Calls returns how many calls, and pipes that they sent, are under way.
func (b *Backend) Calls() int64 { return b.store.pipeline.gate.calls.Load() }
