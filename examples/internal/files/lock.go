package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gofrs/flock"
)

// Folder is a directory that a run writes into. While the run holds it, no other
// gets it.
type Folder struct {
	dir  string
	lock *flock.Flock
	made bool // by Hold
}

// lockName is the file that is locked. It is there while a run holds the folder,
// and after one that was killed; then it stands in nobody's way.
const lockName = ".sdgraph.lock"

// ErrHeld is returned for a folder that another run writes into.
var ErrHeld = errors.New("another run is writing into this folder: wait for its end, or give another --out")

// Hold makes a directory, unless it is there, takes it for this run, removes
// what a killed one has left, and checks whether files can be written into it:
// better before hours of work than after.
func Hold(dir string) (*Folder, error) {
	f := &Folder{dir: dir, made: !Exists(dir)}
	if err := f.take(); err != nil {
		if p, ok := err.(*fs.PathError); ok && p.Path == dir {
			err = p.Err // the folder is named already
		}
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := errors.Join(MakeWritable(dir), Clean(dir)); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// mostTries is how often a folder may go away just when it is to be taken; the
// folder that a link leads to does so for ever.
const mostTries = 100

// take locks the lock's file. Who held the folder before may just have removed
// it, or the folder, and then a lock on it is worth nothing.
func (f *Folder) take() error {
	path := filepath.Join(f.dir, lockName)
	for tries := 0; ; tries++ {
		err := os.MkdirAll(f.dir, 0o777)
		if err != nil && (!errors.Is(err, fs.ErrExist) || tries == mostTries) {
			return err
		}
		if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a file of this program: remove it, or give another --out", path)
		}
		f.lock = flock.New(path, flock.SetPermissions(0o666))
		got, err := f.lock.TryLock()
		switch {
		case errors.Is(err, fs.ErrNotExist) && tries < mostTries:
			continue
		case err != nil:
			return fmt.Errorf("the folder cannot be locked against other runs: %w; give another --out", err)
		case !got:
			return ErrHeld
		}
		locked, err1 := f.lock.Stat()
		there, err2 := os.Lstat(path)
		if err1 == nil && err2 == nil && os.SameFile(locked, there) {
			return nil
		}
		if err := f.lock.Unlock(); err != nil {
			return err
		}
	}
}

// Path is that of a file in the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// Release gives the folder back, and removes it if Hold has made it and nothing
// is in it. What cannot be removed stands in nobody's way, and what cannot be
// unlocked is when the process ends.
func (f *Folder) Release() {
	path := f.lock.Path()
	if runtime.GOOS != "windows" {
		os.Remove(path)
	}
	_ = f.lock.Unlock()
	if runtime.GOOS == "windows" { // where nothing that is open can be removed, by others neither
		os.Remove(path)
	}
	if f.made {
		os.Remove(f.dir)
	}
}
