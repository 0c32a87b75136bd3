// Package drivers tests package [github.com/gosessions/sessions/backends/sql] with
// real drivers and real databases. It is a module of its own, so that users do
// not inherit these drivers, of which one needs a C compiler.
package drivers
