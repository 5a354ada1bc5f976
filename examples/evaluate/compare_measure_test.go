package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// of yields pictures, or samples.
func of[T any](all ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func measuringOf(t *testing.T, judged bool) *measuring {
	t.Helper()
	m, err := newMeasuring(t.Context(), judged)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shaded is a grey picture of 20×16 with a square of another shade.
func shaded(shade uint8, square image.Rectangle) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, 20, 16))
	draw.Draw(p, p.Rect, image.NewUniform(color.Gray{Y: 100}), image.Point{}, draw.Src)
	draw.Draw(p, square, image.NewUniform(color.Gray{Y: shade}), image.Point{}, draw.Src)
	return p
}

func whiteIn(box image.Rectangle) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, 20, 16))
	draw.Draw(m, box, image.White, image.Point{}, draw.Src)
	return m
}

// TestMeasureByHand has figures that can be computed in one's head.
func TestMeasureByHand(t *testing.T) {
	m := measuringOf(t, false)
	square := image.Rect(4, 4, 8, 8)
	made := func(reference string, shade uint8, mask image.Rectangle, seconds float64) madePicture {
		return madePicture{"part", reference, "", shaded(100, square), anomaly.Sample{Picture: shaded(shade, square), Mask: whiteIn(mask)}, seconds}
	}
	f, err := m.measure(t.Context(), of(
		made("a", 151, square, 3),                    // 0.4 brighter, and all of it marked
		made("a", 202, image.Rect(4, 4, 6, 8), 1),    // 0.8, and half of it
		made("b", 100, image.Rect(0, 0, 20, 16), 0),  // nothing, all marked
		made("c", 102, image.Rect(4, 4, 12, 8), 1.5), // twice too much
	))
	if err != nil {
		t.Fatal(err)
	}
	v := func(x float64) *float64 { return &x }
	want := figures{
		Pictures: 4, Overlap: v((1 + 0.5 + 0 + 0.5) / 4), Stray: v(0.5 / 4), Area: v((16 + 8 + 320 + 32) / 320. / 4),
		Outside:   v(-10 * math.Log10(8*0.8*0.8/312./3/4)), // in one of three pictures, 8 pixels outside the mask
		Untouched: v(2. / 3), Spread: v(0.4), Seconds: v(1.5),
	}
	near := cmp.Comparer(func(x, y float64) bool { return math.Abs(x-y) < 1e-5 })
	if diff := cmp.Diff(want, f, near, cmpopts.IgnoreFields(figures{}, "FeatureSpread")); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	if f.FeatureSpread == nil || *f.FeatureSpread <= 0 {
		t.Errorf("the spread of features is %v", f.FeatureSpread)
	}
	one, err := m.measure(t.Context(), of(made("a", 151, square, 0)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(one)
	if want := `{"pictures":1,"overlap":1,"stray":0,"area":0.05,"untouched":1}`; err != nil || string(data) != want {
		t.Errorf("of one picture: %s, %v, want %s", data, err, want)
	}
	if got, want := one.cells()[3:8], []string{"1.00", "0 %", "∞", "–", "–"}; !slices.Equal(got, want) {
		t.Errorf("cells %q, want %q", got, want)
	}
	none, err := m.measure(t.Context(), of[madePicture]())
	if err != nil || none != (figures{}) {
		t.Errorf("of no picture: %+v, %v", none, err)
	}
	if s, err := m.scale(); err != nil || s != (scale{}) {
		t.Errorf("of no part: %+v, %v", s, err)
	}
}

// TestMeasureDrawings has pictures of the drawn world, whose truth is known: true defects lie close to true ones, what is
// marked without a defect does not, and the judge tells one from the other.
func TestMeasureDrawings(t *testing.T) {
	if testing.Short() {
		t.Skip("networks look at many pictures")
	}
	m := measuringOf(t, true)
	var ideal, nothing []madePicture
	for _, name := range []string{"hazelnut", "tile"} {
		parts, err := drawnParts([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		p, defect := parts[0], world.Defects()[2] // a hole
		var normal, defective []anomaly.Sample
		for i := range uint64(4) {
			defective, normal = append(defective, p.draw(p.first+100+i, &defect)), append(normal, p.draw(p.first+200+i, nil))
		}
		if err := m.learn(t.Context(), name, of(normal...), of(defective...)); err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			made := madePicture{name, fmt.Sprint(i / 2), defect.Name, p.train(i, nil).Picture, p.train(i, &defect), 1}
			ideal = append(ideal, made)
			made.sample.Picture = made.normal
			nothing = append(nothing, made)
		}
	}
	good, err1 := m.measure(t.Context(), of(ideal...))
	bad, err2 := m.measure(t.Context(), of(nothing...))
	s, err3 := m.scale()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string][2]*float64{
		"found": {bad.Found, good.Found}, "asked for": {bad.Asked, good.Asked}, "mask": {bad.Overlap, good.Overlap},
		"judge's distance": {&good.Distance.Value, &bad.Distance.Value}, "found in true ones": {s.Nothing.Found, s.True.Found},
		"distance": {&s.True.Distance.Value, &s.Nothing.Distance.Value}, "of whole pictures": {&good.WholeDistance.Value, &bad.WholeDistance.Value},
	} {
		if !(*c[0] < *c[1]) {
			t.Errorf("%s: %g, want less than %g", what, *c[0], *c[1])
		}
	}
	if *good.Found < 0.9 || *bad.Found > 0.1 || *good.JudgeIoU < 0.6 || *good.Stray > 0.2 || *s.True.Asked < 0.8 {
		t.Errorf("good %+v\nbad %+v", good.cells(), bad.cells())
	}
	if d := good.Distance; d.Parts != 2 || !(d.Low < d.Value && d.Value < d.High) || d.High > bad.Distance.Low {
		t.Errorf("%+v, and %+v of nothing", d, bad.Distance)
	}
	if n := len(figureTitles); n != len(good.cells()) || slices.Contains(good.cells(), "–") {
		t.Errorf("%d titles for %q", n, good.cells())
	}
}

// TestMeasureRefuses has errors that say of what they are.
func TestMeasureRefuses(t *testing.T) {
	m := measuringOf(t, false)
	p := madePicture{part: "nut", normal: shaded(1, image.Rectangle{}), sample: anomaly.Sample{Picture: shaded(2, image.Rectangle{})}}
	small, broken := p, errors.New("broken")
	small.sample.Mask = image.NewGray(image.Rect(0, 0, 3, 3))
	ended, end := context.WithCancel(t.Context())
	end()
	fails := func(yield func(madePicture, error) bool) { yield(madePicture{}, broken) }
	for says, err := range map[string]error{
		"nut: a mask of 3×3 pixels": func() error { _, err := m.measure(t.Context(), of(small)); return err }(),
		"nut: the normal picture":   func() error { _, err := m.measure(t.Context(), of(madePicture{part: "nut"})); return err }(),
		"context canceled":          func() error { _, err := m.measure(ended, of(p)); return err }(),
		"broken":                    func() error { _, err := m.measure(t.Context(), fails); return err }(),
		"cap: ":                     m.learn(ended, "cap", of(anomaly.Sample{Picture: p.normal}), of[anomaly.Sample]()),
	} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
}

// TestAround has squares that hold the place as far as the picture lets them, and lie in it.
func TestAround(t *testing.T) {
	for _, size := range []image.Point{{128, 128}, {300, 17}, {16, 99}, {1000, 700}} {
		for _, p := range []place{
			{image.Rect(0, 0, 1, 1), image.Pt(100, 100)}, {image.Rect(99, 0, 100, 2), image.Pt(100, 100)},
			{image.Rect(0, 0, 100, 100), image.Pt(100, 100)}, {image.Rect(40, 50, 70, 55), image.Pt(100, 100)},
		} {
			got, short := p.around(size), min(size.X, size.Y)
			if !got.In(image.Rectangle{Max: size}) || got.Dx() != got.Dy() || got.Dx() < 3*short/8 {
				t.Errorf("%v of %v in %v: %v", p.box, p.size, size, got)
			}
			box := image.Rect(p.box.Min.X*size.X/100, p.box.Min.Y*size.Y/100, p.box.Max.X*size.X/100, p.box.Max.Y*size.Y/100)
			if max(box.Dx(), box.Dy()) < short && !box.In(got) {
				t.Errorf("%v of %v in %v: %v does not hold %v", p.box, p.size, size, got, box)
			}
		}
	}
	if box := placeOf(whiteIn(image.Rect(3, 4, 6, 5))).box; box != image.Rect(3, 4, 6, 5) {
		t.Errorf("the place of a mask is %v", box)
	}
}

// TestCompareSheet finds pictures in their places, with a line around what is marked, and none in an empty one.
func TestCompareSheet(t *testing.T) {
	square := image.Rect(4, 4, 8, 8)
	data, err := compareSheet([]string{"nut\ncrack", "cap"}, []sheetRow{
		{"normal", []anomaly.Sample{{Picture: shaded(100, square)}, {}}},
		{"nsa", []anomaly.Sample{{}, {Picture: shaded(200, square), Mask: whiteIn(square)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	const left, gap, head, high = 7*6 + 6, 8, 2 * 19, cellSide * 16 / 20 // "normal" is the longest name
	if got, want := p.Bounds().Size(), image.Pt(left+2*(gap+cellSide), head+2*(gap+high)); got != want {
		t.Fatalf("%v pixels, want %v", got, want)
	}
	marked := func(at image.Point) (n int) {
		for y := range high {
			for x := range cellSide {
				if p.At(at.X+x, at.Y+y) == (color.RGBA{255, 0, 220, 255}) {
					n++
				}
			}
		}
		return n
	}
	first, second := image.Pt(left+gap, head+gap), image.Pt(left+2*gap+cellSide, head+2*gap+high)
	if n := marked(first); n != 0 || p.At(first.X, first.Y) != (color.RGBA{100, 100, 100, 255}) {
		t.Errorf("a normal picture with %d marked pixels, %v at its corner", n, p.At(first.X, first.Y))
	}
	if n := marked(second); n < 110 || n > 130 { // four sides of four pixels, each 6.4 as large, and of what the line is away
		t.Errorf("%d pixels are the line around a defect", n)
	}
	if at := image.Pt(second.X, first.Y); p.At(at.X+50, at.Y+50) != (color.RGBA{255, 255, 255, 255}) {
		t.Error("something is in an empty place")
	}
}
