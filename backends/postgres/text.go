package postgres

import (
	"encoding/hex"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// inTextMode reports whether results come as text in an execution mode.
func inTextMode(mode pgx.QueryExecMode) bool {
	return mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol
}

// bytes returns what to scan a column into whose bytes are to be in dst.
func (s *statements) bytes(dst *[]byte) any {
	if s.text {
		return (*hexadecimal)(dst)
	}
	return dst
}

// hexadecimal is what encode(…, 'hex') returns. NULL is nil.
type hexadecimal []byte

var _ pgtype.TextScanner = (*hexadecimal)(nil)

// ScanText implements [pgtype.TextScanner].
func (h *hexadecimal) ScanText(text pgtype.Text) (err error) {
	*h = nil
	if text.Valid {
		*h, err = hex.DecodeString(text.String)
	}
	return err
}
