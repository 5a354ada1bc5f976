//go:build unix

package tensor

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestChangedUnderItsOldTime overwrites a file and sets the time of its
// modification to what it was, which leaves only the inode's own to tell.
func TestChangedUnderItsOldTime(t *testing.T) {
	path := write(t, t.TempDir(), "m.safetensors", every(0))
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	was := f.mapped.inode
	for now := was; now == was; { // the clock of inodes is coarse
		if err := errors.Join(overwrite(path, every(0)[:8]), os.Chtimes(path, before.ModTime(), before.ModTime())); err != nil {
			t.Fatal(err)
		}
		if now, err = inodeOf(f.mapped.File); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Changed(); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}

// TestSpecialFiles are refused before they are opened: nobody ever writes into
// this pipe.
func TestSpecialFiles(t *testing.T) {
	dir, err := os.MkdirTemp("", "t") // a socket's name must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	pipe, socket := filepath.Join(dir, "pipe.safetensors"), filepath.Join(dir, "socket.safetensors")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if l, err := net.Listen("unix", socket); err == nil {
		defer l.Close()
	}
	for path, kind := range map[string]string{pipe: "a pipe", socket: "a socket", os.DevNull: "a device", dir: "a directory"} {
		if _, err := os.Lstat(path); err != nil {
			continue // no sockets here
		}
		_, err := Open(path)
		wantError(t, err, path, "not a regular file but "+kind)
		_, err = Read(path, 100)
		wantError(t, err, path, "not a regular file but "+kind)
		for _, d := range []Dir{OnDisk(filepath.Dir(path)), InFS(os.DirFS(filepath.Dir(path)))} {
			_, err = d.ReadFile(filepath.Base(path))
			wantError(t, err, d.Path(filepath.Base(path)), "not a regular file but "+kind)
		}
	}
}
