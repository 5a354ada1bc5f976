package generate

import (
	"context"
	"image"
	"iter"
	"math"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// CutPasteKind is what CutPaste pastes.
type CutPasteKind string

const (
	CutPasteNormal CutPasteKind = "normal" // a rectangle of a share of the picture
	CutPasteScar   CutPasteKind = "scar"   // a narrow, turned rectangle
	CutPasteUnion  CutPasteKind = "union"  // one of the two
	// CutPasteOfNSA is what the code of NSA calls CutPaste: an even number of pixels high and wide, the colours as they
	// are, an aspect drawn evenly from below 1 or from above, by a coin.
	CutPasteOfNSA CutPasteKind = "nsa"
)

// CutPasteOptions are the choices of CutPaste. The zero value is refused: DefaultCutPaste has numbers.
//
// Preset Released has the fault of the unofficial code, which takes a picture's width for its height and the other way
// round where it draws the corners, so that patches lie in the upper or left part of a picture that is not square and
// are cut off at its edge; it pastes where it happens to, and what of that lies in the place counts. Mended cuts and
// pastes anywhere, keeps a patch inside the place where it fits, and scales a scar with the picture.
type CutPasteOptions struct {
	Preset     Preset       `json:"preset"`
	Foreground Foreground   `json:"foreground"`
	Attempts   int          `json:"attempts"` // pictures drawn until one differs, 1 to 10000
	Kind       CutPasteKind `json:"kind"`
	Normal     float64      `json:"normal"` // of Union: the probability of a normal one

	Area   [2]float64 `json:"area"`   // of normal ones and NSA's: the patch's share of the picture, above 0 to 1
	Aspect [2]float64 `json:"aspect"` // of them: width by height, 0.01 to 100; NSA's is height by width, and 1 lies between

	Width    [2]float64 `json:"width"`    // of scars: pixels of a picture whose shorter side has 256, above 0 to 256
	Height   [2]float64 `json:"height"`   // likewise
	Rotation [2]float64 `json:"rotation"` // of scars: degrees, anticlockwise, -180 to 180

	Jitter Jitter `json:"jitter"` // of normal ones and scars
}

// DefaultCutPaste returns the paper's numbers (Li et al., CVPR 2021, appendix; Runinho/pytorch-cutpaste): normal patches
// of 2 to 15 % of the picture and an aspect of 0.3 to 1/0.3, scars of 2 to 16 by 10 to 25 pixels turned up to 45°, a
// tenth of colour jitter, and one of the two kinds by a coin.
func DefaultCutPaste() CutPasteOptions {
	return CutPasteOptions{
		Preset: Mended, Foreground: Found, Attempts: Attempts,
		Kind: CutPasteUnion, Normal: 0.5,
		Area: [2]float64{0.02, 0.15}, Aspect: [2]float64{0.3, 1 / 0.3},
		Width: [2]float64{2, 16}, Height: [2]float64{10, 25}, Rotation: [2]float64{-45, 45},
		Jitter: Jitter{Brightness: 0.1, Contrast: 0.1, Saturation: 0.1, Hue: 0.1},
	}
}

func (o CutPasteOptions) check() error {
	switch o.Kind {
	case CutPasteNormal, CutPasteScar, CutPasteUnion, CutPasteOfNSA:
	default:
		return wrong("the kind is %.20q, want %s, %s, %s or %s", string(o.Kind), CutPasteNormal, CutPasteScar, CutPasteUnion, CutPasteOfNSA)
	}
	if o.Kind == CutPasteOfNSA && !(o.Aspect[0] <= 1 && o.Aspect[1] >= 1) {
		return wrong("aspect is %v to %v, want 1 between them: it is drawn from below 1 or from above", o.Aspect[0], o.Aspect[1])
	}
	return firstOf(
		o.Preset.check(), o.Foreground.check(), checkAttempts(o.Attempts),
		within("normal", o.Normal, 0, 1),
		spanWithin("area", o.Area, 1e-6, 1), spanWithin("aspect", o.Aspect, 0.01, 100),
		spanWithin("width", o.Width, 1e-6, 256), spanWithin("height", o.Height, 1e-6, 256),
		spanWithin("rotation", o.Rotation, -180, 180),
		o.Jitter.check(),
	)
}

// CutPaste cuts a patch out of a picture, changes its colours a little, and pastes it elsewhere: hard-edged misplaced
// parts, and scratches. It is for several goroutines at once.
type CutPaste struct{ options CutPasteOptions }

var _ anomaly.Generator = (*CutPaste)(nil)

// NewCutPaste returns CutPaste with options. It is an ErrArgument if one of them is out of its range.
func NewCutPaste(o CutPasteOptions) (*CutPaste, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return &CutPaste{o}, nil
}

// Options returns the options.
func (g *CutPaste) Options() CutPasteOptions {
	if g == nil {
		return CutPasteOptions{}
	}
	return g.options
}

// Generate implements anomaly.Generator. Its draws are, for each try: for Union U(0, 1), normal where it is below Normal;
// the patch's size (area and aspect, or width and height; NSA's area, a coin, aspect); the row and the column that it
// is cut from; the jitter's order and factors; a scar's angle; the row and the column that it is pasted at, or in
// preset Mended, where there is a place or a foreground, one number for both.
//
// The mask is what was pasted. Outside it no pixel changes.
func (g *CutPaste) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	if g == nil {
		return anomaly.Result{}, wrong("there is no CutPaste: NewCutPaste makes one")
	}
	if err := g.options.check(); err != nil {
		return anomaly.Result{}, err
	}
	c, err := begin(ctx, in, g.options.Foreground, d, Provenance{Generator: "CutPaste", Preset: g.options.Preset, Options: g.options})
	if err != nil {
		return anomaly.Result{}, err
	}
	return c.try(ctx, g.options.Attempts, func() (made, error) {
		p := g.patch(c)
		return p.pasted(c, g.corner(c, p)), nil
	})
}

