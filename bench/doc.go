// Package bench measures sessions beside other libraries, and beside a floor: a
// handler written by hand that does just the work and nothing of a framework.
//
// Times depend on the machine and the hour; ratios taken in one run do not.
// TestRatios takes every row's contestants in turns, many times, and compares what
// a request costs each of them; TestLoopback does so through a real server:
//
//	go test -run 'TestRatios|TestLoopback' -v
//
// With BUDGETS=1 a budget that is missed fails the test.
package bench
