package detect

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision"
)

// blocks is a network without weights: its layers "4", "8" and "16" are colours and their squares at that stride.
type blocks struct{ factor float32 }

func (n blocks) Features(b *nn.Build, picture nn.FeatureMap, layers ...string) []nn.FeatureMap {
	var all []nn.FeatureMap
	for _, layer := range layers {
		stride := map[string]int{"4": 4, "8": 8, "16": 16}[layer]
		if stride == 0 {
			panic("blocks has no layer " + layer)
		}
		h, w := picture.H/stride, picture.W/stride
		x := nn.Resample(picture.X, picture.H, picture.W, kernels.BilinearAntialiasTaps(picture.H, h), kernels.BilinearAntialiasTaps(picture.W, w))
		all = append(all, nn.FeatureMap{X: nn.Concat(nn.Scale(x, n.factor), nn.Mul(x, x)), H: h, W: w})
	}
	return all
}

func (blocks) Scaling() vision.Scaling { return vision.ImageNet }

// network is blocks under a name.
func network() Network {
	return Network{Backbone: blocks{1}, Name: "blocks", SHA256: strings.Repeat("0", 64)}
}

var fine, three = []string{"8", "16"}, []string{"4", "8", "16"}

// part draws a normal part: shaded, with noise of a seed.
func part(w, h int, seed uint64) *image.RGBA {
	random := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := uint8(90 + 80*x/w + random.IntN(12))
			m.SetRGBA(x, y, color.RGBA{v, v / 2, 200 - v/2, 255})
		}
	}
	return m
}

// spotted is a part with a spot, and its mask.
func spotted(w, h int, seed uint64, at image.Rectangle) anomaly.Sample {
	m, mask := part(w, h, seed), image.NewGray(image.Rect(0, 0, w, h))
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			m.SetRGBA(x, y, color.RGBA{20, 200, 30, 255})
			mask.SetGray(x, y, color.Gray{255})
		}
	}
	return anomaly.Sample{Picture: m, Mask: mask, Defect: "spot", Path: "spot/000.png"}
}

