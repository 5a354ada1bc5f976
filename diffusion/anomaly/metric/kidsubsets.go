package metric

import (
	"errors"
	"fmt"
)

// KIDSubsets say how torch-fidelity takes a KID: the mean over random subsets of both sets.
type KIDSubsets struct {
	Subsets int    // how many
	Size    int    // pictures of each set in one; at most as many as the smaller set has
	Seed    uint32 // of the draws
}

// DefaultKIDSubsets returns torch-fidelity's: 100 of 1000 pictures, seed 2020.
func DefaultKIDSubsets() KIDSubsets { return KIDSubsets{Subsets: 100, Size: 1000, Seed: 2020} }

// SubsetKID returns the KID of two sets of features as torch-fidelity 0.4 takes it, over the same subsets: their mean and
// deviation. KID has all pairs once, which says more of the same pictures; this one is to be compared with published values.
// A set with fewer pictures than a subset is ErrTooFew.
func SubsetKID(x, y [][]float32, o KIDSubsets) (mean, deviation float64, err error) {
	if err := errors.Join(checkFeatures("the first set", x), checkFeatures("the second set", y)); err != nil {
		return 0, 0, err
	}
	if o.Subsets < 1 || o.Subsets > 10_000 || o.Size < 2 {
		return 0, 0, fmt.Errorf("%d subsets of %d pictures, want 1 to 10000 of at least 2", o.Subsets, o.Size)
	}
	if len(x) < o.Size || len(y) < o.Size {
		return 0, 0, fmt.Errorf("%w: sets of %d and %d, for subsets of %d", ErrTooFew, len(x), len(y), o.Size)
	}
	draw := newLegacy(o.Seed)
	values := make([]float64, o.Subsets)
	for i := range values {
		first := chosen(x, draw.choice(len(x), o.Size))
		second := chosen(y, draw.choice(len(y), o.Size))
		var k KID
		if err := k.Add(FeatureSet{Features: first}, FeatureSet{Features: second}); err != nil {
			return 0, 0, err
		}
		if values[i], err = k.Value(); err != nil {
			return 0, 0, err
		}
	}
	mean, deviation = meanAndDeviation(values)
	return mean, deviation, nil
}

func chosen(x [][]float32, at []int) [][]float32 {
	out := make([][]float32, len(at))
	for i, j := range at {
		out[i] = x[j]
	}
	return out
}
