// Package trial chooses the drawings that the demo model is measured on. Their
// seeds are those of no drawing that anything was trained on.
package trial

import (
	"fmt"

	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// FirstSeed is the first seed of drawings for measuring. The sets for training
// end far below it.
const FirstSeed = 9_000_000

// Trial is a subject with a defect, to be drawn with and without it.
type Trial struct {
	world.Pair
	Seed uint64 // of the drawing
}

// Normal draws the subject without the defect.
func (t Trial) Normal(size int) world.Drawing { return world.Draw(t.Subject, nil, t.Seed, size) }

// Defective draws the same subject in the same light with the defect.
func (t Trial) Defective(size int) world.Drawing {
	return world.Draw(t.Subject, &t.Defect, t.Seed, size)
}

// Spread lists n trials. They take turns with the pairs, so that of any two
// pairs one comes at most once more often; their seeds count up from first.
func Spread(pairs world.Selection, n int, first uint64) ([]Trial, error) {
	all := world.Pairs(pairs)
	if len(all) == 0 {
		return nil, fmt.Errorf("pairs %q, want %s, %s or %s", pairs, world.SeenPairs, world.UnseenPairs, world.AllPairs)
	}
	trials := make([]Trial, n)
	for i := range trials {
		trials[i] = Trial{all[i%len(all)], first + uint64(i)}
	}
	return trials, nil
}

// Picture is a drawing as [1, 3, H, W] in [-1, 1].
func Picture(d world.Drawing) *gt.Dense {
	return images.ForModel(images.FromBytes(d.Picture, d.Size, d.Size))
}

// Truth tells of each pixel of a drawing whether the defect is there.
func Truth(d world.Drawing) []bool {
	truth := make([]bool, len(d.Mask))
	for i, m := range d.Mask {
		truth[i] = m > 0
	}
	return truth
}

// Mask is Truth as numbers, 1 for the defect.
func Mask(d world.Drawing) []float32 {
	mask := make([]float32, len(d.Mask))
	for i, m := range d.Mask {
		if m > 0 {
			mask[i] = 1
		}
	}
	return mask
}