// patch draws what is pasted.
func (g *CutPaste) patch(c *call) patch {
	o, kind := g.options, g.options.Kind
	if kind == CutPasteUnion {
		kind = CutPasteScar
		if c.draws.Uniform(0, 1) < o.Normal {
			kind = CutPasteNormal
		}
	}
	var size image.Point
	switch kind {
	case CutPasteScar:
		size = o.scar(c)
	case CutPasteOfNSA:
		size = o.ofNSA(c)
	default:
		size = o.share(c)
	}
	p := cut(c, g.anywhere(c, size), size)
	if kind != CutPasteOfNSA {
		o.Jitter.apply(c.draws, p.rgb)
	}
	if kind == CutPasteScar {
		p = p.turned(uniform(c, o.Rotation))
	}
	return p
}

// uniform draws from a span; one of a single number draws nothing.
func uniform(c *call, span [2]float64) float64 {
	if span[0] == span[1] {
		return span[0]
	}
	return c.draws.Uniform(span[0], span[1])
}

// share draws the size of a normal patch: an aspect whose logarithm is even.
func (o CutPasteOptions) share(c *call) image.Point {
	area := uniform(c, o.Area) * float64(c.size.X*c.size.Y)
	aspect := math.Exp(uniform(c, [2]float64{math.Log(o.Aspect[0]), math.Log(o.Aspect[1])}))
	return fitting(math.Round(math.Sqrt(area*aspect)), math.Round(math.Sqrt(area/aspect)), area, c.size)
}

// ofNSA draws the size of NSA's patch, from half its sides.
func (o CutPasteOptions) ofNSA(c *call) image.Point {
	quarter := uniform(c, o.Area) / 4 * float64(c.size.X*c.size.Y)
	span := [2]float64{o.Aspect[0], 1}
	if c.draws.Whole(0, 2) == 0 {
		span = [2]float64{1, o.Aspect[1]}
	}
	h := max(1, math.RoundToEven(math.Sqrt(quarter*uniform(c, span))))
	w := max(1, math.RoundToEven(quarter/h))
	return fitting(2*w, 2*h, 4*quarter, c.size)
}

// fitting is a patch of w×h pixels; one that is higher or wider than the picture has its area as far as that goes.
func fitting(w, h, area float64, picture image.Point) image.Point {
	wide, high := float64(picture.X), float64(picture.Y)
	if w > wide {
		w, h = wide, math.Round(area/wide)
	}
	if h > high {
		w, h = min(wide, math.Round(area/high)), high
	}
	return image.Pt(max(1, int(w)), max(1, int(h)))
}

// scar draws the size of a scar.
func (o CutPasteOptions) scar(c *call) image.Point {
	scale := float64(min(c.size.X, c.size.Y)) / 256
	if o.Preset == Released {
		scale = 1
	}
	side := func(span [2]float64, most int) int {
		return min(most, max(1, int(math.Round(scale*uniform(c, span)))))
	}
	w := side(o.Width, c.size.X)
	return image.Pt(w, side(o.Height, c.size.Y))
}

// anywhere draws the upper left corner of a box.
func (g *CutPaste) anywhere(c *call, box image.Point) image.Point {
	high, wide := c.size.Y, c.size.X
	if g.options.Preset == Released {
		high, wide = wide, high
		if g.options.Kind == CutPasteOfNSA { // which takes square pictures only, so that this is no fault of its own
			high, wide = wide, high
		}
	}
	at := func(room int) int {
		if room <= 0 {
			return 0
		}
		return int(c.draws.Uniform(0, float64(room)))
	}
	y := at(high - box.Y)
	return image.Pt(at(wide-box.X), y)
}

// corner draws where the patch is pasted.
func (g *CutPaste) corner(c *call, p patch) image.Point {
	if c.place == nil || g.options.Preset == Released {
		return g.anywhere(c, p.size)
	}
	corners, n := c.cornersInPlace(p.size), 0
	for range corners {
		n++
	}
	if n > 0 {
		return nth(corners, c.draws.Whole(0, n))
	}
	return c.acrossPlace(p.size)
}

// nth is value k of a sequence.
func nth(s iter.Seq[image.Point], k int) (p image.Point) {
	for p = range s {
		if k--; k < 0 {
			break
		}
	}
	return p
}
