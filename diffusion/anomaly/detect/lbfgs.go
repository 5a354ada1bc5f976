package detect

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// remembered is how many steps shape the next one.
const remembered = 10

// step is what one step changed.
type step struct{ at, gradient []float64 }

// minimise returns where a smooth convex function of n numbers is smallest, from 0 on, by L-BFGS (Liu and Nocedal, "On the
// limited memory BFGS method for large scale optimization", 1989) with steps that are halved until they pay. It ends where
// no slope is steeper than enough.
func minimise(ctx context.Context, n int, enough float64, f func(at []float64) (value float64, gradient []float64)) ([]float64, error) {
	at := make([]float64, n)
	value, gradient := f(at)
	var steps []step
	for range 2000 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if steepest(gradient) <= enough {
			return at, nil
		}
		along := direction(gradient, steps)
		next := make([]float64, n)
		nextValue, nextGradient, length, slope := value, gradient, 1.0, dot(along, gradient)
		for {
			for i := range next {
				next[i] = at[i] + length*along[i]
			}
			if nextValue, nextGradient = f(next); nextValue <= value+1e-4*length*slope {
				break
			}
			if length /= 2; length < 1e-12 { // no lower number is left between the two
				return at, rounded(gradient, enough)
			}
		}
		steps = append(steps, step{difference(next, at), difference(nextGradient, gradient)})
		steps = steps[max(0, len(steps)-remembered):]
		at, value, gradient = next, nextValue, nextGradient
	}
	return at, rounded(gradient, enough)
}

// rounded allows a minimum that rounding keeps from being found more closely.
func rounded(gradient []float64, enough float64) error {
	if s := steepest(gradient); !(s <= 1000*enough) {
		return fmt.Errorf("%w: there is still a slope of %g", errNoMinimum, s)
	}
	return nil
}

var errNoMinimum = errors.New("no minimum was found")

// direction is that of the next step: downwards, by the curvature of the last ones.
func direction(gradient []float64, steps []step) []float64 {
	d := make([]float64, len(gradient))
	for i, g := range gradient {
		d[i] = -g
	}
	share := make([]float64, len(steps))
	for i := len(steps) - 1; i >= 0; i-- {
		s := steps[i]
		share[i] = dot(s.at, d) / dot(s.at, s.gradient)
		add(d, s.gradient, -share[i])
	}
	first := 1 / max(1, math.Sqrt(dot(gradient, gradient)))
	if len(steps) > 0 {
		s := steps[len(steps)-1]
		first = dot(s.at, s.gradient) / dot(s.gradient, s.gradient)
	}
	for i := range d {
		d[i] *= first
	}
	for i, s := range steps {
		add(d, s.at, share[i]-dot(s.gradient, d)/dot(s.at, s.gradient))
	}
	return d
}

// steepest is the largest slope.
func steepest(gradient []float64) float64 {
	most := 0.0
	for _, g := range gradient {
		most = max(most, math.Abs(g))
	}
	return most
}

func add(to, x []float64, factor float64) {
	for i, v := range x {
		to[i] += factor * v
	}
}

func difference(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}
