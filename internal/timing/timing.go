// Package timing tells by measuring whether two pieces of work take the same
// time, for tests of code that must not tell secrets by how long it takes.
package timing

import (
	"crypto/rand"
	"math"
	"slices"
	"strings"
	"time"
)

// T is Welch's t of the times that f takes for the texts a and b, of n
// measurements each in random order: beyond 4.5 in either direction they differ,
// except about once in a hundred thousand times. As dudect does (Reparaz,
// Balasch, Verbauwhede: "Dude, is my code constant time?"), it leaves out the
// longest tenth, in which the machine did something else. Each time f gets a
// fresh copy, so that neither text has the better place in memory.
func T(n int, f func(string), a, b string) float64 {
	order := make([]byte, 2*n)
	rand.Read(order)
	var times [2][]float64
	for _, r := range order {
		class := r & 1
		text := strings.Clone([2]string{a, b}[class])
		begin := time.Now()
		f(text)
		times[class] = append(times[class], float64(time.Since(begin)))
	}
	all := slices.Concat(times[0], times[1])
	slices.Sort(all)
	longest := all[len(all)*9/10]
	var mean, variance, count [2]float64
	for class, list := range times {
		for _, t := range list {
			if t <= longest {
				count[class]++
				d := t - mean[class]
				mean[class] += d / count[class]
				variance[class] += d * (t - mean[class])
			}
		}
		variance[class] /= count[class] - 1
	}
	return (mean[0] - mean[1]) / math.Sqrt(variance[0]/count[0]+variance[1]/count[1])
}

// Differ reports whether f takes different times for the texts a and b. Chance, or
// whatever else the machine does, may make a single measurement say so: a
// difference counts only if every one of several finds it, in the same direction.
func Differ(n int, f func(string), a, b string) (t float64, differ bool) {
	const rounds, significant = 5, 4.5
	for round := range rounds {
		now := T(n, f, a, b)
		if math.Abs(now) < significant || round > 0 && now*t < 0 {
			return now, false
		}
		t = now
	}
	return t, true
}
