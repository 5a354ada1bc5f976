//go:build unix

package tensor

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget drops the pages of bytes lo to hi-1 of a mapped file from this
// process. It is advice: where the system does not take it, nothing changes.
func forget(mapping []byte, lo, hi int) {
	lo -= lo % os.Getpagesize()
	_ = unix.Madvise(mapping[lo:hi], unix.MADV_DONTNEED)
}
