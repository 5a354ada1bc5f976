package anomaly

import (
	"fmt"
	"math"
)

// Range is what a number is drawn from: evenly from Lo ≤ x < Hi, with a normal deviation on top. Lo = Hi
// is that number, and around it with a Deviation; the zero Range stands for no wish.
type Range struct{ Lo, Hi, Deviation float64 }

// largestShape is more than any picture has pixels along a side.
const largestShape = 1 << 20

// mostPoints are more than a shape's outline needs.
const mostPoints = 200

func (r Range) set() bool { return r != Range{} }

// draw draws the number, with as few draws as it takes.
func (r Range) draw(d Draws) float64 {
	x := r.Lo
	if r.Hi > r.Lo {
		x = d.Uniform(r.Lo, r.Hi)
	}
	if r.Deviation > 0 {
		x = d.Normal(x, r.Deviation)
	}
	return x
}

// check is an error if a range that is wanted does not lie within least and most.
func (r Range) check(what string, least, most float64) error {
	switch {
	case !r.set() || r.Lo >= least && r.Hi >= r.Lo && r.Hi <= most && r.Deviation >= 0 && r.Deviation <= most-least:
		return nil
	case r.Hi < r.Lo:
		return fmt.Errorf("shapes: %s from %v to %v, which is less", what, r.Lo, r.Hi)
	case !(r.Deviation >= 0 && r.Deviation <= most-least):
		return fmt.Errorf("shapes: %s with a deviation of %v, want 0 to %v", what, r.Deviation, most-least)
	}
	return fmt.Errorf("shapes: %s from %v to %v, want %v to %v", what, r.Lo, r.Hi, least, most)
}

// need is an error if a range that there must be is not within least and most.
func (r Range) need(what string, least, most float64) error {
	if !r.set() {
		return fmt.Errorf("shapes: %s from 0 to 0: DefaultShapes has numbers", what)
	}
	return r.check(what, least, most)
}

// within is an error if a number does not lie within least and most.
func within(what string, x, least, most float64) error {
	if x >= least && x <= most {
		return nil
	}
	return fmt.Errorf("shapes: %s %v, want %v to %v", what, x, least, most)
}

// counts is an error if whole numbers lo ≤ n < hi are not within least and most.
func counts(what string, n [2]int, least, most int) error {
	if n[0] >= least && n[1] > n[0] && n[1] <= most+1 {
		return nil
	}
	return fmt.Errorf("shapes: %s from %d to below %d, want %d to %d", what, n[0], n[1], least, most)
}

// coin draws whether what has a probability is so.
func coin(d Draws, probability float64) bool { return d.Uniform(0, 1) < probability }

// gaussian is a filter of taps weights, an odd number, whose sum is 1.
func gaussian(taps int, deviation float64) []float64 {
	w, sum := make([]float64, taps), 0.0
	for i := range w {
		x := float64(i - taps/2)
		w[i] = math.Exp(-x * x / (2 * deviation * deviation))
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}

// mirrored is the place from 0 to n-1 that lies where i is beyond an end, the end itself not repeated.
func mirrored(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	if i = (i%period + period) % period; i >= n {
		return period - i
	}
	return i
}
