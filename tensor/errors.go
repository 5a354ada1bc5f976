package tensor

import (
	"errors"
	"fmt"
)

// The errors that callers may tell apart with errors.Is. What is not there is
// fs.ErrNotExist: a file, the weights of a directory, a shard.
var (
	// ErrDamaged is wrapped where a file is not what it should be: cut short,
	// malformed, contradicting itself, too large, or something else in its place,
	// such as a pipe, a Git LFS pointer, a pickle or a web page.
	ErrDamaged = errors.New("the file is damaged, or not what it should be")

	// ErrChanged is wrapped for a file that was written to after it was opened.
	ErrChanged = errors.New("the file was changed while it was open: open it again, and replace files by renaming new ones over them")

	// ErrReplaced is wrapped for a file whose name another has taken after it was
	// opened.
	ErrReplaced = errors.New("another file has taken the place of the one that is open: open it again")
)

// damaged makes err be ErrDamaged. %.0w wraps without printing: err says better
// what is wrong.
func damaged(err error) error { return fmt.Errorf("%w%.0w", err, ErrDamaged) }
