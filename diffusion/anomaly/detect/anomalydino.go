package detect

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// AnomalyDINO compares each patch of a picture with all patches of normal parts, by the tokens of DINOv2 (Damm et al.,
// "AnomalyDINO: Boosting patch-based few-shot anomaly detection with DINOv2", WACV 2025, arXiv 2405.14529; code
// dammsi/AnomalyDINO b3435f0). Nothing is trained, and one picture of a normal part is enough. With Subspace it is the score
// of SubspaceAD (arXiv 2602.23013) on the same tokens: how much of a token lies outside the directions in which normal ones
// vary.
//
// Any network with feature maps will do.
type AnomalyDINO struct {
	sight   *tokenSight
	options AnomalyDINOOptions
	fitted  atomic.Pointer[fittedTokens]
}

// TokenScore is how a token is compared with normal ones.
type TokenScore int

// The scores.
const (
	// NearestToken is AnomalyDINO's: 1 - cosine to the most similar normal token, from 0 to 2.
	NearestToken TokenScore = iota
	// SubspaceToken is SubspaceAD's: the squared length of what lies outside the principal subspace of normal tokens.
	SubspaceToken
)

// AnomalyDINOOptions are what AnomalyDINO may do otherwise.
type AnomalyDINOOptions struct {
	// Side is the shorter side that pictures are resized to, in pixels; they are cut at the right and below to whole
	// patches. The paper has 448 and 672. Default: 448.
	Side int

	// Layers are those whose tokens are read; of several, the mean. Default: of DINOv2 the last norm, and with
	// SubspaceToken those from 11/20 to 7/10 of the depth, which SubspaceAD's 22 to 28 of 40 are.
	Layers []string `json:",omitempty"`

	// Score is NearestToken (default) or SubspaceToken.
	Score TokenScore

	// Rotations are how many turned copies of each reference are learned from, at equal angles, the reference itself
	// among them: 1 for none. The paper's agnostic mode has 8. Default: 8, and 30 with SubspaceToken, as SubspaceAD.
	Rotations int

	// Foreground has Detect pass over patches of the ground that a part lies on, which score 0. They are told apart by
	// the first principal component of a picture's tokens, with a threshold for those of DINOv2. Of references the
	// ground is learned from, too: so what is taken for the part by mistake is still normal. AnomalyDINO's authors do so
	// for capsule, hazelnut, pill, screw and toothbrush of MVTec AD, and for all of VisA: they chose by looking.
	// Default: false.
	Foreground bool

	// Sigma is of the Gaussian that smooths maps, in pixels of the picture. Default: 4.
	Sigma float64
}

// Bounds of options, and what the paper's score is the mean of: the highest hundredth of the patches, at least one.
const (
	maxRotations = 360
	topShare     = 0.01
	explained    = 0.99 // of the variance, by the principal subspace
)

// NewAnomalyDINO returns a detector over a network. Nonsense is ErrArgument.
func NewAnomalyDINO(n Network, o AnomalyDINOOptions) (*AnomalyDINO, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	habit := known[n.Name]
	o, err := o.complete(n, habit)
	if err != nil {
		return nil, err
	}
	return &AnomalyDINO{sight: newTokenSight(n, o.Side, max(1, habit.patch), o.Layers), options: o}, nil
}

// complete returns the options with the defaults filled in.
func (o AnomalyDINOOptions) complete(n Network, habit habits) (AnomalyDINOOptions, error) {
	fill := func(v *int, usual int) {
		if *v == 0 {
			*v = usual
		}
	}
	if o.Score != NearestToken && o.Score != SubspaceToken {
		return o, wrong("there is no score %d of tokens", int(o.Score))
	}
	layers, turns := habit.tokens, 8
	if o.Score == SubspaceToken {
		layers, turns = habit.middle, 30
	}
	fill(&o.Side, 448)
	fill(&o.Rotations, turns)
	if o.Sigma == 0 {
		o.Sigma = defaultSigma
	}
	if o.Side < minSide || o.Side > maxSide {
		return o, wrong("pictures are to have a shorter side of %d pixels, want %d to %d", o.Side, minSide, maxSide)
	}
	if o.Rotations < 1 || o.Rotations > maxRotations {
		return o, wrong("%d rotations of each reference, want 1 to %d", o.Rotations, maxRotations)
	}
	if err := (enlarge{sigma: o.Sigma}).check(); err != nil {
		return o, err
	}
	var err error
	o.Layers, err = n.layersOr(o.Layers, layers)
	return o, err
}

// Options returns the options with the defaults filled in.
func (a *AnomalyDINO) Options() AnomalyDINOOptions {
	if a == nil {
		return AnomalyDINOOptions{}
	}
	o := a.options
	o.Layers = slices.Clone(o.Layers)
	return o
}

// fittedTokens are what normal tokens are like: a bank of them, or their subspace.
type fittedTokens struct {
	references []string
	bank       *memoryBank
	subspace   *subspace
}

