package anomalyany

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// compilations counts the graphs that a pipeline compiles, by what it logs of them.
type compilations struct {
	slog.Handler
	n atomic.Int64
}

func (c *compilations) Enabled(context.Context, slog.Level) bool { return true }

func (c *compilations) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "graph compiled" {
		c.n.Add(1)
	}
	return nil
}

// TestWithMask: a photograph with another mask is as if it had been encoded with that, and the first stays.
func TestWithMask(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	top := slices.Concat(ones(side*side/2), make([]float32, side*side/2))
	for preset, o := range map[string]Options{"paper": short(), "released": shortReleased()} {
		g, err := New(t.Context(), openModel(t, modelA), side, side, o)
		if err != nil {
			t.Fatal(err)
		}
		first := encoded(t, g, photograph(), left())
		want := generate(t, ready{g, first}, 1)
		for _, mask := range [][]float32{top, nil, left()} {
			other, err := first.WithMask(mask)
			if err != nil {
				t.Fatal(err)
			}
			if got, own := generate(t, ready{g, other}, 1), generate(t, ready{g, encoded(t, g, photograph(), mask)}, 1); !cmp.Equal(got.numbers(), own.numbers()) {
				t.Errorf("%s: another result than of a photograph that was encoded with the mask", preset)
			}
		}
		if again := generate(t, ready{g, first}, 1); !cmp.Equal(again.numbers(), want.numbers()) {
			t.Errorf("%s: the first photograph has changed", preset)
		}
	}
}

// TestLeft: of a block that fills cells all is left, of one that fills two fifths of them nothing, and of both the block.
func TestLeft(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	o := g.Options()
	cell := side / o.MapHeight
	block, line := make([]float32, side*side), make([]float32, side*side)
	for y := range cell {
		for x := range cell {
			block[y*side+x] = 1
		}
	}
	for y := range cell * 2 / 5 {
		for x := range 2 * cell {
			line[(cell+y)*side+x] = 1
		}
	}
	both := make([]float32, side*side)
	for i := range both {
		both[i] = block[i] + line[i]
	}
	area := float64(cell * cell)
	for name, c := range map[string]struct {
		mask []float32
		want float64
	}{"block": {block, 1}, "line": {line, 0}, "both": {both, area / (area + float64(cell*2/5*2*cell))}, "all": {ones(side * side), 1}, "none": {make([]float32, side*side), 0}} {
		if got, err := g.Left(c.mask); err != nil || got != c.want {
			t.Errorf("%s: %v is left, want %v: %v", name, got, c.want, err)
		}
		if _, err := g.in.WithMask(c.mask); (err == nil) != (c.want > 0) {
			t.Errorf("%s: %v is left, and the error is %v", name, c.want, err)
		}
	}
}

// TestTwoPhotographs takes turns with two photographs, two masks and none in one
// Generator: each result is that of a Generator of its own, and nothing is compiled
// again.
func TestTwoPhotographs(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	another := tensor.FromFloat32s(tensor.NewRand(4).Randn(3*side*side), 1, 3, side, side)
	top := slices.Concat(ones(side*side/2), make([]float32, side*side/2))
	kinds := []struct {
		picture *gt.Dense
		mask    []float32
	}{{photograph(), left()}, {another, top}, {another, nil}}
	for preset, o := range map[string]Options{"paper": short(), "released": shortReleased()} {
		count := &compilations{Handler: slog.DiscardHandler}
		p := openModel(t, modelA, diffusion.WithLogger(slog.New(count)))
		g, err := New(t.Context(), p, side, side, o)
		if err != nil {
			t.Fatal(err)
		}
		var photographs []*Photograph
		for _, k := range kinds {
			photographs = append(photographs, encoded(t, g, k.picture, k.mask))
		}
		got := map[int][]*Result{}
		compiled := int64(0)
		for _, i := range []int{0, 1, 2, 0} {
			got[i] = append(got[i], generate(t, ready{g, photographs[i]}, 1))
			if compiled == 0 {
				compiled = count.n.Load() // with what the first result needs
			}
		}
		if n := count.n.Load(); n != compiled || n == 0 {
			t.Errorf("%s: %d graphs are compiled, %d of them for the first result", preset, n, compiled)
		}
		for i, k := range kinds {
			own, err := New(t.Context(), p, side, side, o)
			if err != nil {
				t.Fatal(err)
			}
			want := generate(t, ready{own, encoded(t, own, k.picture, k.mask)}, 1)
			for _, again := range got[i] {
				if !cmp.Equal(want.numbers(), again.numbers()) || !cmp.Equal(want.Trace, again.Trace) {
					t.Errorf("%s, photograph %d: another result than in a Generator of its own", preset, i)
				}
			}
		}
	}
}
