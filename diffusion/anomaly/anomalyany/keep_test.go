package anomalyany

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
)

// TestKeep: around the defect the latent is the photograph's, and the defect is drawn again.
func TestKeep(t *testing.T) {
	p := openModel(t, modelA)
	for _, o := range []Options{short(), shortReleased()} {
		g := newGenerator(t, p, o)
		r, err := g.Run(t.Context(), g.in, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		of := func(mask []float32, k Keeping) []float32 {
			x, err := g.Keep(t.Context(), g.in, r, &Annotation{Mask: mask}, k, nil)
			if err != nil {
				t.Fatal(err)
			}
			return tensor.Float32s(x)
		}
		decoded, err := p.Decode(t.Context(), g.in.latent)
		if err != nil {
			t.Fatal(err)
		}
		empty, corner := make([]float32, side*side), make([]float32, side*side)
		for i := range corner {
			if i%side < 24 && i/side < 24 {
				corner[i] = 1
			}
		}
		if !slices.Equal(of(empty, DefaultKeeping()), tensor.Float32s(decoded)) {
			t.Errorf("%s: without a defect the picture is not the photograph after the autoencoder", o.Preset)
		}
		if !slices.Equal(of(corner, Keeping{}), tensor.Float32s(r.Image)) {
			t.Errorf("%s: without blending the picture is not the run's", o.Preset)
		}
		kept := of(corner, DefaultKeeping())
		if !slices.Equal(kept, of(corner, DefaultKeeping())) {
			t.Errorf("%s: the same call has another result", o.Preset)
		}
		var in, out float64 // squared difference to the photograph
		for i, v := range kept {
			d := float64(v - tensor.Float32s(decoded)[i])
			if at := i % (side * side); corner[at] == 1 {
				in += d * d / (24 * 24)
			} else if at%side > 64 || at/side > 64 {
				out += d * d / (side*side - 65*65)
			}
		}
		if in == 0 || out > in/4 {
			t.Errorf("%s: the mean squared difference to the photograph is %g inside, %g far outside", o.Preset, in, out)
		}
	}
}

// TestKeepIsTold counts its steps, and ends with its context.
func TestKeepIsTold(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	r, err := g.Run(t.Context(), g.in, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := g.Annotate(t.Context(), g.in, r)
	if err != nil {
		t.Fatal(err)
	}
	k := DefaultKeeping()
	k.Blend = 0.2 // of 30 steps
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var told [][2]int
	_, err = g.Keep(ctx, g.in, r, a, k, func(step, of int) {
		if told = append(told, [2]int{step, of}); step == 2 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancelled context's", err)
	}
	if want := [][2]int{{1, 6}, {2, 6}}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	if got := g.KeepWork(k); got != 6*float64(g.denoise) {
		t.Errorf("work %g, want that of six predictions, %g", got, 6*float64(g.denoise))
	}
}

// TestTouched finds the cells of the latent that the mask reaches with its margin.
func TestTouched(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	mask := make([]float32, side*side)
	mask[20*side+30] = 1 // cell 3, 2
	for _, c := range []struct {
		margin float64
		cells  int
	}{{0, 1}, {1, 1}, {2, 2}, {3.9, 2}, {4, 3}, {4.5, 4}} {
		cells, err := g.touched(mask, c.margin)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, v := range cells {
			n += int(v)
		}
		if n != c.cells || cells[2*g.w+3] != 1 {
			t.Errorf("margin %g: %d cells, want %d", c.margin, n, c.cells)
		}
	}
}
