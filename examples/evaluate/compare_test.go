package main

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// painter is a method that paints a spot.
type painter struct {
	made *atomic.Int64                        // how many tries there were
	try  func(n int64, d anomaly.Draws) error // what becomes of the nth one
}

func (p painter) open(context.Context) (maker, error)                         { return p, nil }
func (p painter) generator(context.Context, order) (anomaly.Generator, error) { return p, nil }
func (p painter) options(order) any                                           { return "paint" }
func (p painter) Close() error                                                { return nil }
func (p painter) Generate(_ context.Context, in anomaly.Input, d anomaly.Draws) (r anomaly.Result, err error) {
	size := in.Normal.Rect.Size()
	r.Picture, r.Mask = image.NewRGBA(image.Rectangle{Max: size}), image.NewGray(image.Rectangle{Max: size})
	draw.Draw(r.Picture, r.Picture.Rect, in.Normal, in.Normal.Rect.Min, draw.Src)
	spot := image.Rect(0, 0, 9, 9).Add(image.Pt(d.Whole(0, size.X-9), d.Whole(0, size.Y-9)))
	draw.Draw(r.Picture, spot, image.NewUniform(color.Gray{Y: 20}), image.Point{}, draw.Src)
	draw.Draw(r.Mask, spot, image.White, image.Point{}, draw.Src)
	if n := p.made.Add(1); p.try != nil {
		err = p.try(n, d)
	}
	return r, err
}

// compare runs the command with methods and the fake detector.
func compare(t *testing.T, methods []method, args ...string) error {
	t.Helper()
	var c commandLine
	if _, err := newParser(&c).Parse(append([]string{"compare"}, args...)); err != nil {
		return err
	}
	c.Compare.methods, c.Compare.open, c.Compare.plain = methods, fake{}.open, true
	return c.run(t.Context())
}

// quiet is a bar that nobody sees.
func quiet(t *testing.T) *show.Progress { return show.NewProgress(t.Context(), io.Discard, 1) }

// TestCompare makes, judges, and does nothing twice.
func TestCompare(t *testing.T) {
	out, plain, picky := t.TempDir(), painter{made: new(atomic.Int64)}, painter{made: new(atomic.Int64)}
	picky.try = func(n int64, d anomaly.Draws) error {
		if n%2 == 1 {
			return errUnfit
		}
		return nil
	}
	all := []method{
		{name: anomalyAnyName, asked: true, drawn: true, open: picky.open}, {name: "paint", open: plain.open}, {name: idealName, asked: true, drawn: true, open: openIdeal},
	}
	args := []string{"--parts", "tile,bottle cap", "--pairs", "unseen", "--seeds", "0,1", "--pictures", "3", "--threads", "1", "--out", out}
	if err := compare(t, all, args...); err != nil {
		t.Fatal(err)
	}
	if made, tries := plain.made.Load(), picky.made.Load(); made != 12 || tries != 24 {
		t.Errorf("%d pictures of a method that always passes and %d tries of one that passes every second time, want 12 and 24", made, tries)
	}
	table := read(t, out, "compare.md")
	for _, text := range []string{"On unseen pairs: 2 parts, 2 references of each, 3 pictures of a reference", "| paint ", "| ideal ", "| nothing (PatchCore) "} {
		if !strings.Contains(table, text) {
			t.Errorf("the table does not say %q:\n%s", text, table)
		}
	}
	r, err := readJSON[CompareReport](filepath.Join(out, "compare.json"))
	if err != nil || len(r.Grounds) != 1 || len(r.Grounds[0].Methods) != 3 {
		t.Fatalf("%v, %+v", err, r)
	}
	if m := r.Grounds[0].Methods[0]; m.Wanted != 12 || m.Passed != 12 || m.Tries != 24 || m.Difference != nil || r.Grounds[0].Methods[1].Difference == nil {
		t.Errorf("%+v", m)
	}
	if err := compare(t, all, args...); err != nil || plain.made.Load() != 12 || read(t, out, "compare.md") != table {
		t.Errorf("again: %v, %d pictures", err, plain.made.Load())
	}
	args[7] = "2"
	wantError(t, compare(t, all, args...), "other options", "--pictures", "--overwrite")
	if err := compare(t, all, append(args, "--overwrite")...); err != nil || plain.made.Load() != 20 {
		t.Errorf("overwriting: %v, %d pictures", err, plain.made.Load())
	}
}

