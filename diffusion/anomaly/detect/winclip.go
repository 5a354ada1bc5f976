package detect

import (
	"context"
	"fmt"
	"image"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// WinCLIP asks CLIP whether a picture, and each window of it, looks like a text about a flawless part or about a damaged one
// (Jeong et al., "WinCLIP: Zero-/few-shot anomaly classification and segmentation", CVPR 2023, arXiv 2303.14814). It needs
// no picture of a normal part; after Fit with some it is WinCLIP+, which also compares tokens and windows with theirs.
// Its network is open_clip's ViT-B-16-plus-240 (clip.ViTB16Plus240).
//
// The authors have published no code. Scores are from 0 to 1.
type WinCLIP struct {
	clip    CLIP
	object  string
	options WinCLIPOptions
	sight   *windowSight

	mu     sync.Mutex
	texts  *classTexts // once they were asked for
	fitted atomic.Pointer[windowReferences]
}

// WinCLIPOptions are what implementations of WinCLIP differ in.
type WinCLIPOptions struct {
	// Reading says whose sentences are asked, and how their embeddings are averaged: Official, the paper's 22 templates,
	// each embedding normalised before (mala-lab/WinCLIP 4880fc4); Anomalib, 21 of them, one twice, not normalised.
	Reading Reading

	// Temperature divides cosines before the softmax. Default: 0, the reading's: 0.01, which CLIP was trained with, or
	// anomalib's 0.07. A picture's rank without references does not depend on it; maps and scores with references do.
	Temperature float64 `json:",omitzero"`

	// Scales are the sides of windows, in tokens. Default: 2 and 3, the paper's.
	Scales []int `json:",omitempty"`
}

// NewWinCLIP returns a detector of defects of an object, such as "metal nut"; underscores count as spaces. The model is not
// closed by it. Nonsense is ErrArgument.
func NewWinCLIP(c CLIP, object string, o WinCLIPOptions) (*WinCLIP, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	object, err := spoken(object)
	if err != nil {
		return nil, err
	}
	grid := c.grid()
	if o, err = o.complete(grid); err != nil {
		return nil, err
	}
	return &WinCLIP{clip: c, object: object, options: o, sight: newWindowSight(c, o.Scales)}, nil
}

// complete returns the options with the defaults filled in.
func (o WinCLIPOptions) complete(grid int) (WinCLIPOptions, error) {
	if !o.Reading.valid() {
		return o, wrong("there is no reading %d", int(o.Reading))
	}
	if o.Temperature == 0 {
		o.Temperature = map[Reading]float64{Official: 0.01, Anomalib: 0.07}[o.Reading]
	}
	if !(o.Temperature >= 1e-4 && o.Temperature <= 1e4) {
		return o, wrong("a temperature of %v, want 0.0001 to 10000", o.Temperature)
	}
	if o.Scales = slices.Clone(o.Scales); len(o.Scales) == 0 {
		o.Scales = []int{2, 3}
	}
	for i, k := range o.Scales {
		if k < 1 || k > grid || slices.Contains(o.Scales[:i], k) {
			return o, wrong("windows of %v tokens a side, want different ones of 1 to %d", o.Scales, grid)
		}
	}
	return o, nil
}

// Options returns the options with the defaults filled in.
func (w *WinCLIP) Options() WinCLIPOptions {
	if w == nil {
		return WinCLIPOptions{}
	}
	o := w.options
	o.Scales = slices.Clone(o.Scales)
	return o
}

// windowReferences are what Fit keeps: of the tokens and of the windows of each scale, those of all references, normalised.
type windowReferences struct {
	names []string
	banks []*memoryBank
}

// Fit learns from normal samples, which make it WinCLIP+; defective ones are passed over. Fitting again forgets what was
// learned before. Without a normal sample the error is ErrNoReferences.
func (w *WinCLIP) Fit(ctx context.Context, train anomaly.Samples) error {
	if w == nil || w.sight == nil || ctx == nil || train == nil {
		return wrong("Fit takes a context and samples, not nil, and a WinCLIP that NewWinCLIP has made")
	}
	all := make([]features, 1+len(w.options.Scales))
	names, err := eachNormal(ctx, train, func(s anomaly.Sample) error {
		seen, err := w.sight.look(ctx, s.Picture)
		if err != nil {
			return err
		}
		for i, f := range seen.places() {
			all[i].c = f.c
			all[i].values = append(all[i].values, f.values...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r := &windowReferences{names: names}
	for _, f := range all {
		r.banks = append(r.banks, newMemoryBank(f.values, f.c))
	}
	w.fitted.Store(r)
	return nil
}

// References returns the names of the pictures that Fit has learned from, without folders.
func (w *WinCLIP) References() []string {
	if w == nil || w.fitted.Load() == nil {
		return nil
	}
	return slices.Clone(w.fitted.Load().names)
}

// Detect scores a picture without references, and with them after Fit. The map is brought to the picture's size by
// bilinear interpolation.
func (w *WinCLIP) Detect(ctx context.Context, picture *image.RGBA) (anomaly.Detection, error) {
	if w == nil || w.sight == nil || ctx == nil {
		return anomaly.Detection{}, wrong("Detect takes a context, not nil, and a WinCLIP that NewWinCLIP has made")
	}
	texts, err := w.askedFor(ctx)
	if err != nil {
		return anomaly.Detection{}, err
	}
	seen, err := w.sight.look(ctx, picture)
	if err != nil {
		return anomaly.Detection{}, err
	}
	score, tokens := w.judge(seen, texts, w.fitted.Load())
	size := picture.Rect.Size()
	grid := w.sight.grid
	m, err := images.ResizeMap(tokens, grid, grid, 1, size.Y, size.X, images.TorchBilinear)
	if err != nil {
		return anomaly.Detection{}, fmt.Errorf("detect: %w", err)
	}
	return anomaly.Detection{Score: score, Map: anomaly.Map{Values: m, Width: size.X, Height: size.Y}}, nil
}

// judge returns a picture's score and a number for each token.
func (w *WinCLIP) judge(seen windowed, texts *classTexts, references *windowReferences) (score float64, tokens []float32) {
	grid, scales := w.sight.grid, w.options.Scales
	score = texts.anomalous(seen.picture.values, w.options.Temperature)[0]
	inverse := make([]float64, grid*grid) // of the harmonic mean: the picture's score is everywhere
	for i := range inverse {
		inverse[i] = 1 / score
	}
	for i, k := range scales {
		for t, v := range spreadWindows(texts.anomalous(seen.windows[i].values, w.options.Temperature), grid, k) {
			inverse[t] += 1 / v
		}
	}
	numbers := make([]float64, grid*grid)
	for t, v := range inverse {
		numbers[t] = float64(1+len(scales)) / v
	}
	if references != nil {
		few := references.unlike(seen, grid, scales)
		score = (score + slices.Max(few)) / 2
		for t, v := range few {
			numbers[t] = (numbers[t] + v) / 2
		}
	}
	for _, v := range numbers {
		tokens = append(tokens, float32(v))
	}
	return score, tokens
}

// unlike is for each token how far it, and the windows that hold it, are from those of the references: the mean over
// scales of the smallest (1 - cosine)/2.
func (r *windowReferences) unlike(seen windowed, grid int, scales []int) []float64 {
	mean := make([]float64, grid*grid)
	for i, f := range seen.places() {
		distance, _ := r.banks[i].nearest(f.values)
		for at := range distance {
			distance[at] /= 4 // of unit vectors ‖a-b‖² is 2·(1 - cosine)
		}
		if i > 0 {
			distance = spreadWindows(distance, grid, scales[i-1])
		}
		for t, d := range distance {
			mean[t] += d / float64(1+len(scales))
		}
	}
	return mean
}