// Fit learns from normal samples; defective ones are passed over. Fitting again forgets what was learned before. Without a
// normal sample the error is ErrNoReferences.
func (a *AnomalyDINO) Fit(ctx context.Context, train anomaly.Samples) error {
	if a == nil || a.sight == nil || ctx == nil || train == nil {
		return wrong("Fit takes a context and samples, not nil, and an AnomalyDINO that NewAnomalyDINO has made")
	}
	fit := &fittedTokens{}
	var all []float32 // for a bank, and for a subspace sums alone
	var sums moments
	width := 0
	var err error
	fit.references, err = eachNormal(ctx, train, func(s anomaly.Sample) error {
		return a.turned(ctx, s.Picture, func(seen features) {
			if width = seen.c; a.options.Score == SubspaceToken {
				sums.add(seen.values, width)
			} else {
				all = append(all, unit(seen.values, width)...)
			}
		})
	})
	switch {
	case err != nil:
		return err
	case a.options.Score == SubspaceToken:
		if fit.subspace, err = sums.subspace(explained); err != nil {
			return err
		}
	default:
		fit.bank = newMemoryBank(all, width)
	}
	a.fitted.Store(fit)
	return nil
}

// turned hands on the tokens of a reference, and of its turned copies.
func (a *AnomalyDINO) turned(ctx context.Context, picture *image.RGBA, learn func(seen features)) error {
	for i := range a.options.Rotations {
		copied := picture
		if i > 0 {
			var err error
			if copied, err = images.Rotate(picture, 360*float64(i)/float64(a.options.Rotations)); err != nil {
				return err
			}
		}
		seen, err := a.sight.look(ctx, copied)
		if err != nil {
			return err
		}
		learn(seen)
	}
	return nil
}

// passOver gives patches of the ground the number 0, if that is asked for.
func (a *AnomalyDINO) passOver(numbers []float64, seen features) error {
	if !a.options.Foreground {
		return nil
	}
	part, err := foregroundOf(seen)
	for t := range part {
		if part[t] == 0 {
			numbers[t] = 0
		}
	}
	return err
}

// References returns the names of the pictures that Fit has learned from, without folders.
func (a *AnomalyDINO) References() []string {
	if a == nil || a.fitted.Load() == nil {
		return nil
	}
	return slices.Clone(a.fitted.Load().references)
}

// Detect scores a picture: the mean of the highest hundredth of its patches' scores. The map is brought to the picture's
// size by OpenCV's bilinear interpolation, and smoothed.
func (a *AnomalyDINO) Detect(ctx context.Context, picture *image.RGBA) (anomaly.Detection, error) {
	if a == nil || a.sight == nil || ctx == nil {
		return anomaly.Detection{}, wrong("Detect takes a context, not nil, and an AnomalyDINO that NewAnomalyDINO has made")
	}
	fit := a.fitted.Load()
	if fit == nil {
		return anomaly.Detection{}, notFitted()
	}
	seen, err := a.sight.look(ctx, picture)
	if err != nil {
		return anomaly.Detection{}, err
	}
	numbers := fit.unlike(seen)
	if err := a.passOver(numbers, seen); err != nil {
		return anomaly.Detection{}, err
	}
	size := picture.Rect.Size()
	m, err := tokenMap(numbers, seen, size, a.options.Sigma)
	return anomaly.Detection{Score: topMean(numbers, topShare), Map: anomaly.Map{Values: m, Width: size.X, Height: size.Y}}, err
}

// unlike is for each token how unlike normal ones it is.
func (f *fittedTokens) unlike(seen features) []float64 {
	if f.subspace != nil {
		return f.subspace.residual(seen.values)
	}
	distance, _ := f.bank.nearest(unit(seen.values, seen.c))
	for t := range distance {
		distance[t] /= 2 // of unit vectors ‖a-b‖² is 2·(1 - cosine)
	}
	return distance
}

// topMean is the mean of the highest share of numbers, of one at least.
func topMean(numbers []float64, share float64) float64 {
	sorted := slices.Clone(numbers)
	slices.Sort(sorted)
	n := max(1, int(share*float64(len(sorted))))
	sum := 0.0
	for _, v := range sorted[len(sorted)-n:] {
		sum += v
	}
	return sum / float64(n)
}

// tokenMap is a map of the picture's size.
func tokenMap(numbers []float64, grid features, size image.Point, sigma float64) ([]float32, error) {
	values := make([]float32, len(numbers))
	for i, v := range numbers {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("detect: the number of patch %d, %d is %v%.0w", i%grid.w, i/grid.w, v, ErrNotFinite)
		}
		values[i] = float32(v)
	}
	m, err := images.ResizeMap(values, grid.h, grid.w, 1, size.Y, size.X, images.OpenCVBilinear)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	return images.Gaussian(m, size.Y, size.X, sigma)
}
