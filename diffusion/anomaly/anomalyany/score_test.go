package anomalyany

import (
	"errors"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

func TestFocus(t *testing.T) {
	for name, c := range map[string]struct {
		soft, mask, may []float32
		want            float64
	}{
		"crisp":          {[]float32{1, 0, 0, 0}, []float32{1, 0, 0, 0}, nil, 1},
		"flat":           {[]float32{0.5, 0.5, 0.5, 0.5}, []float32{1, 0, 0, 1}, nil, 0},
		"soft":           {[]float32{0.75, 0.25, 0.25, 0.75}, []float32{1, 0, 0, 1}, nil, 0.5},
		"inside a mask":  {[]float32{1, 0.5, 0, 0}, []float32{1, 0, 0, 0}, []float32{1, 1, 0, 0}, 0.5},
		"nothing":        {[]float32{1, 0, 0, 0}, []float32{0, 0, 0, 0}, nil, 0},
		"everything":     {[]float32{1, 1, 1, 1}, []float32{1, 1, 1, 1}, nil, 0},
		"all that might": {[]float32{1, 1, 0, 0}, []float32{1, 1, 0, 0}, []float32{1, 1, 0, 0}, 0},
	} {
		if got := focus(c.soft, c.mask, c.may); got != c.want {
			t.Errorf("%s: %g, want %g", name, got, c.want)
		}
	}
}

// made is a result of side×side pixels, whose picture differs from the photograph in a square of 40 pixels by much and
// elsewhere by little; its annotation is that square.
func made() Made {
	picture := photograph().Clone().(*gt.Dense)
	v := tensor.Float32s(picture)
	a := &Annotation{Soft: make([]float32, side*side), Mask: make([]float32, side*side), Confidence: 0.5}
	soft, mask := make([]float32, side*side), make([]float32, side*side)
	for i := range a.Mask {
		if x, y := i%side, i/side; x >= 30 && x < 70 && y >= 50 && y < 90 {
			a.Mask[i], a.Soft[i] = 1, 1
		}
		soft[i] = 0.25
		if i < side {
			soft[i], mask[i] = 1, 1
		}
		for c := range 3 {
			at := &v[c*side*side+i]
			if *at += 0.01; a.Mask[i] == 1 && i%side < 60 {
				if *at -= 0.8; *at < -1 {
					*at += 1.6
				}
			}
		}
	}
	return Made{Result: &Result{Image: picture, SoftMap: soft, Mask: mask}, Annotation: a, Reference: photograph()}
}

var hazelnut = Wording{Prompt: "a photo of a hazelnut with a crack on it", Normal: "a photo of a hazelnut", Others: []string{"a photo of a hazelnut with a hole on it", "a photo of a hazelnut with a stain on it"}}

// TestScore scores a picture against what CLIP says of it and of the photograph.
func TestScore(t *testing.T) {
	p := openModel(t, modelA)
	m := made()
	s, err := NewScorer(t.Context(), p, photograph(), hazelnut)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Score(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	cosine := func(picture *gt.Dense, text string) float64 {
		e, err1 := p.CLIPImage(t.Context(), picture)
		w, err2 := p.CLIPText(t.Context(), text)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return diffusion.Cosine(e, w)
	}
	picture := clamped(m.Result.Image)
	cut := around(picture, m.Annotation.Mask)
	if shape := cut.Shape(); !shape.Eq(gt.Shape{1, 3, 56, 56}) { // 40 and an eighth of 128
		t.Errorf("the defect's part has shape %v", shape)
	}
	want := Scores{
		Area: 1600. / (side * side), Focus: value(0.75), Confidence: value(0.5), Inside: got.Inside, Outside: &Change{SSIM: got.Outside.SSIM}, Part: got.Part,
		Sees: value(cosine(cut, hazelnut.Prompt) - max(cosine(cut, hazelnut.Others[0]), cosine(cut, hazelnut.Others[1]))),
		CLIP: &CLIPScores{
			Prompt: cosine(picture, hazelnut.Prompt), Normal: cosine(picture, hazelnut.Normal),
			PhotographPrompt: cosine(photograph(), hazelnut.Prompt), PhotographNormal: cosine(photograph(), hazelnut.Normal),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if got.Outside.SSIM < 0.9 || got.Outside.SSIM >= 1 || *got.Part == 0 || math.Abs(*got.Part) > 0.1 || *got.Inside > 0.75 || *got.Inside < 0.74 {
		t.Errorf("outside %+v, part %g, inside %g", got.Outside, *got.Part, *got.Inside)
	}
	if margin := want.CLIP.Prompt - want.CLIP.Normal; got.CLIP.Margin() != margin || got.CLIP.Gain() != margin-(want.CLIP.PhotographPrompt-want.CLIP.PhotographNormal) {
		t.Errorf("margin %g, gain %g", got.CLIP.Margin(), got.CLIP.Gain())
	}
	if !cmp.Equal(m.Result.Image.Float32s(), made().Result.Image.Float32s()) {
		t.Error("the picture has changed")
	}
	m.May = make([]float32, side*side)
	copy(m.May, slices.Repeat([]float32{1}, 2*side))
	if got, err = s.Score(t.Context(), m); err != nil || *got.Focus != 0.75 {
		t.Errorf("in two rows: %+v, %v", got, err)
	}
}

// TestScoreKept: a picture that is the photograph outside the defect is the part.
func TestScoreKept(t *testing.T) {
	m := made()
	m.Picture = photograph().Clone().(*gt.Dense)
	v := tensor.Float32s(m.Picture)
	for i := range v {
		if m.Annotation.Mask[i%(side*side)] == 1 {
			v[i] = -v[i]
		}
	}
	s, err := NewScorer(t.Context(), openModel(t, modelA), photograph(), hazelnut)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Score(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if got.Outside.Share != 0 || math.Abs(got.Outside.SSIM-1) > 0.01 || math.Abs(*got.Part) > 1e-6 || *got.Inside < 0.5 {
		t.Errorf("outside %+v, part %g, inside %g", got.Outside, *got.Part, *got.Inside)
	}
}

// TestScoreWithoutCLIP has no more than what pictures say, and without a reference less.
func TestScoreWithoutCLIP(t *testing.T) {
	s, err := NewScorer(t.Context(), openModel(t, modelA, diffusion.WithoutCLIP()), nil, Wording{})
	if err != nil {
		t.Fatal(err)
	}
	m := made()
	got, err := s.Score(t.Context(), m)
	if err != nil || got.CLIP != nil || got.Part != nil || got.Sees != nil || got.Outside == nil || *got.Inside < 0.74 {
		t.Errorf("%+v, %v", got, err)
	}
	m.Reference = nil
	if got, err = s.Score(t.Context(), m); err != nil || got.Outside != nil || got.Inside != nil || got.Area == 0 {
		t.Errorf("without a reference: %+v, %v", got, err)
	}
}

// TestAround cuts the defect out of pictures, at their borders too.
func TestAround(t *testing.T) {
	const w, h = 64, 40
	v := make([]float32, 3*w*h)
	for i := range v {
		v[i] = float32(i)
	}
	picture := tensor.FromFloat32s(v, 1, 3, h, w)
	for name, c := range map[string]struct {
		x, y, side int // of a square mask
		left, top  int // of what is cut out
		size       int
	}{
		"a pixel":     {30, 20, 1, 23, 13, 15},
		"in a corner": {0, 0, 4, 0, 0, 15},
		"opposite":    {60, 36, 4, 49, 25, 15},
		"large":       {20, 5, 20, 17, 2, 25},
		"all":         {10, 0, 40, 10, 0, 40},
	} {
		mask := make([]float32, w*h)
		for y := c.y; y < c.y+c.side; y++ {
			for x := c.x; x < c.x+c.side; x++ {
				mask[y*w+x] = 1
			}
		}
		got := around(picture, mask)
		if s := got.Shape(); s[2] != c.size || s[3] != c.size {
			t.Errorf("%s: %v, want %d", name, s, c.size)
			continue
		}
		if first := tensor.Float32s(got)[0]; int(first) != c.top*w+c.left {
			t.Errorf("%s: begins at %d, %d, want %d, %d", name, int(first)%w, int(first)/w, c.left, c.top)
		}
	}
	if got := around(picture, make([]float32, w*h)); got != picture {
		t.Error("without a mask it is not the whole picture")
	}
}

// TestCompare: what changed, inside the mask and outside, of a picture that no model made.
func TestCompare(t *testing.T) {
	normal, made := image.NewRGBA(image.Rect(0, 0, 40, 20)), anomaly.Sample{Picture: image.NewRGBA(image.Rect(0, 0, 40, 20)), Mask: image.NewGray(image.Rect(0, 0, 40, 20))}
	for i := range normal.Pix {
		normal.Pix[i] = 100 | 255*uint8(i%4/3)
	}
	copy(made.Picture.Pix, normal.Pix)
	for y := range 10 {
		for x := range 4 {
			made.Mask.Pix[40*y+x] = 255
			if y < 5 {
				made.Picture.Pix[4*(40*y+x)] = 130
			}
		}
	}
	for x := 30; x < 40; x++ { // far away
		made.Picture.Pix[4*(40*19+x)] = 130
	}
	got, err := Compare(normal, made, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := Scores{Area: 0.05, Inside: value(0.5), Stray: value(10. / 30)}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Scores{}, "Outside")); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	outside := 0
	for i := range 800 {
		if dx, dy := max(0, i%40-3), max(0, i/40-9); dx*dx+dy*dy > OutsideMargin*OutsideMargin {
			outside++
		}
	}
	if o := got.Outside; math.Abs(o.Share-10/float64(outside)) > 1e-9 || o.SSIM >= 1 || o.SSIM < 0.5 {
		t.Errorf("outside %+v, want %d pixels of %d", o, 10, outside)
	}
	if all, err := Compare(normal, made, 1000); err != nil || all.Outside.Share != 0 {
		t.Errorf("nothing is outside: %+v, %v", all.Outside, err)
	}
	for says, call := range map[string]func() error{
		"there is no picture": func() error { _, err := Compare(nil, made, 0); return err },
		"has no mask":         func() error { _, err := Compare(normal, anomaly.Sample{Picture: normal}, 0); return err },
		"want 0 to 1000":      func() error { _, err := Compare(normal, made, -1); return err },
		"want the normal":     func() error { _, err := Compare(image.NewRGBA(image.Rect(0, 0, 3, 3)), made, 0); return err },
	} {
		if err := call(); !errors.Is(err, diffusion.ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one with %q", err, says)
		}
	}
}
