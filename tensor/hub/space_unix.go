//go:build linux || darwin

package hub

import (
	"errors"
	"syscall"
)

// freeIn is how many bytes may be written in a directory that exists; -1 where nobody says.
func freeIn(dir string) int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}

// isFull reports whether an error is that of a full disk, or of a quota.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
