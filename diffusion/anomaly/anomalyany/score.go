package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Scores are what a generated picture is judged by. What cannot be said, for want of attention, CLIP or a reference, is nil.
type Scores struct {
	Area       float64     `json:"area"`                 // share of the picture that the mask covers
	Focus      *float64    `json:"focus,omitempty"`      // of the word's attention: its mean inside its own mask, less that outside
	Confidence *float64    `json:"confidence,omitempty"` // of the annotation, 0 to 1
	Outside    *Change     `json:"outside,omitempty"`    // of the picture where the part is to stay the part: more than Made.Margin from the mask
	Inside     *float64    `json:"inside,omitempty"`     // share of the mask's pixels that clearly changed
	Stray      *float64    `json:"stray,omitempty"`      // anomaly.Stray: of all pixels that changed, the share outside the mask
	Part       *float64    `json:"part,omitempty"`       // by how much CLIP's cosine of what is outside the defect with the normal prompt differs from the reference's
	Sees       *float64    `json:"sees,omitempty"`       // by how much CLIP's cosine of the defect with its prompt exceeds that with the likeliest other defect's
	CLIP       *CLIPScores `json:"clip,omitempty"`       // nil without CLIP
}

// Change is how a picture differs from its reference outside the defect.
type Change struct {
	Share float64 `json:"share"` // of the pixels, those that clearly changed: by more than 25 of 255 in a colour
	SSIM  float64 `json:"ssim"`  // mean structural similarity, 1 where nothing changed
}

// OutsideMargin is how far the outside is from the mask where Made does not say, in pixels: a cell of Stable Diffusion's
// latent.
const OutsideMargin = 8

// maxMargin bounds it.
const maxMargin = 1000

// CLIPScores are CLIP's cosines of a picture and of the photograph with the
// prompt and with the prompt of a normal part.
type CLIPScores struct {
	Prompt           float64 `json:"prompt"`
	Normal           float64 `json:"normal"`
	PhotographPrompt float64 `json:"photograph_prompt"`
	PhotographNormal float64 `json:"photograph_normal"`
}

// Margin is by how much CLIP sees more of the prompt than of a normal part.
func (c CLIPScores) Margin() float64 { return c.Prompt - c.Normal }

// Gain is how much of the margin the photograph did not have.
func (c CLIPScores) Gain() float64 { return c.Margin() - (c.PhotographPrompt - c.PhotographNormal) }

// focus is the soft map's mean inside the mask, less that of the rest that may
// change: 0 for a map that is the same everywhere, 1 for one that is 1 inside and
// 0 outside. A mask of nothing or of everything has no focus.
func focus(soft, mask, may []float32) float64 {
	var sum, n [2]float64
	for i, v := range soft {
		if may != nil && may[i] < 0.5 {
			continue
		}
		inside := 0
		if mask[i] >= 0.5 {
			inside = 1
		}
		sum[inside] += float64(v)
		n[inside]++
	}
	if n[0] == 0 || n[1] == 0 {
		return 0
	}
	return sum[1]/n[1] - sum[0]/n[0]
}

// Wording is the texts that pictures are compared with.
type Wording struct {
	Prompt string   // of the defect, such as "a photo of a hazelnut with a crack on it"
	Normal string   // of a normal part, such as "a photo of a hazelnut"
	Others []string // the prompt with other defects in the place of the one that was asked for; without any there is no Sees
}

// Scorer scores the pictures that are made of one photograph and prompt.
type Scorer struct {
	pipeline       *diffusion.Pipeline
	prompt, normal *gt.Dense   // CLIP's embeddings
	others         []*gt.Dense // likewise
	photograph     CLIPScores  // its cosines
}

// NewScorer has CLIP see the photograph, [1, 3, H, W] in [-1, 1], and read the words. A pipeline may be without CLIP;
// then so are the scores.
func NewScorer(ctx context.Context, p *diffusion.Pipeline, photograph *gt.Dense, w Wording) (s *Scorer, err error) {
	if p == nil {
		return nil, badArgument(errors.New("there is no pipeline: diffusion.Open opens one"))
	}
	s = &Scorer{pipeline: p}
	if p.CLIP == nil {
		return s, nil
	}
	if s.prompt, err = p.CLIPText(ctx, w.Prompt); err != nil {
		return nil, err
	}
	if s.normal, err = p.CLIPText(ctx, w.Normal); err != nil {
		return nil, err
	}
	for _, text := range w.Others {
		e, err := p.CLIPText(ctx, text)
		if err != nil {
			return nil, err
		}
		s.others = append(s.others, e)
	}
	c, err := s.cosines(ctx, photograph)
	if err != nil {
		return nil, err
	}
	s.photograph = CLIPScores{PhotographPrompt: c.Prompt, PhotographNormal: c.Normal}
	return s, nil
}

// Made is a picture that is to be scored, and how it came about.
type Made struct {
	Result     *Result
	Annotation *Annotation
	Picture    *gt.Dense // as it is handed out, [1, 3, H, W] in [-1, 1], such as Keep's; nil for the Result's
	Reference  *gt.Dense // what it is compared with outside the defect: the photograph, or for a picture of which the autoencoder made every pixel Photograph.Decoded
	May        []float32 // H·W, 1 where the photograph might change; nil for everywhere
	Margin     float64   // how far from the mask the outside begins, in pixels of the picture, up to 1000; 0 for OutsideMargin

	outside []float32 // 1 where a pixel is further than Margin from the defect
}

