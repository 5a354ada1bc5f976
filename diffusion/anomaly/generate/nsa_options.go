package generate

import (
	"fmt"
	"slices"
)

// NSAMode is how patches come into the picture.
type NSAMode string

const (
	// NSANormal blends in the patch's gradients.
	NSANormal NSAMode = "normal"
	// NSAMixed blends in the larger gradients, the patch's or the picture's: the picture shows through.
	NSAMixed NSAMode = "mixed"
	// NSAMix is one of these two, by chance.
	NSAMix NSAMode = "mix"
	// NSASwap pastes.
	NSASwap NSAMode = "swap"
	// NSAUniform mixes the colours of patch and picture: by NSAContinuous's factor, else it pastes.
	NSAUniform NSAMode = "uniform"
)

// NSALabel is how sure the mask is.
type NSALabel string

const (
	// NSABinary is sure of all that changed.
	NSABinary NSALabel = "binary"
	// NSAContinuous weighs patches with a factor that is drawn from 0.05 to 0.95, and is as sure as that.
	NSAContinuous NSALabel = "continuous"
	// NSAIntensity is how much changed, in shares of 255 levels, the median of a disc.
	NSAIntensity NSALabel = "intensity"
	// NSALogistic is 1/(1 + exp(-k·(intensity in levels - x₀))).
	NSALogistic NSALabel = "logistic"
)

// NSAOptions are what may be chosen of NSA. The zero value is refused: DefaultNSA and NSAFor have numbers.
type NSAOptions struct {
	// Preset Released has these faults of the authors' code: the last try of a place fails even where it fits, resized
	// patches stay below half of the size that was asked for, patches of odd width lie one pixel right of their mask,
	// later patches take away labels of earlier ones, all ellipses lean one way, OpenCV's criterion of mixed gradients
	// and, where a mask does not fill its box, its changes around the mask. Input.Place is a mask of the part to it.
	Preset Preset  `json:"preset"`
	Mode   NSAMode `json:"mode"`
	// Patches is how many there may be, 1 to 100: the first one always, each other with probability ½.
	Patches int `json:"patches"`

	HalfHeights [2]float64 `json:"half_heights"` // least and most, shares of the height above 0 and below 0.5
	HalfWidths  [2]float64 `json:"half_widths"`  // … of the width
	// Gamma draws the halves; nil draws them evenly between least and most.
	Gamma *NSAGamma `json:"gamma"`

	// Shift has patches lie elsewhere than where they come from.
	Shift bool `json:"shift"`
	// Resize draws a factor of the size from the normal distribution with mean 1 and deviation 0.5, within
	// ResizeBounds, of 0.01 to 100. It takes Shift.
	Resize       bool       `json:"resize"`
	ResizeBounds [2]float64 `json:"resize_bounds"`

	// Foreground says what the part is, unless there is a Background.
	Foreground Foreground `json:"foreground"`
	// Background are shades that the part has not: what is not near one of them is part.
	Background []NSAShade `json:"background"`
	// MinObject is which share of a patch must be part where it comes from, 0 to 1: more than this.
	MinObject float64 `json:"min_object"`
	// MinOverlap is which share of the patch's part must lie on the picture's part, where it may change: more than this.
	// Mended takes the share of what may change where that is less.
	MinOverlap float64 `json:"min_overlap"`

	Label      NSALabel `json:"label"`
	LogisticK  float64  `json:"logistic_k"`  // how steep, per level of 255
	LogisticX0 float64  `json:"logistic_x0"` // the change in levels that is a probability of ½
	Tolerance  float64  `json:"tolerance"`   // a pixel has changed if it has by more than this on the mean of its colours, in levels

	// Ellipses is of how many a patch's mask is made, up to 100; 0 is all of its rectangle.
	Ellipses int `json:"ellipses"`
	// Places is how many are tried for a patch, where it comes from and where to, 1 to 10000.
	Places int `json:"places"`
	// Attempts is how often a picture is drawn anew in which nothing changed.
	Attempts int `json:"attempts"`
}

// NSAGamma is a distribution of half sizes: Least plus a number of the gamma distribution, as shares.
type NSAGamma struct {
	K     float64 `json:"k"`     // shape, up to 1000
	Theta float64 `json:"theta"` // scale, up to 1
	Least float64 `json:"least"` // 0 to 0.5
}

