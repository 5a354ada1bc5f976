package detect

import (
	"errors"
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
)

// The errors that callers may tell apart with errors.Is. What else goes wrong while samples are read is the samples' own
// error.
var (
	// ErrArgument is a call with what it does not take: a number out of its range, nil, no picture.
	ErrArgument = nn.ErrArgument

	// ErrNotFinite is a network whose features hold NaN or an infinity.
	ErrNotFinite = nn.ErrNotFinite

	// ErrNotFitted is a detector that has not learned from anything yet.
	ErrNotFitted = errors.New("the detector has not been fitted")

	// ErrNoReferences is fitting without a normal sample.
	ErrNoReferences = errors.New("there is no picture of a normal part to learn from")

	// ErrNoDefects is fitting a Probe without a defective sample.
	ErrNoDefects = errors.New("there is no picture of a defective part to learn from")

	// ErrOtherNetwork is a file of a detector that reads the features of another network than the one at hand.
	ErrOtherNetwork = errors.New("the detector was fitted with another network")
)

// wrong is ErrArgument that says what is wrong; %.0w wraps without printing.
func wrong(format string, a ...any) error {
	return fmt.Errorf("detect: %w%.0w", fmt.Errorf(format, a...), ErrArgument)
}

func noReferences() error { return fmt.Errorf("detect: %w", ErrNoReferences) }

func notFitted() error { return fmt.Errorf("detect: %w: call Fit first", ErrNotFitted) }
