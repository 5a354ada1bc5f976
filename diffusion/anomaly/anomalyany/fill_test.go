package anomalyany

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// column is a map of so many cells, [1, cells, 1].
func column(v ...float32) *gt.Dense { return tensor.FromFloat32s(v, 1, len(v), 1) }

// TestFillLoss computes the loss of maps of two tokens by hand: what one of them has
// the other need not have, and a cell that is seen nowhere has a finite loss.
func TestFillLoss(t *testing.T) {
	for name, c := range map[string]struct {
		shape []float32
		maps  []*gt.Dense
		want  float64
	}{
		"full":               {[]float32{1, 1, 0, 0}, []*gt.Dense{column(1, 0, 0.5, 0), column(0, 1, 0.5, 0)}, 0},
		"half":               {[]float32{1, 1, 0, 0}, []*gt.Dense{column(0.5, 0.25, 1, 1), column(0, 0.25, 0, 0)}, 3 * math.Ln2},
		"one cell":           {[]float32{0, 0, 0, 1}, []*gt.Dense{column(1, 1, 1, 0.125)}, 3 * 3 * math.Ln2},
		"empty cell":         {[]float32{1, 0, 1, 0}, []*gt.Dense{column(0, 0, 1, 1)}, 3 * 7 * math.Ln10 / 2},
		"outside counts not": {[]float32{1, 0, 0, 0}, []*gt.Dense{column(0.5, 1, 1, 1)}, 3 * math.Ln2},
	} {
		in := append([]*gt.Dense{fillWeights(c.shape, 3)}, c.maps...)
		got := nntest.Run(t, func(_ *nn.Build, in G.Nodes) []*G.Node {
			return []*G.Node{fillLoss(in[0], in[1:]...)}
		}, in)[0][0]
		if !(math.Abs(float64(got)-c.want) <= 1e-5) {
			t.Errorf("%s: L_fill is %g, want %g", name, got, c.want)
		}
	}
}

// TestFillGradient compares that of the maps with differences, where they are small
// and where they are large.
func TestFillGradient(t *testing.T) {
	shape := []float32{1, 0, 1, 1, 0, 1}
	nntest.CheckGrad(t, func(b *nn.Build, in G.Nodes) *G.Node {
		return fillLoss(b.Constant("shape", tensor.Float32s(fillWeights(shape, 2)), 1, len(shape), 1), in...)
	}, []*gt.Dense{column(0.9, 0.5, 0.1, 0.2, 0.7, 0.05), column(0.05, 0.1, 0.3, 0.6, 0.2, 0.03)})
}

// TestFillWeights spreads the weight over the shape, and over nothing where the shape
// is everything.
func TestFillWeights(t *testing.T) {
	for _, c := range []struct{ shape, want []float32 }{
		{[]float32{1, 0, 1, 0}, []float32{1.5, 0, 1.5, 0}},
		{[]float32{1, 1, 1, 1}, []float32{0, 0, 0, 0}},
	} {
		if diff := cmp.Diff(c.want, tensor.Float32s(fillWeights(c.shape, 3))); diff != "" {
			t.Errorf("%v: want -, got +:\n%s", c.shape, diff)
		}
	}
}

// TestFillOfALatent has the gradient with respect to the latent predict how much the
// losses fall, and L_att as it is without L_fill.
func TestFillOfALatent(t *testing.T) {
	p := openModel(t, modelA)
	o := short()
	o.MapHeight, o.MapWidth, o.Refine = 16, 16, 0
	plain := newMasked(t, p, o, left())
	o.Fill = 2
	g := newMasked(t, p, o, left())
	z := g.in.latent.With(g.Noises(g.in, 5).Initial)
	read := func(g ready, step float32) *reading {
		m, moved := g.method.(*paper), z.Copy()
		r, err := m.attend.read(t.Context(), g.in, z, 601, m.prompt)
		if err == nil && step != 0 {
			if err = moved.AddScaled(step, r.latent); err == nil {
				r, err = m.attend.read(t.Context(), g.in, moved, 601, m.prompt)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	now := read(g, 0)
	if without := read(plain, 0); without.fill != nil || without.loss != now.loss {
		t.Errorf("L_att is %g with L_fill and %g without", now.loss, without.loss)
	}
	norm := length(now.latent)
	step := 1e-2 / norm
	sum := func(r *reading) float64 { return float64(r.loss) + float64(*r.fill) }
	slope := (sum(read(g, float32(step))) - sum(read(g, -float32(step)))) / (2 * step)
	if want := norm * norm; !(math.Abs(slope-want) <= 0.02*want) {
		t.Errorf("along the gradient the losses rise by %g, want its squared length %g", slope, want)
	}
}

// TestFillRuns: a mask's shape is filled more than without, every step says how much,
// and a photograph without a mask has nothing to fill.
func TestFillRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	p := openModel(t, modelA)
	o := short()
	paper, masked := generate(t, newGenerator(t, p, o), 3), generate(t, newMasked(t, p, o, left()), 3)
	o.Fill = 3
	g := newGenerator(t, p, o)
	if everywhere := generate(t, g, 3); !slices.Equal(tensor.Float32s(paper.Image), tensor.Float32s(everywhere.Image)) {
		t.Error("without a mask there is another picture")
	}
	filled := generate(t, ready{g.Generator, encoded(t, g.Generator, photograph(), left())}, 3)
	if slices.Equal(tensor.Float32s(masked.Image), tensor.Float32s(filled.Image)) {
		t.Error("with a mask there is the same picture")
	}
	for i, s := range filled.Trace {
		if s.Fill == nil || !(*s.Fill > 0) || masked.Trace[i].Fill != nil {
			t.Errorf("step %d: L_fill is %v, without it %v", i, s.Fill, masked.Trace[i].Fill)
		}
	}
}