// TestCompareGoesOn has a run that was ended keep the references that are complete.
func TestCompareGoesOn(t *testing.T) {
	p := painter{made: new(atomic.Int64)}
	p.try = func(n int64, d anomaly.Draws) error {
		if n == 4 {
			return errors.New("the power fails")
		}
		return nil
	}
	args := []string{"--parts", "tile,wood", "--pairs", "seen", "--seeds", "3", "--pictures", "2", "--threads", "1", "--out", t.TempDir()}
	all := []method{{name: "paint", open: p.open}}
	wantError(t, compare(t, all, args...), "paint", "the power fails")
	if err := compare(t, all, args...); err != nil || p.made.Load() != 6 {
		t.Errorf("%v, %d tries, want 2 of the first part, 2 of the second one that are lost, and these again", err, p.made.Load())
	}
}

// TestComparePhotographs has a data set of photographs in the place of drawings.
func TestComparePhotographs(t *testing.T) {
	p, out := painter{made: new(atomic.Int64)}, t.TempDir()
	all := []method{{name: anomalyAnyName, asked: true, drawn: true, open: p.open}, {name: "paint", open: p.open}}
	data := drawn(t, map[string][3]int{"plate": {3, 2, 2}, "bolt": {1, 2, 1}})
	if err := compare(t, all, "--data", data, "--seeds", "0,4", "--out", out); err != nil {
		t.Fatal(err)
	}
	if n := p.made.Load(); n != 2*2*photographPictures {
		t.Errorf("%d pictures, want %d of each of two references of two parts, and none of a method that needs a model", n, photographPictures)
	}
	if text := read(t, out, "compare.md"); !strings.Contains(text, "On photographs") || strings.Contains(text, anomalyAnyName) {
		t.Errorf("the table is\n%s", text)
	}
	wantError(t, compare(t, all, "--data", data, "--generators", anomalyAnyName, "--out", out), "drawn parts")
}

// TestCompareLooks has the pictures measured, and shown.
func TestCompareLooks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	out, p := t.TempDir(), painter{made: new(atomic.Int64)}
	c := Compare{Seeds: []uint32{0}, Parts: []string{"tile"}, Pairs: unseenGround, Resolution: "native", Pictures: 2, Out: out, open: fake{}.open}
	c.methods = []method{{name: "paint", open: p.open}}
	if err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := readJSON[CompareReport](filepath.Join(out, "compare.json"))
	if err != nil {
		t.Fatal(err)
	}
	g := r.Grounds[0]
	if f := g.Methods[0].Figures; f == nil || f.Pictures != 2 || f.Overlap == nil || *f.Overlap < 0.9 || f.Asked != nil {
		t.Errorf("what a painted spot is like: %+v", f)
	}
	if s := g.Scale; s == nil || s.True.Found == nil || *s.True.Found < 0.8 || *s.Nothing.Found > 0.2 {
		t.Errorf("the judge finds true defects, and none in normal drawings: %+v", s)
	}
	if text := read(t, out, "compare.md"); !strings.Contains(text, "| true defects ") || !strings.Contains(text, "2 of 2") {
		t.Errorf("the table is\n%s", text)
	}
	if m, err := images.Read(t.Context(), filepath.Join(out, "unseen.png")); err != nil || m.Rect.Dy() < 2*cellSide {
		t.Errorf("the sheet: %v", err)
	}
}

