// Package bench compares sessions with other libraries and with a lower bound:
// a handler written by hand that does only the necessary work.
//
// Times depend on the machine and the hour; ratios taken in one run do not.
// TestRatios takes every row's contestants in turns, many times, and compares what
// a request costs each of them; TestLoopback does so through a real server:
//
//	go test -run 'TestRatios|TestLoopback' -v
//
// With BUDGETS=1 a test fails if it exceeds a budget.
package bench
