package anomalyany

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// TestFailures finds each reason to fail, and none.
func TestFailures(t *testing.T) {
	good := Scores{Area: 0.05, Focus: 0.4, CLIP: &CLIPScores{Prompt: 0.25, Normal: 0.22, PhotographPrompt: 0.21, PhotographNormal: 0.24}}
	for name, c := range map[string]struct {
		change func(s *Scores)
		says   []string // the limit, and why
	}{
		"good":             {func(*Scores) {}, nil},
		"at the limits":    {func(s *Scores) { s.Focus, s.Area, s.CLIP.Normal = 0.15, 0.5, 0.25 }, nil},
		"no CLIP":          {func(s *Scores) { s.CLIP = nil }, nil},
		"flat map":         {func(s *Scores) { s.Focus = 0.149 }, []string{"MinFocus: attention not focused: 0.149, want 0.15"}},
		"small mask":       {func(s *Scores) { s.Area = 0.0019 }, []string{"MinArea: mask too small: 0.19 %, want 0.2 %"}},
		"large mask":       {func(s *Scores) { s.Area = 0.501 }, []string{"MaxArea: mask too large: 50.1 %, at most 50 %"}},
		"normal":           {func(s *Scores) { s.CLIP.Normal = 0.26 }, []string{"MinMargin: CLIP prefers the normal prompt: cosine 0.250 with the prompt, 0.260"}},
		"like photograph":  {func(s *Scores) { s.CLIP.PhotographNormal = 0.18 }, []string{"MinGain: CLIP sees no more of the defect than in the photograph: gain 0.0000"}},
		"several problems": {func(s *Scores) { s.Area, s.Focus = 0, 0 }, []string{"MinFocus: attention not focused", "MinArea: mask too small"}},
	} {
		s, clip := good, *good.CLIP
		s.CLIP = &clip
		c.change(&s)
		why := DefaultLimits().Check(s)
		if len(why) != len(c.says) {
			t.Errorf("%s: %q, want %d reasons", name, why, len(c.says))
			continue
		}
		for i, part := range c.says {
			if got := why[i].Limit + ": " + why[i].Reason; !strings.HasPrefix(got, part) {
				t.Errorf("%s: %q, want %q", name, got, part)
			}
		}
	}
}

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

// TestScore scores a picture against what CLIP says of it and of the photograph.
func TestScore(t *testing.T) {
	p := openModel(t, modelA)
	const prompt, normal = "a photo of a hazelnut with a crack on it", "a photo of a hazelnut"
	made := tensor.FromFloat32s(tensor.NewRand(4).Randn(3*8*8), 1, 3, 8, 8)
	r := &Result{Image: made, SoftMap: make([]float32, 64), Mask: make([]float32, 64)}
	copy(r.SoftMap, []float32{1, 0.5, 0.5, 0.25})
	copy(r.Mask, []float32{1, 1})
	s, err := NewScorer(t.Context(), p, photograph(), prompt, normal)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Score(t.Context(), r, nil)
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
	clamped := made.Clone().(*gt.Dense)
	clamp(clamped.Float32s(), -1, 1)
	want := Scores{Area: 2.0 / 64, Focus: 0.75 - 0.75/62, CLIP: &CLIPScores{
		Prompt: cosine(clamped, prompt), Normal: cosine(clamped, normal),
		PhotographPrompt: cosine(photograph(), prompt), PhotographNormal: cosine(photograph(), normal),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if margin := want.CLIP.Prompt - want.CLIP.Normal; got.CLIP.Margin() != margin || got.CLIP.Gain() != margin-(want.CLIP.PhotographPrompt-want.CLIP.PhotographNormal) {
		t.Errorf("margin %g, gain %g", got.CLIP.Margin(), got.CLIP.Gain())
	}
	if !cmp.Equal(made.Float32s(), tensor.NewRand(4).Randn(3*8*8)) {
		t.Error("the picture has changed")
	}
	half := make([]float32, 64)
	copy(half, []float32{1, 1, 1})
	if got, err = s.Score(t.Context(), r, half); err != nil || got.Focus != 0.25 {
		t.Errorf("in a mask of three pixels: %+v, %v", got, err)
	}
}

// TestScoreWithoutCLIP has area and focus only.
func TestScoreWithoutCLIP(t *testing.T) {
	s, err := NewScorer(t.Context(), openModel(t, modelA, diffusion.WithoutCLIP()), nil, "", "")
	if err != nil {
		t.Fatal(err)
	}
	r := &Result{Image: photograph(), SoftMap: []float32{1, 0, 0, 0}, Mask: []float32{1, 0, 0, 0}}
	if got, err := s.Score(t.Context(), r, nil); err != nil || got != (Scores{Area: 0.25, Focus: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestNoScore: what is not a number passes no limit.
func TestNoScore(t *testing.T) {
	nan := math.NaN()
	got := DefaultLimits().Check(Scores{Area: nan, Focus: nan, CLIP: &CLIPScores{Prompt: nan}})
	if len(got) != 4 {
		t.Errorf("%q, want four failures", got)
	}
}