// TestErrand writes what passed, and where nothing did all that there is.
func TestErrand(t *testing.T) {
	for _, c := range []struct {
		passes  func(n int64) bool
		written []bool
	}{
		{func(n int64) bool { return n == 1 || n == 5 }, []bool{true, false, true}},
		{func(n int64) bool { return false }, []bool{true, true, true}},
	} {
		p := painter{made: new(atomic.Int64)}
		p.try = func(n int64, d anomaly.Draws) error {
			if c.passes(n) {
				return nil
			}
			return anomaly.ErrNothingChanged
		}
		g, err := drawnGround(unseenGround, t.TempDir(), []string{"tile"}, 3)
		if err != nil {
			t.Fatal(err)
		}
		e := errand{g, method{name: "paint"}, g.parts[0], 1}
		if err := e.make(t.Context(), p, false, quiet(t)); err != nil {
			t.Fatal(err)
		}
		record, err := e.record()
		var written []bool
		for _, p := range record.Pictures {
			written = append(written, p.Written)
		}
		n := 0
		for made, bad := range e.made(t.Context()) {
			if err = errors.Join(err, bad); made.sample.Defect != "paint" || dataset.EmptyMask(made.sample) || made.asked != "" || made.seconds <= 0 {
				t.Errorf("%+v", made)
			}
			n++
		}
		if err != nil || !slices.Equal(written, c.written) {
			t.Errorf("%v, written %v, want %v", err, written, c.written)
		}
		if want := len(slices.DeleteFunc(slices.Clone(written), func(w bool) bool { return !w })); n != want {
			t.Errorf("%d pictures are read, want %d", n, want)
		}
	}
}

