package postgres

// Statements are those of the default table that tests look at.
type Statements struct{ Read, Swap, Touch, Sweep string }

// SQL returns the statements of the default table.
func SQL() Statements {
	table, _ := Options{}.table()
	s := newStatements(table, false)
	return Statements{Read: s.read, Swap: s.swap, Touch: s.touch, Sweep: s.sweep}
}
