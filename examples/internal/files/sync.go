package files

import (
	"errors"
	"syscall"
)

// cannotSync tells whether an error means that a directory cannot be synced at
// all, rather than that it failed.
func cannotSync(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EBADF)
}
