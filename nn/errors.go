package nn

import (
	"errors"
	"fmt"

	"github.com/sdgraph/sdgraph/tensor"
)

// The errors that callers may tell apart with errors.Is. Files that are not what
// they should be, and weights that do not fit their model, are tensor.ErrDamaged.
var (
	// ErrArgument is wrapped where a call is given what it does not take: a tensor
	// of the wrong shape or type, a number out of its range, nil.
	ErrArgument = errors.New("wrong argument")

	// ErrClosed is returned by a program that was closed, or whose arena was.
	ErrClosed = errors.New("closed")

	// ErrMemory is returned where a graph does not fit into the memory that it may
	// take, or that the machine has; WithMemoryHint says what else can be done.
	ErrMemory = errors.New("not enough memory")

	// ErrNotFinite is wrapped by what Finite returns.
	ErrNotFinite = errors.New("not finite")

	// ErrUnsupported is wrapped where a configuration asks for another kind of model
	// than can be built.
	ErrUnsupported = errors.New("not supported")

	// ErrFileLost is returned by a program when part of a mapped file is gone: it was
	// cut short, or its disk failed.
	ErrFileLost = errors.New("part of a mapped file is gone: it was cut short, or its disk failed, while it was in use")
)

// wrongArgument makes err be ErrArgument; %.0w wraps without printing.
func wrongArgument(err error) error { return fmt.Errorf("%w%.0w", err, ErrArgument) }

// hinted adds to ErrMemory what WithMemoryHint says.
func hinted(err error, hint string) error {
	if hint == "" || !errors.Is(err, ErrMemory) {
		return err
	}
	return fmt.Errorf("%w, or %s", err, hint)
}

// damaged makes err, which says what is wrong with a file, be tensor.ErrDamaged;
// %.0w wraps without printing. An architecture that is not supported is no damage.
func damaged(err error) error {
	if errors.Is(err, ErrUnsupported) {
		return err
	}
	return fmt.Errorf("%w%.0w", err, tensor.ErrDamaged)
}
