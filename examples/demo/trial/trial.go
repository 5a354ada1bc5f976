// Package trial chooses the drawings that the demo model is measured on. Their
// seeds are those of no drawing that anything was trained on.
package trial

import (
	"fmt"

	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/imageio"
	gt "gorgonia.org/tensor"
)

// FirstSeed is the first seed of drawings for measuring. The sets for training
// end far below it.
const FirstSeed = 9_000_000

// Pairs says which pairs of a subject and a defect are meant.
type Pairs string

// The pairs of the model's training, those kept from it, and both.
const (
	Seen   Pairs = "seen"
	Unseen Pairs = "unseen"
	All    Pairs = "all"
)

// Trial is a subject with a defect, to be drawn with and without it.
type Trial struct {
	Subject world.Subject
	Defect  world.Defect
	Seed    uint64 // of the drawing
}

// Unseen tells whether the model's training had this defect on this subject.
func (t Trial) Unseen() bool { return world.Unseen(t.Subject.Name, t.Defect.Name) }

// Normal draws the subject without the defect.
func (t Trial) Normal(size int) world.Drawing { return world.Draw(t.Subject, nil, t.Seed, size) }

// Defective draws the same subject in the same light with the defect.
func (t Trial) Defective(size int) world.Drawing {
	return world.Draw(t.Subject, &t.Defect, t.Seed, size)
}

// Spread lists n trials. They take turns with the pairs, so that of any two
// pairs one comes at most once more often; their seeds count up from first.
func Spread(pairs Pairs, n int, first uint64) ([]Trial, error) {
	var all []Trial
	for _, d := range world.Defects() {
		for _, s := range world.Subjects() {
			if t := (Trial{Subject: s, Defect: d}); pairs == All || t.Unseen() == (pairs == Unseen) {
				all = append(all, t)
			}
		}
	}
	if pairs != Seen && pairs != Unseen && pairs != All {
		return nil, fmt.Errorf("pairs %q, want %s, %s or %s", pairs, Seen, Unseen, All)
	}
	trials := make([]Trial, n)
	for i := range trials {
		trials[i] = all[i%len(all)]
		trials[i].Seed = first + uint64(i)
	}
	return trials, nil
}

// Caption is what is asked for where nothing is drawn, as drawings have it: of
// the subject alone where defect is empty.
func Caption(subject, defect string) string {
	if defect == "" {
		return "a photo of a " + subject
	}
	return fmt.Sprintf("a photo of a %s with a %s on it", subject, defect)
}

// Picture is a drawing as [1, 3, H, W] in [-1, 1].
func Picture(d world.Drawing) *gt.Dense {
	return imageio.ForModel(imageio.FromBytes(d.Picture, d.Size, d.Size))
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
