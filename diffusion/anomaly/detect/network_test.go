package detect

import (
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision"
	gt "gorgonia.org/tensor"
)

// TestKnownNetworks: the networks of package vision whose layers the methods know have them, the finest first.
func TestKnownNetworks(t *testing.T) {
	for name, of := range known {
		n, err := vision.New(name)
		if err != nil {
			t.Fatal(err)
		}
		read := [][]string{of.padim, of.patchcore}
		if of.patch > 0 {
			read = [][]string{of.tokens, of.middle}
		}
		for _, layers := range read {
			last := -1
			for _, l := range layers {
				at := slices.Index(n.Layers(), l)
				if at <= last {
					t.Errorf("%s: layers %q, and the network has %q", name, layers, n.Layers())
				}
				last = at
			}
			if len(layers) == 0 {
				t.Errorf("%s has no layers", name)
			}
		}
	}
}

// TestLite0 runs the detectors on EfficientNet-Lite0 with random weights, by their defaults.
func TestLite0(t *testing.T) {
	net := vision.NewEfficientNetLite0()
	if err := nn.Randomize(net, 1, gt.Float32); err != nil {
		t.Fatal(err)
	}
	n := Network{Backbone: net, Name: "efficientnet_lite0"}
	train := samples(normals(100, 80, 2)...)
	for _, r := range []Reading{Official, Anomalib} {
		core, err := NewPatchCore(n, PatchCoreOptions{Reading: r, Size: 64})
		if err == nil {
			err = core.Fit(t.Context(), train)
		}
		if err != nil {
			t.Fatal(err)
		}
		if bank := core.fitted.Load().bank; bank.width != 152 || bank.rows != 2*8*8 {
			t.Errorf("PatchCore, %v: %d vectors of %d numbers, want 128 of 152", r, bank.rows, bank.width)
		}
		place, err := NewPaDiM(n, PaDiMOptions{Reading: r, Size: 64})
		if err == nil {
			err = place.Fit(t.Context(), train)
		}
		if err != nil {
			t.Fatal(err)
		}
		if g := place.fitted.Load(); g.n != 16*16 || g.c != 100 {
			t.Errorf("PaDiM, %v: %d places of %d channels, want 256 of 100", r, g.n, g.c)
		}
	}
}
