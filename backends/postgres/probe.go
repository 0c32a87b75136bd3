package postgres

// state is what can be found out about an idle connection without sending
// anything.
type state uint8

const (
	silent  state = iota // as an idle connection should be
	talking              // the server has sent something: its last words, or a notice
	dead                 // the other side has closed it
)
