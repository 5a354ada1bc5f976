package anomaly

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// Draws are the random choices of a Generator, in the order in which it makes them. They come of a seed
// (NewDraws), may be noted on their way (Recorder), and come again as they were noted (Player).
//
// Calls that nothing can come of, such as Whole(3, 3), return lo, the mean, 0, or as many numbers as
// there are. A Generator refuses options that lead to them. Draws are not for several goroutines at once.
type Draws interface {
	// Whole draws a whole number n, lo ≤ n < hi.
	Whole(lo, hi int) int
	// Uniform draws x evenly from lo ≤ x < hi.
	Uniform(lo, hi float64) float64
	// Normal draws from the normal distribution.
	Normal(mean, deviation float64) float64
	// Gamma draws from the gamma distribution, whose mean is shape·scale.
	Gamma(shape, scale float64) float64
	// Choose draws k different numbers from 0 to n-1. Their order is drawn, too.
	Choose(n, k int) []int
}

// NewDraws returns the draws of a seed: on one machine the same for the same calls. They are not those
// of numpy or torch, but of the same distributions.
func NewDraws(seed uint64) Draws {
	source := pcg{rand.NewPCG(seed, 0)}
	return &seeded{rand: rand.New(source), source: source}
}

type seeded struct {
	rand   *rand.Rand
	source pcg
}

// pcg is a source of both math/rand/v2 and gonum.
type pcg struct{ *rand.PCG }

// Seed is what gonum's sources have, too; nothing calls it.
func (p pcg) Seed(seed uint64) { p.PCG.Seed(seed, 0) }

func (s *seeded) Whole(lo, hi int) int {
	n := hi - lo
	if hi <= lo || n < 0 { // n may be more than an int holds
		return lo
	}
	return lo + s.rand.IntN(n)
}

func (s *seeded) Uniform(lo, hi float64) float64 {
	if width := hi - lo; !(width > 0) || math.IsInf(width, 0) {
		return lo
	}
	return min(lo+(hi-lo)*s.rand.Float64(), math.Nextafter(hi, lo)) // rounding may give hi
}

func (s *seeded) Normal(mean, deviation float64) float64 {
	return mean + deviation*s.rand.NormFloat64()
}

func (s *seeded) Gamma(shape, scale float64) float64 {
	if !(shape > 0) || !(scale > 0) || math.IsInf(shape, 0) {
		return 0
	}
	return scale * distuv.Gamma{Alpha: shape, Beta: 1, Src: s.source}.Rand()
}

// Choose is Fisher's and Yates' shuffle of 0 to n-1 up to its k-th place, which keeps only what has moved.
func (s *seeded) Choose(n, k int) []int {
	var chosen []int
	moved := map[int]int{}
	at := func(i int) int {
		if v, ok := moved[i]; ok {
			return v
		}
		return i
	}
	for i := range min(n, k) {
		j := s.Whole(i, n)
		chosen = append(chosen, at(j))
		moved[j] = at(i)
	}
	return chosen
}