// samples yields some.
func samples(all ...anomaly.Sample) anomaly.Samples {
	return func(yield func(anomaly.Sample, error) bool) {
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// normals are k normal samples.
func normals(w, h, k int) []anomaly.Sample {
	var all []anomaly.Sample
	for i := range k {
		all = append(all, anomaly.Sample{Picture: part(w, h, uint64(i)), Path: "good/" + string(rune('a'+i)) + ".png"})
	}
	return all
}

// made are detectors of each kind over a network.
func made(t *testing.T, n Network, r Reading) map[string]anomaly.Detector {
	t.Helper()
	must := func(d anomaly.Detector, err error) anomaly.Detector {
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	core := func(share float64) anomaly.Detector {
		d, err := NewPatchCore(n, PatchCoreOptions{Reading: r, Layers: fine, Size: 64, Coreset: share})
		return must(d, err)
	}
	place := func() anomaly.Detector {
		d, err := NewPaDiM(n, PaDiMOptions{Reading: r, Layers: three, Size: 64, Dimension: 12})
		return must(d, err)
	}
	probe := func() *Probe {
		d, err := NewProbe(n, ProbeOptions{Reading: r, Layers: fine, Size: 64})
		return must(d, err).(*Probe)
	}
	both := func(normal anomaly.Detector) anomaly.Detector {
		d, err := NewWeighted(normal, probe())
		return must(d, err)
	}
	return map[string]anomaly.Detector{
		"PatchCore": core(1), "PatchCore of a coreset": core(0.4), "PaDiM": place(), "Probe": probe(),
		"weighted PatchCore": both(core(1)), "weighted PaDiM": both(place()),
	}
}

// TestDefectsShow: with one picture and with several, of any shape, a defect that is drawn in has the largest number of
// the map and makes the score rise; a map has the picture's size.
func TestDefectsShow(t *testing.T) {
	for _, r := range []Reading{Official, Anomalib} {
		for name, d := range made(t, network(), r) {
			for _, shots := range []int{1, 14} {
				for _, size := range []image.Point{{120, 80}, {50, 70}, {64, 64}} {
					spot := image.Rect(size.X/2-6, size.Y/2-6, size.X/2+6, size.Y/2+6)
					bad := spotted(size.X, size.Y, 99, spot)
					train := append(normals(size.X, size.Y, shots), spotted(size.X, size.Y, 97, spot.Sub(image.Pt(8, 12))))
					if err := d.Fit(t.Context(), samples(train...)); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					good, err := d.Detect(t.Context(), part(size.X, size.Y, 98))
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					found, err := d.Detect(t.Context(), bad.Picture)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					if err := found.Map.Validate(); err != nil || found.Map.Width != size.X || found.Map.Height != size.Y {
						t.Fatalf("%s: a map of %d×%d: %v", name, found.Map.Width, found.Map.Height, err)
					}
					at := slices.Index(found.Map.Values, found.Map.Max())
					if p := image.Pt(at%size.X, at/size.X); found.Score < 2*good.Score || !p.In(spot.Inset(-8)) {
						t.Errorf("%s, %v, %d shots, %v: score %g and of a normal part %g; the largest number at %v, the spot at %v", name, r, shots, size, found.Score, good.Score, p, spot)
					}
				}
			}
		}
	}
}

// TestNothingToLearn: errors of kinds, and what was learned before stays.
func TestNothingToLearn(t *testing.T) {
	broken := errors.New("cut short")
	for name, d := range made(t, network(), Official) {
		if _, err := d.Detect(t.Context(), part(64, 64, 1)); !errors.Is(err, ErrNotFitted) {
			t.Errorf("%s before Fit: %v", name, err)
		}
		few, missing := spotted(64, 64, 1, image.Rect(9, 9, 20, 20)), ErrNoReferences
		switch d.(type) {
		case *Probe, *Weighted: // to a Probe the rest of a defective picture is normal
			few, missing = normals(64, 64, 1)[0], ErrNoDefects
		}
		if err := d.Fit(t.Context(), samples(few)); !errors.Is(err, missing) {
			t.Errorf("%s without what it learns from: %v, want %v", name, err, missing)
		}
		train := func(yield func(anomaly.Sample, error) bool) {
			_ = yield(normals(64, 64, 1)[0], nil) && yield(anomaly.Sample{}, broken)
		}
		if err := d.Fit(t.Context(), train); !errors.Is(err, broken) {
			t.Errorf("%s of samples that end with an error: %v", name, err)
		}
		if err := d.Fit(t.Context(), samples(anomaly.Sample{Path: "/x/none.png"})); !errors.Is(err, ErrArgument) || !strings.HasPrefix(err.Error(), "none.png: ") {
			t.Errorf("%s of no picture: %v", name, err)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := d.Fit(ended, samples(normals(64, 64, 2)...)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s of a context that has ended: %v", name, err)
		}
		if err := d.Fit(t.Context(), samples(append(normals(64, 64, 2), spotted(64, 64, 1, image.Rect(20, 20, 40, 40)))...)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := d.Detect(ended, part(64, 64, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s detects under a context that has ended: %v", name, err)
		}
		for _, size := range []image.Point{{1, 1}, {2, 90}} {
			if got, err := d.Detect(t.Context(), part(size.X, size.Y, 1)); err != nil || len(got.Map.Values) != size.X*size.Y {
				t.Errorf("%s of a picture of %v: %v", name, size, err)
			}
		}
	}
	for name, d := range made(t, Network{Backbone: blocks{float32(math.NaN())}, Name: "blocks"}, Official) {
		if err := d.Fit(t.Context(), samples(normals(64, 64, 1)...)); !errors.Is(err, ErrNotFinite) {
			t.Errorf("%s of a network that sees NaN: %v", name, err)
		}
	}
}
