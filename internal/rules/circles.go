package main

import (
	"maps"
	"slices"
)

// circles returns the groups of nodes from each of which every other one of the
// group can be reached (Tarjan's strongly connected components), each in order.
func circles(to map[string]map[string]bool) [][]string {
	s := search{to: to, index: map[string]int{}, low: map[string]int{}, open: map[string]bool{}}
	for _, node := range slices.Sorted(maps.Keys(to)) {
		if s.index[node] == 0 {
			s.visit(node)
		}
	}
	return s.found
}

type search struct {
	to         map[string]map[string]bool
	index, low map[string]int // index counts from 1 in the order of visits
	path       []string
	open       map[string]bool // what is in path
	found      [][]string
}

func (s *search) visit(node string) {
	n := len(s.index) + 1
	s.index[node], s.low[node] = n, n
	s.path = append(s.path, node)
	s.open[node] = true
	for _, next := range slices.Sorted(maps.Keys(s.to[node])) {
		if s.index[next] == 0 {
			s.visit(next)
			s.low[node] = min(s.low[node], s.low[next])
		} else if s.open[next] {
			s.low[node] = min(s.low[node], s.index[next])
		}
	}
	if s.low[node] != n {
		return
	}
	start := slices.Index(s.path, node)
	circle := slices.Clone(s.path[start:])
	s.path = s.path[:start]
	for _, member := range circle {
		s.open[member] = false
	}
	slices.Sort(circle)
	s.found = append(s.found, circle)
}
