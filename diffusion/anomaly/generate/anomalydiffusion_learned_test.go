package generate

import (
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// someLearned has random numbers of width 6.
func someLearned() *Learned {
	return &Learned{
		Word: "<crack>", Initial: "crack", Template: "a {}", Model: "ab cd", Steps: 7, Noted: map[string]any{"rate": 0.5},
		words: nntest.Normal(1, 3, 6), weight: nntest.Normal(2, 2*6, 64), bias: nntest.Normal(3, 2, 6),
	}
}

// TestPooled: means of fields that divide the mask, that cut through pixels, and that are smaller than a pixel; a mask that
// is all 1 is 1 everywhere.
func TestPooled(t *testing.T) {
	for _, size := range []image.Point{{16, 24}, {13, 9}, {3, 5}, {8, 8}, {1, 1}} {
		mask := slices.Repeat([]float32{1}, size.X*size.Y)
		for i, v := range pooled(mask, size.Y, size.X) {
			if math.Abs(v-1) > 1e-12 {
				t.Fatalf("%v: field %d of a mask of ones is %g", size, i, v)
			}
		}
	}
	mask := make([]float32, 16*24)
	mask[1], mask[16*23+15] = 1, 0.5 // of fields of 2×3 pixels
	phi := pooled(mask, 24, 16)
	if math.Abs(phi[0]-1.0/6) > 1e-12 || math.Abs(phi[63]-0.5/6) > 1e-12 {
		t.Errorf("fields %g and %g, want 1/6 and 1/12", phi[0], phi[63])
	}
	if phi := pooled(nil, 24, 16); slices.ContainsFunc(phi, func(v float64) bool { return v != 0 }) {
		t.Error("no mask has fields")
	}
}

// TestEncoderGradient compares Backward with differences of a weighted sum of Vectors. It adds to what is there.
func TestEncoderGradient(t *testing.T) {
	l := someLearned()
	mask := make([]float32, 20*12)
	for i := range mask {
		mask[i] = float32(i%5) / 4
	}
	weights := tensor.Float32s(nntest.Normal(5, 5*6))
	loss := func() (sum float64) {
		for i, v := range l.Vectors(mask, 20, 12) {
			sum += float64(v) * float64(weights[i])
		}
		return sum
	}
	var into [][]float32
	for _, p := range l.Parameters() {
		into = append(into, slices.Repeat([]float32{1}, len(p.Values)))
	}
	l.Backward(mask, 20, 12, weights, into)
	const step = 0.25 // the sum is linear
	for k, p := range l.Parameters() {
		if len(p.Values) == 0 {
			t.Fatalf("%s has no numbers", p.Name)
		}
		for i := 0; i < len(p.Values); i += 5 {
			at := p.Values[i]
			p.Values[i] = at + step
			upper := loss()
			p.Values[i] = at - step
			difference := (upper - loss()) / (2 * step)
			p.Values[i] = at
			if got := float64(into[k][i]) - 1; math.Abs(got-difference) > 1e-4 {
				t.Fatalf("%s, number %d: gradient %g, difference %g", p.Name, i, got, difference)
			}
		}
	}
}

// TestLearnedOfInversion: a file of plain textual inversion is one without encoder and masks, and one that is neither says
// what it is.
func TestLearnedOfInversion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scar.safetensors")
	want := &diffusion.Embedding{Word: "<scar>", Initial: "scratch", Vectors: nntest.Normal(1, 2, 6)}
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	l, err := ReadLearned(path, "")
	if err != nil || l.Word != "<scar>" || l.Initial != "scratch" || len(l.Masks) != 0 || l.SHA256 == "" || !slices.Equal(l.Vectors(nil, 0, 0), tensor.Float32s(want.Vectors)) {
		t.Errorf("read %+v, %v", l, err)
	}
	pickle := filepath.Join(t.TempDir(), "x.pt")
	if err := os.WriteFile(pickle, []byte("\x80\x02}q\x00."), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadLearned(pickle, ""); !errors.Is(err, tensor.ErrDamaged) || !strings.Contains(err.Error(), "pickle") {
		t.Errorf("a pickle: %v", err)
	}
}

// watched notes the gradients of what is learned.
type watched struct {
	*Learned
	gradients [][]float32
}

func (l *watched) Backward(mask []float32, h, w int, gradient []float32, into [][]float32) {
	l.Learned.Backward(mask, h, w, gradient, into)
	l.gradients = nil
	for _, g := range into {
		l.gradients = append(l.gradients, slices.Clone(g))
	}
}

// TestLearnedThroughTheModel compares the gradients of e_a, W and b through the small model with differences of its loss.
func TestLearnedThroughTheModel(t *testing.T) {
	p := demoPipeline(t)
	mask := greyShares(inTheMiddle())
	examples := []diffusion.Example{{Picture: images.ForModel(demo.Picture()), Mask: mask}}
	o := diffusion.DefaultInversion()
	o.Word, o.Initial, o.Steps, o.Augment.Probability, o.Seed = "<mine>", "crack", 1, 0, 6
	// The loss of the first step, whose draws are always the same, at parameters moved by so much along directions.
	loss := func(which int, by float32, w *watched) float64 {
		l := crack(t, p)
		if which >= 0 {
			along(l.Parameters()[which].Values, by)
		}
		w.Learned = l
		v, err := diffusion.NewInversionOf(t.Context(), p, examples, w, o)
		if err != nil {
			t.Fatal(err)
		}
		for step, err := range v.Steps(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			return step.Loss
		}
		return 0
	}
	var at watched
	loss(-1, 0, &at)
	const step = 0.02
	for i, g := range at.gradients {
		difference := (loss(i, step, new(watched)) - loss(i, -step, new(watched))) / (2 * step)
		direction := make([]float32, len(g))
		along(direction, 1)
		slope := 0.0
		for k, v := range g {
			slope += float64(v) * float64(direction[k])
		}
		t.Logf("%s: gradient %.6g, difference %.6g", []string{"e_a", "W", "b"}[i], slope, difference)
		if math.Abs(slope) < 1e-5 || math.Abs(slope-difference) > 0.02*math.Abs(slope)+1e-6 {
			t.Errorf("%s: gradient %g, difference %g", []string{"e_a", "W", "b"}[i], slope, difference)
		}
	}
}

// along moves numbers along a direction of length 1, one of ones and minus ones.
func along(v []float32, by float32) {
	for i := range v {
		sign := float32(1 - 2*(i*i/3%2))
		v[i] += sign * by / float32(math.Sqrt(float64(len(v))))
	}
}

// TestLearnedFile: what is written comes back, and a mask of a larger picture as its shares.
func TestLearnedFile(t *testing.T) {
	want := someLearned()
	want.Masks = []*image.Gray{placeOf(128, 128, image.Rect(10, 20, 31, 40)), placeOf(64, 64, image.Rect(1, 2, 3, 4))}
	want.MaskWord = &diffusion.Embedding{Word: "<mask>", Initial: "crack", Vectors: nntest.Normal(9, 1, 6)}
	path := filepath.Join(t.TempDir(), "crack.safetensors")
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := ReadLearned(path, "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Word != want.Word || got.Initial != want.Initial || got.Template != want.Template || got.Model != want.Model || got.Steps != 7 || got.Noted["rate"] != 0.5 || len(got.SHA256) != 64 {
		t.Errorf("read %+v", got)
	}
	if m := got.MaskWord; m == nil || m.Word != "<mask>" || m.Initial != "crack" || !slices.Equal(tensor.Float32s(m.Vectors), tensor.Float32s(want.MaskWord.Vectors)) {
		t.Errorf("read %+v for masks", m)
	}
	for i, p := range want.Parameters() {
		if again := got.Parameters()[i]; again.Name != p.Name || !slices.Equal(again.Values, p.Values) {
			t.Errorf("%s: read %s with other numbers", p.Name, again.Name)
		}
	}
	if n := len(got.Masks); n != 2 {
		t.Fatalf("%d masks", n)
	}
	if m := got.Masks[0]; m.Rect.Dx() != 64 || m.GrayAt(6, 12).Y != 255 || m.GrayAt(15, 12).Y != 128 || m.GrayAt(16, 12).Y != 0 {
		t.Errorf("a mask's shares are %d, %d, %d", m.GrayAt(6, 12).Y, m.GrayAt(15, 12).Y, m.GrayAt(16, 12).Y)
	}
	if renamed, err := ReadLearned(path, "<other>"); err != nil || renamed.Word != "<other>" {
		t.Errorf("with a name: %v", err)
	}
}

// TestLearnedFileRefused: files that lack something, contradict themselves, or have what is no number.
func TestLearnedFileRefused(t *testing.T) {
	nan := nntest.Normal(1, 3, 6)
	tensor.Float32s(nan)[4] = float32(math.NaN())
	fine := func() (map[string]*gt.Dense, map[string]string) {
		l := someLearned()
		return map[string]*gt.Dense{"e_a": l.words, "W": l.weight, "b": l.bias},
			map[string]string{"format": learnedFormat, "token": "<x>", "steps": "1", "options": "null"}
	}
	for says, spoil := range map[string]func(tensors map[string]*gt.Dense, said map[string]string){
		"nothing learned": func(d map[string]*gt.Dense, _ map[string]string) { delete(d, "e_a") },
		"go together":     func(d map[string]*gt.Dense, _ map[string]string) { delete(d, "b") },
		"e_a is not":      func(d map[string]*gt.Dense, _ map[string]string) { d["e_a"] = nan },
		"b has the":       func(d map[string]*gt.Dense, _ map[string]string) { d["b"] = nntest.Normal(1, 2, 5) },
		"W has the":       func(d map[string]*gt.Dense, _ map[string]string) { d["W"] = nntest.Normal(1, 12, 63) },
		"want a matrix":   func(d map[string]*gt.Dense, _ map[string]string) { d["e_a"] = nntest.Normal(1, 18) },
		"masks has":       func(d map[string]*gt.Dense, _ map[string]string) { d["masks"] = nntest.Normal(1, 1, 64, 63) },
		"mask_words has": func(d map[string]*gt.Dense, said map[string]string) {
			d["mask_words"], said["mask_token"] = nntest.Normal(1, 1, 5), "<mask>"
		},
		"for masks has no name": func(d map[string]*gt.Dense, _ map[string]string) { d["mask_words"] = nntest.Normal(1, 1, 6) },
		"tensor \"more\"":       func(d map[string]*gt.Dense, _ map[string]string) { d["more"] = nan },
		"has no word":           func(_ map[string]*gt.Dense, said map[string]string) { delete(said, "token") },
		"for steps":             func(_ map[string]*gt.Dense, said map[string]string) { said["steps"] = "-1" },
		"the options in":        func(_ map[string]*gt.Dense, said map[string]string) { said["options"] = "[" },
	} {
		tensors, said := fine()
		spoil(tensors, said)
		path := filepath.Join(t.TempDir(), "x.safetensors")
		if err := tensor.Save(path, tensors, said); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadLearned(path, ""); !errors.Is(err, tensor.ErrDamaged) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want ErrDamaged with %q", err, says)
		}
	}
}