// Score judges a picture.
func (s *Scorer) Score(ctx context.Context, m Made) (Scores, error) {
	switch {
	case s == nil || s.pipeline == nil:
		return Scores{}, badArgument(errors.New("there is no scorer: NewScorer makes one"))
	case m.Result == nil || m.Result.Image == nil:
		return Scores{}, badArgument(errors.New("there is no result: Generator.Run makes one"))
	case m.Annotation == nil:
		return Scores{}, badArgument(errors.New("there is no annotation: Generator.Annotate makes one"))
	}
	if m.Picture == nil {
		m.Picture = m.Result.Image
	}
	if err := m.check(); err != nil {
		return Scores{}, badArgument(err)
	}
	if m.Picture = clamped(m.Picture); m.Margin == 0 {
		m.Margin = OutsideMargin
	}
	scores := Scores{
		Area: share(m.Annotation.Mask), Focus: value(focus(m.Result.SoftMap, m.Result.Mask, m.May)), Confidence: value(m.Annotation.Confidence),
	}
	if m.Reference != nil {
		m.Reference = clamped(m.Reference)
		if err := m.findOutside(); err != nil {
			return scores, err
		}
		if err := m.compare(&scores); err != nil {
			return scores, err
		}
	}
	if s.pipeline.CLIP == nil {
		return scores, nil
	}
	err := s.ask(ctx, m, &scores)
	return scores, err
}

// check wants everything to be of one size.
func (m Made) check() error {
	r := m.Result
	shape := r.Image.Shape()
	if len(shape) != 4 || shape[0] != 1 || shape[1] != 3 || shape[2] < 1 || shape[3] < 1 {
		return fmt.Errorf("the result's picture has shape %v, want [1, 3, H, W]", shape)
	}
	if !(m.Margin >= 0 && m.Margin <= maxMargin) {
		return fmt.Errorf("the outside begins %g pixels from the mask, want 0 to %d", m.Margin, maxMargin)
	}
	n := shape[2] * shape[3]
	for _, of := range []struct {
		what string
		has  int
		may  bool // be missing
	}{
		{"soft map", len(r.SoftMap), false}, {"attention's mask", len(r.Mask), false}, {"annotation's mask", len(m.Annotation.Mask), false},
		{"mask of where the photograph might change", len(m.May), true},
	} {
		if of.has != n && !(of.may && of.has == 0) {
			return fmt.Errorf("the %s has %d numbers, want those of a picture of %d×%d", of.what, of.has, shape[2], shape[3])
		}
	}
	for what, picture := range map[string]*gt.Dense{"picture": m.Picture, "reference": m.Reference} {
		if picture != nil && !picture.Shape().Eq(shape) {
			return fmt.Errorf("the %s has shape %v, want the result's %v", what, picture.Shape(), shape)
		}
	}
	return nil
}

// ask is what CLIP says.
func (s *Scorer) ask(ctx context.Context, m Made, scores *Scores) error {
	c, err := s.cosines(ctx, m.Picture)
	if err != nil {
		return err
	}
	c.PhotographPrompt, c.PhotographNormal = s.photograph.PhotographPrompt, s.photograph.PhotographNormal
	scores.CLIP = &c
	if m.Reference != nil {
		part, err := s.part(ctx, m)
		if err != nil {
			return err
		}
		scores.Part = &part
	}
	if len(s.others) == 0 {
		return nil
	}
	defer restUNet(s.pipeline)()
	e, err := s.pipeline.CLIPImage(ctx, around(m.Picture, m.Annotation.Mask))
	if err != nil {
		return err
	}
	likeliest := math.Inf(-1)
	for _, other := range s.others {
		likeliest = max(likeliest, diffusion.Cosine(e, other))
	}
	scores.Sees = value(diffusion.Cosine(e, s.prompt) - likeliest)
	return nil
}

// part is by how much less CLIP sees of a normal part in the picture than in the reference, whose pixels take the
// defect's place.
func (s *Scorer) part(ctx context.Context, m Made) (float64, error) {
	without := m.Picture.Clone().(*gt.Dense)
	v, reference := tensor.Float32s(without), tensor.Float32s(m.Reference)
	for i := range v {
		if m.outside[i%len(m.outside)] == 0 {
			v[i] = reference[i]
		}
	}
	if slices.Equal(v, reference) { // as where the part was kept: CLIP would say the same of both
		return 0, nil
	}
	here, err := s.cosines(ctx, without)
	if err != nil {
		return 0, err
	}
	there, err := s.cosines(ctx, m.Reference)
	return here.Normal - there.Normal, err
}

// cosines are those of a picture.
func (s *Scorer) cosines(ctx context.Context, picture *gt.Dense) (CLIPScores, error) {
	defer restUNet(s.pipeline)()
	e, err := s.pipeline.CLIPImage(ctx, picture)
	if err != nil {
		return CLIPScores{}, err
	}
	return CLIPScores{Prompt: diffusion.Cosine(e, s.prompt), Normal: diffusion.Cosine(e, s.normal)}, nil
}

// clamped is a copy of a picture with its numbers in [-1, 1].
func clamped(picture *gt.Dense) *gt.Dense {
	out := picture.Clone().(*gt.Dense)
	clamp(tensor.Float32s(out), -1, 1)
	return out
}

// share is how much of a picture a mask covers.
func share(mask []float32) float64 {
	sum := 0.0
	for _, v := range mask {
		sum += float64(v)
	}
	return sum / float64(len(mask))
}
