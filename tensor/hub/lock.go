package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// looking is how often a lock that another program has is tried again.
const looking = 100 * time.Millisecond

// lock waits until no other program fetches a file, Python's client neither, and keeps others from it until unlock is
// called. Whoever had it may have removed the lock's file, as Python's does; a lock on that is worth nothing.
func (s store) lock(ctx context.Context, hash string, say func(string)) (unlock func(), err error) {
	path := filepath.Join(s.cache, locksDir, repoDir(s.repo), hash+".lock")
	for waited := false; ; {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, err
		}
		l := flock.New(path, flock.SetPermissions(0o666))
		got, err := l.TryLock()
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%s cannot be locked against other programs: %w; HF_HUB_CACHE sets another place", path, err)
		case err == nil && !got && !waited:
			waited = true
			say("another program is fetching it: waiting")
		}
		if got && isStill(l, path) {
			return func() { _ = l.Unlock() }, nil // else it ends with the process
		}
		_ = l.Close()
		if got {
			continue
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(looking):
		}
	}
}

// isStill reports whether the file that is locked is the one that has the name.
func isStill(l *flock.Flock, path string) bool {
	locked, err1 := l.Stat()
	there, err2 := os.Lstat(path)
	return err1 == nil && err2 == nil && os.SameFile(locked, there)
}
