package generate

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
)

// ErrArgument is a call with what it does not take: an option out of its range, a picture of another size, nil. What a
// method finds no place for, and a picture in which nothing changed, are errors of their own (anomaly.ErrNothingChanged).
var ErrArgument = nn.ErrArgument

// wrong is ErrArgument that says what is wrong; %.0w wraps without printing.
func wrong(format string, a ...any) error {
	return fmt.Errorf("generate: %w%.0w", fmt.Errorf(format, a...), ErrArgument)
}

// within is an error if an option is not between lo and hi.
func within(option string, v, lo, hi float64) error {
	if !(v >= lo && v <= hi) {
		return wrong("%s is %v, want %v to %v", option, v, lo, hi)
	}
	return nil
}

// spanWithin is an error if an option's two numbers, between which it is drawn, are not lo ≤ first ≤ second ≤ hi.
func spanWithin(option string, span [2]float64, lo, hi float64) error {
	if !(span[0] >= lo && span[1] >= span[0] && span[1] <= hi) {
		return wrong("%s is %v to %v, want a span within %v to %v", option, span[0], span[1], lo, hi)
	}
	return nil
}

// firstOf is the first error of several.
func firstOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
