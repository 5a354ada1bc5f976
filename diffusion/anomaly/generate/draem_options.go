package generate

// Source is what shows through a part, of what is its own.
type Source string

const (
	// DisorderSource is the part itself, augmented, cut into 8 by 8 tiles that are shuffled: MemSeg's.
	DisorderSource Source = "disorder"
	// NoiseSource is the noise of the mask as greys around the middle: anomalib's without a folder.
	NoiseSource Source = "noise"
)

// DRAEMOptions are the choices of DRAEM and of those who took its defects over: a mask, something that shows through the
// part there, and how much. The zero value is refused: DefaultDRAEM has numbers, DRAEMAs those of five programs.
type DRAEMOptions struct {
	Preset     Preset     `json:"preset"`
	Foreground Foreground `json:"foreground"`
	Attempts   int        `json:"attempts"` // pictures drawn until one differs, 1 to 10000
	Masks      Masks      `json:"masks"`

	Own      Source  `json:"own"`       // where there are no textures
	OwnShare float64 `json:"own_share"` // the probability of it where there are some

	// Augment is how many of DRAEM's ten augmentations a texture goes through, 0 to 10, and OwnAugment how many what is
	// the part's own does.
	Augment    int `json:"augment"`
	OwnAugment int `json:"own_augment"`

	// TextureWeight is the share of the source where the mask is, drawn evenly from [0] to [1], 0 to 1; the rest is the
	// part's. It is 1 - β of DRAEM's code. With a WeightDeviation it is drawn around the middle and held to these bounds.
	TextureWeight   [2]float64 `json:"texture_weight"`
	WeightDeviation float64    `json:"weight_deviation"`
	CutOff          bool       `json:"cut_off"` // fractions of levels are cut off, not rounded

	// LeastChange is how far colours must change inside the mask, on its mean and that of R, G and B, 0 to 255 levels;
	// less is no defect, and drawn again.
	LeastChange float64 `json:"least_change"`

	Anomalous  float64 `json:"anomalous"`   // the probability of a defect; else the picture stays as it is, without an error
	TurnNormal float64 `json:"turn_normal"` // the probability that the part is turned first, by up to 90°, which makes black corners
}

// DefaultDRAEM returns DRAEM's numbers, but for what its training needs and a set of pictures does not: each has a
// defect, on the part; what would hardly be seen, for its area or its colours (5 levels), is drawn again; and the part is
// never turned.
func DefaultDRAEM() DRAEMOptions {
	return DRAEMOptions{
		Preset: Mended, Foreground: Found, Attempts: Attempts,
		Masks: DefaultMasks(),
		Own:   DisorderSource, Augment: 3, OwnAugment: 3,
		TextureWeight: [2]float64{0.2, 1},
		LeastChange:   5,
		Anomalous:     1,
	}
}

// DRAEMReading is a program that makes defects as DRAEM does.
type DRAEMReading string

const (
	DRAEMOriginal DRAEMReading = "draem"    // VitjanZ/DRAEM
	DRAEMAnomalib DRAEMReading = "anomalib" // anomalib 2.7, PerlinAnomalyGenerator
	DRAEMRealNet  DRAEMReading = "realnet"  // cnulab/RealNet, of textures
	DRAEMMemSeg   DRAEMReading = "memseg"   // TooTouch/MemSeg
	DRAEMGLASS    DRAEMReading = "glass"    // cqylunlun/GLASS
)

// draemReadings is what each has otherwise than the original, which comes first.
var draemReadings = map[DRAEMReading]func(o *DRAEMOptions){
	DRAEMOriginal: func(o *DRAEMOptions) {
		o.Preset, o.Foreground, o.Anomalous, o.TurnNormal = Released, Everywhere, 0.5, 0.3
		o.Masks.Perlin.Least, o.Masks.Perlin.Redraws, o.LeastChange = 0, 0, 0
	},
	DRAEMAnomalib: func(o *DRAEMOptions) {
		o.TurnNormal, o.Own = 0, NoiseSource
		o.Masks.Perlin.Rescale, o.Masks.Perlin.Redraws = true, 10
	},
	DRAEMRealNet: func(o *DRAEMOptions) {
		o.TurnNormal, o.Foreground, o.CutOff = 0, Found, true
	},
	DRAEMMemSeg: func(o *DRAEMOptions) {
		o.TurnNormal, o.Foreground, o.CutOff = 0, Found, true
		o.OwnShare, o.Augment, o.TextureWeight = 0.5, 0, [2]float64{0.15, 1}
	},
	DRAEMGLASS: func(o *DRAEMOptions) {
		o.TurnNormal, o.Foreground, o.Anomalous = 0, Found, 1
		o.Masks.Perlin.Union, o.Masks.Perlin.Intersection, o.Masks.Perlin.Redraws = 1./3, 1./3, 1000
		o.TextureWeight, o.WeightDeviation = [2]float64{0.2, 0.8}, 0.1
	},
}

// DRAEMAs returns the options of a program, in preset Released. DRAEM draws the share of pictures with a defect before
// training; so it is here, also of MemSeg, which alternates. MemSeg's part is told by thresholds of its own, RealNet's
// by ForegroundOf a category; here both are Found. Textures are smaller than the part in no program but may be here.
func DRAEMAs(reading DRAEMReading) (DRAEMOptions, error) {
	change, known := draemReadings[reading]
	if !known {
		return DRAEMOptions{}, wrong("there is no reading %.20q of DRAEM, want %s, %s, %s, %s or %s", string(reading),
			DRAEMOriginal, DRAEMAnomalib, DRAEMRealNet, DRAEMMemSeg, DRAEMGLASS)
	}
	o := DefaultDRAEM()
	draemReadings[DRAEMOriginal](&o)
	change(&o)
	return o, nil
}

func (o DRAEMOptions) check() error {
	if o.Own != DisorderSource && o.Own != NoiseSource {
		return wrong("the part's own source is %.20q, want %s or %s", string(o.Own), DisorderSource, NoiseSource)
	}
	if o.Own == NoiseSource {
		if err := o.Masks.Perlin.check(); err != nil {
			return err
		}
	}
	return firstOf(
		o.Preset.check(), o.Foreground.check(), checkAttempts(o.Attempts), o.Masks.check(),
		within("own_share", o.OwnShare, 0, 1),
		within("augment", float64(o.Augment), 0, float64(len(augmenters))),
		within("own_augment", float64(o.OwnAugment), 0, float64(len(augmenters))),
		spanWithin("texture_weight", o.TextureWeight, 0, 1),
		within("weight_deviation", o.WeightDeviation, 0, 1),
		within("least_change", o.LeastChange, 0, 255),
		within("anomalous", o.Anomalous, 0, 1),
		within("turn_normal", o.TurnNormal, 0, 1),
	)
}

// clone is a copy that has no memory in common.
func (o DRAEMOptions) clone() DRAEMOptions {
	o.Masks = o.Masks.clone()
	return o
}
