package tensor

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// SyncDir brings the names in a directory to the disk, as is due after a rename. It
// does nothing where directories cannot be opened or synced, as on Windows and on
// some networks' disks.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	err = d.Sync()
	if cannotSync(err) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// cannotSync reports whether an error means that a directory cannot be synced at
// all, rather than that it failed.
func cannotSync(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EBADF)
}
