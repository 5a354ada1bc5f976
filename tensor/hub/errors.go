package hub

import (
	"errors"
	"fmt"

	"github.com/sdgraph/sdgraph/tensor"
)

// The kinds of errors that a program may tell apart with errors.Is. Besides, context.Canceled and
// context.DeadlineExceeded come through as they are, and so do the errors of packages os and io/fs.
var (
	// ErrArgument is a reference, an option or a variable of the environment that makes no sense.
	ErrArgument = errors.New("the argument is not what it should be")

	// ErrNotFound is a model, a revision of one or a file that the hub does not have, or does not show.
	ErrNotFound = errors.New("the hub does not have it")

	// ErrGated is a model whose licence must be accepted first, or a token that is refused.
	ErrGated = errors.New("the hub does not give it to everybody")

	// ErrUnsuitable is a repository in which there is nothing that could be opened, or several things of which one must
	// be chosen.
	ErrUnsuitable = errors.New("the repository does not say what to open")

	// ErrOffline is what is not in the cache where the network may not be used, or leads nowhere.
	ErrOffline = errors.New("it is not in the cache, and the hub is out of reach")

	// ErrServer is an answer that the hub's protocol does not allow, or one that says that the server cannot help.
	ErrServer = errors.New("the server does not answer as the hub does")

	// ErrNoSpace is a disk that is full, or would be.
	ErrNoSpace = errors.New("the disk is full")

	// ErrDamaged is a file whose size or hash is not the listed one, twice.
	ErrDamaged = tensor.ErrDamaged
)

// of makes an error of a kind. %.0w wraps without printing: the text says better what is wrong.
func of(kind error, format string, args ...any) error {
	return fmt.Errorf("%w%.0w", fmt.Errorf(format, args...), kind)
}