// TestOrders has asked methods take turns with the defects of a ground, others be asked for none.
func TestOrders(t *testing.T) {
	for name, want := range map[string][]string{unseenGround: {"hole", "hole", "hole", "hole"}, seenGround: {"crack", "scratch", "stain", "dent", "missing chunk"}} {
		g, err := drawnGround(name, t.TempDir(), []string{"wood"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		var asked []string
		for i := range g.pictures {
			if o := (errand{ground: g, part: g.parts[0]}).order(comparedPicture{}, i); o.defect != "" {
				t.Errorf("a method that is not asked is asked for %s", o.defect)
			}
			asked = append(asked, errand{ground: g, part: g.parts[0], method: method{asked: true}}.order(comparedPicture{}, i).defect)
		}
		if !slices.Equal(asked, want) {
			t.Errorf("%s: %q, want %q", name, asked, want)
		}
		normal, defective := g.parts[0].truth()
		for s := range normal {
			if s.Defect != "" {
				t.Errorf("a normal drawing has a %s", s.Defect)
			}
		}
		count := map[string]int{}
		for s := range defective {
			if count[s.Defect]++; world.Unseen("wood", s.Defect) != (name == unseenGround) {
				t.Errorf("%s: a true %s", name, s.Defect)
			}
		}
		if len(count) != len(g.parts[0].defects) {
			t.Errorf("%s: true defects %v", name, count)
		}
	}
}

// TestIdeal draws different defects on the very reference.
func TestIdeal(t *testing.T) {
	g, err := drawnGround(unseenGround, t.TempDir(), []string{"tile"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	reference, _ := g.parts[0].reference(t.Context(), 2)
	o := order{part: "tile", defect: "missing chunk", reference: reference}
	made, err := ideal{o}.Generate(t.Context(), anomaly.Input{Normal: reference.picture}, anomaly.NewDraws(1))
	other, err2 := ideal{o}.Generate(t.Context(), anomaly.Input{Normal: reference.picture}, anomaly.NewDraws(2))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if slices.Equal(made.Picture.Pix, other.Picture.Pix) || made.Stray > 0.7 || dataset.EmptyMask(made.Sample) {
		t.Errorf("stray %v", made.Stray)
	}
}

// TestMethods has each method open, say its options, and make a picture of a drawing, those that need no model of a
// photograph, too.
func TestMethods(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	g, err := drawnGround(unseenGround, t.TempDir(), []string{"wood"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	g.learns.steps = 2
	for _, m := range methods {
		t.Run(m.name, func(t *testing.T) {
			open, err := m.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer open.Close()
			e := errand{g, m, g.parts[0], 0}
			if err := e.make(t.Context(), open, false, quiet(t)); err != nil {
				t.Fatal(err)
			}
			for made, err := range e.made(t.Context()) {
				if err != nil || (made.asked == "hole") != m.asked || (made.sample.Defect == "hole") != m.asked {
					t.Errorf("asked for %q, made %q: %v", made.asked, made.sample.Defect, err)
				}
			}
			record, err := e.record()
			if o := record.Options["options"]; err != nil || o == "" || (o == "null") != (m.name == idealName) {
				t.Errorf("options %q, %v", o, err)
			}
			for _, part := range []string{"mvtec_tile", "metal_nut", "bolt"} {
				o := order{part: part, reference: comparedPicture{picture: plate(100), name: "000.png"}}
				if m.drawn {
					continue
				}
				if _, err := open.generator(t.Context(), o); err != nil {
					t.Errorf("%s: %v", part, err)
				}
			}
		})
	}
	nut, _ := generate.NSAFor("metal_nut")
	tile, _ := generate.NSAFor("tile")
	for _, c := range []struct {
		o    order
		want generate.NSAOptions
	}{
		{order{part: "metal_nut"}, nut}, {order{part: "mvtec_tile"}, tile}, {order{part: "my_part"}, generate.DefaultNSA()},
		{order{part: "brick", material: true, reference: comparedPicture{seed: 1}}, tile}, {order{part: "tile", reference: comparedPicture{seed: 1}}, generate.DefaultNSA()},
	} {
		if got := (nsaMaker{}).options(c.o); !reflect.DeepEqual(got, c.want) {
			t.Errorf("NSA for %s: %+v", c.o.part, got)
		}
	}
}

func TestCompareMistakes(t *testing.T) {
	out := t.TempDir()
	for _, c := range []struct{ args, says []string }{
		{[]string{"--generators", "cutpast"}, []string{"--generators", "cutpast", "did you mean"}},
		{[]string{"--generators", "ideal,ideal"}, []string{"--generators has ideal twice"}},
		{[]string{"--generators", "ideal", "--data", out}, []string{"ideal", "drawn parts"}},
		{[]string{"--parts", "hazelnot"}, []string{"--parts", `did you mean "hazelnut"?`}},
		{[]string{"--parts", "tile", "--data", out}, []string{"--parts", "--categories"}},
		{[]string{"--categories", "tile"}, []string{"--categories", "--data"}},
		{[]string{"--seeds", "1,1"}, []string{"--seeds has 1 twice"}},
		{[]string{"--pictures", "-1"}, []string{"--pictures"}},
		{[]string{"--examples", "0"}, []string{"--examples"}},
		{[]string{"--resolution", "tiny"}, []string{"--resolution"}},
		{[]string{"--data", filepath.Join(out, "nowhere")}, []string{"--data", "nowhere"}},
	} {
		wantError(t, compare(t, nil, append(c.args, "--out", filepath.Join(out, "results"))...), c.says...)
	}
	if left := clitest.Written(t, out); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	c := Compare{Seeds: []uint32{0}, Out: filepath.Join(out, "stopped"), Parts: []string{"tile"}, Pairs: unseenGround, methods: []method{{name: "paint", open: painter{made: new(atomic.Int64)}.open}}}
	if err := c.run(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	if err := os.WriteFile(filepath.Join(out, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	wantError(t, compare(t, nil, "--out", filepath.Join(out, "file")), "--out")
}