// NSAShade is a grey level of a background, and by how many levels the part differs from it at least.
type NSAShade struct {
	Brightness float64 `json:"brightness"`
	Threshold  float64 `json:"threshold"`
}

// DefaultNSA returns the authors' numbers for objects, for a part that they did not know: images.Foreground tells it from
// its background.
func DefaultNSA() NSAOptions {
	return NSAOptions{
		Preset: Mended, Mode: NSANormal, Patches: 3,
		HalfHeights: [2]float64{0.03, 0.4}, HalfWidths: [2]float64{0.03, 0.4}, Gamma: &NSAGamma{2, 0.05, 0.03},
		Shift: true, Resize: true, ResizeBounds: [2]float64{0.7, 1.3},
		Foreground: Found, MinObject: 0.5, MinOverlap: 0.25,
		Label: NSALogistic, LogisticK: 1. / 6, LogisticX0: 15, Tolerance: 1,
		Places: 200, Attempts: Attempts,
	}
}

func (o NSAOptions) clone() NSAOptions {
	if o.Gamma != nil {
		g := *o.Gamma
		o.Gamma = &g
	}
	o.Background = slices.Clone(o.Background)
	return o
}

// foreground is what the call's frame looks for.
func (o NSAOptions) foreground() Foreground {
	if len(o.Background) > 0 {
		return Everywhere
	}
	return o.Foreground
}

func (o NSAOptions) check() error {
	if err := o.Preset.check(); err != nil {
		return err
	}
	if modes := []NSAMode{NSANormal, NSAMixed, NSAMix, NSASwap, NSAUniform}; !slices.Contains(modes, o.Mode) {
		return wrong("the mode is %.20q, want one of %v", string(o.Mode), modes)
	}
	if labels := []NSALabel{NSABinary, NSAContinuous, NSAIntensity, NSALogistic}; !slices.Contains(labels, o.Label) {
		return wrong("the label is %.20q, want one of %v", string(o.Label), labels)
	}
	if o.Resize && !o.Shift {
		return wrong("patches are resized (resize) and stay where they come from, want shift, too")
	}
	if err := o.Foreground.check(); err != nil && len(o.Background) == 0 {
		return err
	}
	if err := o.checkSizes(); err != nil {
		return err
	}
	return firstOf(
		within("patches", float64(o.Patches), 1, 100),
		within("min_object", o.MinObject, 0, 1),
		within("min_overlap", o.MinOverlap, 0, 1),
		within("logistic_k", o.LogisticK, 1e-6, 1e6),
		within("logistic_x0", o.LogisticX0, 1e-6, 255),
		within("tolerance", o.Tolerance, 0, 255),
		within("ellipses", float64(o.Ellipses), 0, 100),
		within("places", float64(o.Places), 1, 10_000),
		checkAttempts(o.Attempts),
	)
}

func (o NSAOptions) checkSizes() error {
	for name, v := range map[string][2]float64{"half_heights": o.HalfHeights, "half_widths": o.HalfWidths} {
		if !(v[0] > 0 && v[0] <= v[1] && v[1] < 0.5) {
			return wrong("%s are %v to %v, want shares above 0 and below 0.5, the least first", name, v[0], v[1])
		}
	}
	if v := o.ResizeBounds; o.Resize && !(v[0] >= 0.01 && v[0] <= v[1] && v[1] <= 100) {
		return wrong("resize_bounds are %v to %v, want 0.01 to 100, the least first", v[0], v[1])
	}
	if g := o.Gamma; g != nil {
		if err := firstOf(within("gamma's k", g.K, 1e-3, 1e3), within("gamma's theta", g.Theta, 1e-6, 1), within("gamma's least", g.Least, 0, 0.5)); err != nil {
			return err
		}
	}
	if len(o.Background) > 100 {
		return wrong("the background has %d shades, want at most 100", len(o.Background))
	}
	for i, s := range o.Background {
		at := fmt.Sprintf("background %d: ", i)
		if err := firstOf(within(at+"brightness", s.Brightness, 0, 255), within(at+"threshold", s.Threshold, 0, 255)); err != nil {
			return err
		}
	}
	return nil
}
