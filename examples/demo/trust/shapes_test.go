package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/demo/judge"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestShapes measures one drawing twice and wants one table.
func TestShapes(t *testing.T) {
	if testing.Short() {
		t.Skip("makes pictures")
	}
	var first []byte
	for workers := range 2 {
		s := shapes{N: 2, Seed: 9_600_000, Pairs: "seen", Fill: []float64{0, 1}, NoRefine: true, Workers: 1 + workers, Out: t.TempDir()}
		if err := s.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(s.Out, "shapes.md"))
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && string(first) != string(data) {
			t.Errorf("one worker:\n%s\ntwo:\n%s", first, data)
		}
		first = data
	}
}

// TestPlan has every pair once before any comes again, and every kind of every size
// before a pair has one of them again.
func TestPlan(t *testing.T) {
	all, err := shapes{N: 144, Seed: 7, Pairs: "unseen"}.plan()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, c := range all {
		key := strings.Join([]string{c.Subject.Name, c.Defect.Name, string(c.kind), c.size.name}, ", ")
		if seen[key] || !c.Unseen() || c.Seed != 7+uint64(i) {
			t.Errorf("drawing %d of seed %d: %s a second time, or a seen pair", i, c.Seed, key)
		}
		seen[key] = true
	}
	if _, err := (shapes{N: 1, Pairs: "some"}).plan(); err == nil {
		t.Error("pairs that there are not: no error")
	}
}

// TestDraw: shapes lie on the object, are as long as they are to be, and lines are no
// hairs.
func TestDraw(t *testing.T) {
	at := slices.IndexFunc(world.Subjects(), func(s world.Subject) bool { return s.Name == "metal nut" })
	for i, kind := range kinds {
		c := shaped{trial.Trial{Pair: world.Pair{Subject: world.Subjects()[at], Defect: world.Defects()[0]}, Seed: uint64(40 + i)}, kind, extents[1]}
		shape, err := c.draw()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, v := range shape {
			if v == 1 {
				n++
			}
		}
		if n < 40 || n > 48*48 || kind == anomaly.LineShape && n > 48*8 {
			t.Errorf("%s: %d pixels", kind, n)
		}
		again, err := c.draw()
		if err != nil || !slices.Equal(shape, again) {
			t.Errorf("%s: another shape of the same seed (%v)", kind, err)
		}
	}
}

func TestCells(t *testing.T) {
	shape := []float32{
		1, 1, 0, 1,
		1, 0, 0, 0,
		0, 0, 0, 0,
		0, 0, 0, 0,
	}
	want := []float32{1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if diff := cmp.Diff(want, cells(shape, 4, 2)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestKeep has the generated picture inside, the photograph farther than two pixels away.
func TestKeep(t *testing.T) {
	const side = 9
	white, black := make([]float32, 3*side*side), make([]float32, 3*side*side)
	for i := range white {
		white[i] = 1
	}
	shape := make([]float32, side*side)
	shape[4*side+4] = 1
	picture := func(v []float32) []float32 {
		return tensor.Float32s(keep(tensor.FromFloat32s(v, 1, 3, side, side), tensor.FromFloat32s(black, 1, 3, side, side), shape, side))
	}
	got := picture(white)
	for x, want := range []float32{0, 0, 1.0 / 3, 2.0 / 3, 1, 2.0 / 3, 1.0 / 3, 0, 0} {
		for c := range 3 {
			if v := got[(c*side+4)*side+x]; math.Abs(float64(v-want)) > 1e-6 {
				t.Errorf("colour %d at %d: %g, want %g", c, x, v, want)
			}
		}
	}
}

func TestVerdict(t *testing.T) {
	mask := []float32{1, 1, 0, 0}
	for name, c := range map[string]struct {
		of   judge.Verdict
		want judged
	}{
		"asked":   {judge.Verdict{Defect: "crack", Mask: []float32{1, 0, 0, 0}}, judged{named: true, any: true, iou: 0.5}},
		"another": {judge.Verdict{Defect: "hole", Mask: []float32{1, 1, 0, 0}}, judged{any: true, iou: 1}},
		"none":    {judge.Verdict{Mask: []float32{0, 0, 0, 0}}, judged{}},
	} {
		if got := verdict(c.of, "crack", mask); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestTable has means of the drawings of a group, and no line for groups without any.
func TestTable(t *testing.T) {
	s := shapes{Fill: []float64{0, 0.5}, Pairs: "unseen"}
	crack := trial.Trial{Pair: world.Pair{Defect: world.Defects()[0]}}
	all := []*filled{
		{shaped{crack, anomaly.LineShape, extents[0]}, 0.5, judged{named: true, iou: 0.5}, []judged{{}, {named: true, any: true, iou: 0.25, kept: 0.5}}},
		{shaped{crack, anomaly.DotShape, extents[0]}, 0.7, judged{iou: 0.7}, []judged{{any: true}, {any: true, iou: 0.75, keptNamed: true, kept: 0.75}}},
	}
	rows := map[string]bool{}
	for line := range strings.Lines(s.table(all)) {
		rows[strings.Join(strings.Fields(strings.ReplaceAll(line, "|", " ")), " ")] = true
	}
	for _, want := range []string{
		"all 0 2 0.0 % 50.0 % 0.00 0.0 % 0.00 0.60 50.0 % 0.60",
		"all 0.5 2 50.0 % 100.0 % 0.50 50.0 % 0.62 0.60 50.0 % 0.60",
		"small line 0.5 1 100.0 % 100.0 % 0.25 0.0 % 0.50 0.50 100.0 % 0.50",
		"crack 0.5 2 50.0 % 100.0 % 0.50 50.0 % 0.62 0.60 50.0 % 0.60",
	} {
		if !rows[want] {
			t.Errorf("there is no line %q", want)
		}
	}
	for row := range rows {
		if strings.HasPrefix(row, "large") || strings.HasPrefix(row, "hole") {
			t.Errorf("a line of nothing: %q", row)
		}
	}
}

func TestFlags(t *testing.T) {
	good := shapes{N: 1, Fill: []float64{0, 1}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for says, change := range map[string]func(s *shapes){
		"--n is 0":              func(s *shapes) { s.N = 0 },
		"--fill is -1":          func(s *shapes) { s.Fill = []float64{-1} },
		"--gamma has 1 numbers": func(s *shapes) { s.Gamma = []float64{0.5} },
		"--gamma γ is 1":        func(s *shapes) { s.Gamma = []float64{0.5, 1} },
		"--fill has 101":        func(s *shapes) { s.Fill = make([]float64, 101) },
		"--workers is -1":       func(s *shapes) { s.Workers = -1 },
		"--seed is 18446744073": func(s *shapes) { s.Seed = math.MaxUint64 },
	} {
		s := good
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
