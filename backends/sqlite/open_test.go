package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sqlite"
)

func record(data string) backends.Record {
	return backends.Record{Data: []byte(data), TTL: time.Hour}
}

var quiet = &sqlite.Options{SweepEvery: -1, NoSync: true}

// TestOpen_TakesTheNameAsItIs: whatever the name, the file has it, and nothing
// else lies beside it.
func TestOpen_TakesTheNameAsItIs(t *testing.T) {
	for _, name := range []string{
		"sessions.db", "no ending", "50%.db", "%41.db", "a?b=c.db", "what?", "#1.db", "ünïcode ✓.db", "'quoted' \"twice\".db", "a&_pragma=query_only(1)", "-dash", "a;b", "back\\slash", "mode=memory", "*",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, name)
			b, err := sqlite.Open(file, quiet)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Swap(t.Context(), "id", nil, record("data")); err != nil {
				t.Fatal(err)
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			files, err := os.ReadDir(dir)
			if err != nil || len(files) != 1 || files[0].Name() != name {
				t.Errorf("the directory has %v, %v", files, err)
			}
			if b, err = sqlite.Open(file, quiet); err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if r, err := b.Read(t.Context(), "id"); err != nil || string(r.Data) != "data" {
				t.Errorf("after it was opened again: %q, %v", r.Data, err)
			}
		})
	}
}

// TestOpen_KeepsTheFilePrivate: nobody else can read the file and those beside it.
func TestOpen_KeepsTheFilePrivate(t *testing.T) {
	dir := t.TempDir()
	b, err := sqlite.Open(filepath.Join(dir, "sessions.db"), quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Swap(t.Context(), "id", nil, record("data")); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Errorf("the directory has %v, %v", files, err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
}

// TestOpen_ResolvesARelativeName when it is called, and not later.
func TestOpen_ResolvesARelativeName(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	b, err := sqlite.Open("sessions.db", quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	t.Chdir(t.TempDir())
	if err := b.Swap(t.Context(), "id", nil, record("data")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(t.Context(), "id"); err != nil { // on a connection that is made now
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "sessions.db")); err != nil {
		t.Error(err)
	}
}

// TestOpen_NamesTheRemedy for whatever is wrong with the file.
func TestOpen_NamesTheRemedy(t *testing.T) {
	write := func(content string) func(t *testing.T, file string) {
		return func(t *testing.T, file string) {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name, file, want string
		before           func(t *testing.T, file string)
		lowly            bool // root may do it
	}{
		{name: "no name", file: "", want: "give a name"},
		{name: "memory", file: ":memory:", want: "package memory"},
		{name: "URI", file: "file:sessions.db", want: "as it is"},
		{name: "no directory", file: "missing/sessions.db", want: "create it first"},
		{name: "a file as the directory", file: "sessions.db/sessions.db", before: nil, want: "create it first"},
		{name: "a directory", file: ".", want: "name of a file"},
		{name: "a byte of 0", file: "a\x00b", want: "byte of 0"},
		{name: "no database", file: "sessions.db", before: write(strings.Repeat("this is a text", 100)), want: "move it away"},
		{name: "damaged", file: "sessions.db", before: damage, want: "move it away"},
		{name: "not writable", file: "sessions.db", before: func(t *testing.T, file string) {
			write("")(t, file)
			if err := os.Chmod(file, 0o400); err != nil {
				t.Fatal(err)
			}
		}, want: "right to write", lowly: true},
		{name: "directory not writable", file: "sessions.db", before: func(t *testing.T, file string) {
			if err := os.Chmod(filepath.Dir(file), 0o500); err != nil {
				t.Fatal(err)
			}
		}, want: "right to write", lowly: true},
		{name: "another table", file: "sessions.db", before: func(t *testing.T, file string) {
			if _, err := direct(t, file).Exec(`CREATE TABLE sessions (id TEXT, data TEXT)`); err != nil {
				t.Fatal(err)
			}
		}, want: "choose another"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.lowly && os.Geteuid() == 0 {
				asNobody(t)
			}
			dir := t.TempDir()
			t.Chdir(dir)
			if tt.before != nil {
				tt.before(t, tt.file)
			}
			if tt.name == "a file as the directory" {
				write("")(t, "sessions.db")
			}
			b, err := sqlite.Open(tt.file, quiet)
			if err == nil {
				_ = b.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "sqlite: ") {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
		})
	}
}

// damage makes a database whose pages say nothing.
func damage(t *testing.T, file string) {
	b, err := sqlite.Open(file, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[100:], strings.Repeat("x", len(data)-100))
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLocked: a shell that keeps a transaction open makes commits fail with an
// error that says what to look for, and reads go on.
func TestLocked(t *testing.T) {
	b, db := open(t)
	if err := b.Swap(t.Context(), "id", nil, record("1")); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`DELETE FROM sessions`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 50 {
		if _, err := b.Read(t.Context(), "id"); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("50 reads took %v while another process wrote", took)
	}
	if testing.Short() {
		return // a commit waits for seconds
	}
	err = b.Swap(t.Context(), "id", []byte("1"), record("2"))
	if !errors.Is(err, backends.ErrNotApplied) || !strings.Contains(err.Error(), "a transaction open") {
		t.Errorf("got %v, want an ErrNotApplied with a remedy", err)
	}
}

// TestSeveralInstances: instances that each open the file lose no update.
func TestSeveralInstances(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessions.db")
	const instances, rounds = 4, 50
	done := make(chan error)
	for range instances {
		go func() {
			b, err := sqlite.Open(file, quiet) // all create the file at once
			if err != nil {
				done <- err
				return
			}
			defer b.Close()
			for n := 0; n < rounds && err == nil; {
				var r backends.Record
				r, err = b.Read(t.Context(), "id")
				if errors.Is(err, backends.ErrNotFound) {
					r.Data, err = nil, nil
				}
				if err != nil {
					break
				}
				switch err = b.Swap(t.Context(), "id", r.Data, record(string(r.Data)+"x")); {
				case err == nil:
					n++
				case errors.Is(err, backends.ErrConflict):
					err = nil
				}
			}
			done <- err
		}()
	}
	for range instances {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	b, err := sqlite.Open(file, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if r, err := b.Read(t.Context(), "id"); err != nil || len(r.Data) != instances*rounds {
		t.Errorf("%d of %d updates are there, %v", len(r.Data), instances*rounds, err)
	}
}

// TestSettings: what the documentation says of the file.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	for _, noSync := range []bool{false, true} {
		file := filepath.Join(dir, "sessions.db")
		b, err := sqlite.Open(file, &sqlite.Options{SweepEvery: -1, NoSync: noSync})
		if err != nil {
			t.Fatal(err)
		}
		want := 2 // FULL
		if noSync {
			want = 1
		}
		if got := sqlite.Pragma(t, b, "synchronous"); got != want {
			t.Errorf("NoSync %v: synchronous is %d, want %d", noSync, got, want)
		}
		var mode string
		if err := direct(t, file).QueryRow(`PRAGMA journal_mode`).Scan(&mode); err != nil || mode != "wal" {
			t.Errorf("the journal is in mode %q, %v", mode, err)
		}
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestZeroValue_IsRefusedWithTheRemedy when the middleware is made.
func TestZeroValue_IsRefusedWithTheRemedy(t *testing.T) {
	b := new(sqlite.Backend)
	if _, err := sessions.New(b, nil); err == nil || !strings.Contains(err.Error(), "sqlite.Open") {
		t.Errorf("got %v, want an error that names sqlite.Open", err)
	}
	if err := b.Close(); err == nil {
		t.Error("Close: got no error")
	}
}
