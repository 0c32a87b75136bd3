// Package explore runs a few requests on the real middleware in every possible
// order, with faults, and checks the promises after each run.
//
// A [Scenario] is a store with its configuration ([Setup]) and two or three
// requests ([Program]). Each request runs in a goroutine of its own and is held
// at a gate before every atomic step of the store ([Step]). When all of them are
// held, the scheduler lets one go on. The choices of a run are its [Schedule].
// [Explore] takes one schedule after the other, depth first, and leaves out
// those that differ from an earlier one only in the order of steps that do not
// touch the same record (search.go). At each step it also tries the faults that
// the scenario asks for ([Fault]).
//
// While a request runs it records what it asked for and what it was answered
// (unit). When the run is over every cookie that a client ever held is tried.
// What was told and what is found has to be explained by some order in which
// the same requests ran one after the other on a simple map (model.go): an
// acknowledged change is there, a refused one is not, what was ended is gone,
// and one of unknown outcome happened once or not at all. Further rules that no
// order can express, such as that nothing waits forever, are in rules.go. Sessions
// that travel with their clients have rules of their own, in carried.go and, where
// a store says which have ended, in ended.go.
//
// A broken rule is reported with the schedule, as text that people can read and
// that [Scenario.Replay] takes.
package explore
