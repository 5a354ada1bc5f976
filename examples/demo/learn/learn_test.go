package learn

import (
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// TestDrawings has lessons of any pair and seed share no drawing.
func TestDrawings(t *testing.T) {
	seen := map[string]string{}
	for _, pair := range world.Pairs(world.UnseenPairs)[:2] {
		for _, seed := range []uint64{0, 1, MostSeed} {
			l := New(pair, 2, seed)
			for i, d := range l.drawings() {
				if d.Subject != pair.Subject.Name || d.Defect != pair.Defect.Name {
					t.Errorf("%s with %s in a lesson of %s with %s", d.Subject, d.Defect, pair.Subject.Name, pair.Defect.Name)
				}
				if before := seen[string(d.Picture)]; before != "" {
					t.Errorf("%s, drawing %d, is that of %s", l.Path(""), i, before)
				}
				seen[string(d.Picture)] = l.Path("")
			}
		}
	}
}

// TestRefused wants no lesson to take the drawings of another.
func TestRefused(t *testing.T) {
	pair := world.Pairs(world.UnseenPairs)[0]
	for _, l := range []Lesson{New(pair, 0, 0), New(pair, MostPictures+1, 0), New(pair, 1, MostSeed+1)} {
		if _, _, err := l.Learn(t.Context(), nil, t.TempDir()); err == nil || !strings.Contains(err.Error(), "want 1 to 10 and 0 to 99") {
			t.Errorf("%d drawings, seed %d: error %v", l.Pictures, l.Seed, err)
		}
	}
	if got, want := Template(pair), "a photo of a hazelnut with a {} on it"; got != want {
		t.Errorf("template %q, want %q", got, want)
	}
}
