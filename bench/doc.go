// Package bench compares sessions with other libraries and with a lower bound:
// a handler written by hand that does only the necessary work.
//
// Times depend on the machine and the hour; ratios taken in one run do not.
// TestFigures takes every row's contestants in turns, in process and through a real
// server, and writes the figures into the document that PERFORMANCE names, with the
// pictures beside it:
//
//	PERFORMANCE=$PWD/../docs/performance.md go test -count=1 -timeout=1h -run TestFigures -v .
//
// With BUDGETS=1 the test fails if a row exceeds a budget. With -short it measures
// hardly at all, and only shows that everything works.
package bench