// TestSameModel: a model is the same with CLIP and without.
func TestSameModel(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"a b", "a b", true}, {"a b", "a b c", true}, {"a b c", "a c", true}, {"a b", "a c", false}, {"", "a", false}} {
		if got := sameModel(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}

// TestExampleMasks: of an example comes a mask of about its area, inside the place, and not always the same; where there are
// none it is a shape, which is noted.
func TestExampleMasks(t *testing.T) {
	in := anomaly.Input{Normal: noisy(128, 96), Place: placeOf(128, 96, image.Rect(10, 10, 118, 86))}
	c, err := begin(t.Context(), in, Everywhere, anomaly.NewDraws(3), Provenance{})
	if err != nil {
		t.Fatal(err)
	}
	g := &AnomalyDiffusion{options: DefaultAnomalyDiffusion(), learned: someLearned(), pipeline: demoPipeline(t)}
	g.options.Examples.Grow = 0
	thin := image.NewGray(image.Rect(0, 0, 64, 64))
	for x := 20; x < 40; x++ {
		thin.Pix[64*30+x] = 100 // of each place two fifths are white
	}
	g.learned.Masks = []*image.Gray{thin}
	area := 20 * 100.0 / 255 * 2 * 1.5
	var all []*image.Gray
	for range 5 {
		mask, err := g.drawMask(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if n := float64(marked(mask)); n < 0.5*area || n > 1.6*area {
			t.Errorf("a mask of %g pixels, of an example of %g", n, area)
		}
		for i, v := range mask.Pix {
			if v != 0 && !c.may(i) {
				t.Fatalf("pixel %d of the mask is outside the place", i)
			}
		}
		all = append(all, mask)
	}
	if slices.Equal(all[0].Pix, all[1].Pix) {
		t.Error("two masks are the same")
	}
	if len(c.how.Notes) != 0 {
		t.Errorf("notes %q", c.how.Notes)
	}
	thinnest := marked(all[0])
	if err := c.grow(all[0], 4); err != nil || marked(all[0]) < 3*thinnest {
		t.Errorf("a mask of %d pixels has %d when it has grown by 4: %v", thinnest, marked(all[0]), err)
	}
	g.learned.Masks = nil
	if mask, err := g.drawMask(t.Context(), c); err != nil || marked(mask) == 0 || len(c.how.Notes) != 1 {
		t.Errorf("without examples: %v, notes %q", err, c.how.Notes)
	}
}

// TestStencil lays a mask over a picture as it is, and turned by a quarter.
func TestStencil(t *testing.T) {
	bar := placeOf(64, 64, image.Rect(20, 31, 41, 34)) // its middle is 30, 32
	same := newStencil(bar, image.Pt(64, 64)).at(image.Pt(64, 64), 0, 1, image.Pt(30, 32))
	if !slices.Equal(same.Pix, bar.Pix) {
		t.Error("a mask that is not turned is another")
	}
	turned := newStencil(bar, image.Pt(64, 64)).at(image.Pt(64, 64), 90, 1, image.Pt(30, 32))
	if want := placeOf(64, 64, image.Rect(29, 22, 32, 43)); !slices.Equal(turned.Pix, want.Pix) {
		t.Error("a mask that is turned by a quarter is not upright")
	}
	larger := newStencil(bar, image.Pt(128, 128)).at(image.Pt(128, 128), 0, 1.5, image.Pt(64, 64))
	if n, want := marked(larger), 3*21*4*9/4; math.Abs(float64(n-want)) > 20 {
		t.Errorf("three times as long and wide it has %d pixels, want %d", n, want)
	}
}

// TestNewLearnedRefuses words and numbers that nothing can begin with.
func TestNewLearnedRefuses(t *testing.T) {
	p := demoPipeline(t)
	for says, change := range map[string]func(o *LearnOptions){
		"word is empty": func(o *LearnOptions) { o.Word = "" },
		"init is empty": func(o *LearnOptions) { o.Initial = "" },
		"template is":   func(o *LearnOptions) { o.Template = "" },
		"encoder is":    func(o *LearnOptions) { o.Encoder = "IR-50" },
		"words is 0":    func(o *LearnOptions) { o.Words = 0 },
		"encoder_words": func(o *LearnOptions) { o.EncoderWords = 33 },
	} {
		o := DefaultLearn()
		o.Word, o.Initial, o.Template = "<x>", "crack", "a {}"
		change(&o)
		if _, err := NewLearned(t.Context(), p, o); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one with %q", err, says)
		}
	}
	o := DefaultLearn()
	o.Word, o.Initial, o.Template, o.Encoder = "<x>", "crack", "a {}", NoEncoder
	l, err := NewLearned(t.Context(), p, o)
	if err != nil || len(l.Parameters()) != 1 || len(l.Vectors(nil, 0, 0)) != 4*128 || l.Model == "" {
		t.Errorf("without an encoder: %+v, %v", l, err)
	}
	var _ diffusion.Words = l
}
