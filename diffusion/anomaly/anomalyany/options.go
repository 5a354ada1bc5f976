package anomalyany

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Preset is one of the algorithms: the paper, the same in a few steps, and the code that was released with it, which
// computes something else.
type Preset string

// The presets. Paper, Fast and Released make the options of each.
const (
	PaperPreset    Preset = "paper"
	FastPreset     Preset = "fast"
	ReleasedPreset Preset = "released"
)

// Options are the words and numbers of a run. The symbols are the paper's.
// Paper, Fast and Released have the numbers of a preset.
type Options struct {
	Preset Preset

	Prompt string   // c, such as "a photo of a hazelnut with a crack on it"
	Detail string   // c', a detailed description of the same; Prompt where empty
	Words  []string // the words or phrases of Prompt that name the anomaly
	Normal string   // ReleasedPreset: the prompt without the anomaly, such as "a photo of a hazelnut"; it must lack the Words

	Steps    int     // T, timesteps of a whole run: of DDIM, in FastPreset of DPM++ 2M, in ReleasedPreset of PNDM
	Guidance float32 // w of classifier-free guidance
	Negative string  // the prompt that guidance leads away from
	Sigma    float64 // σ of the 3×3 Gaussian over a token's map, in cells

	// The numbers of PaperPreset and FastPreset.
	Gamma  float64 // γ, the share of T that the photograph stands for: the last T - ⌊γT⌋ timesteps run
	Lambda float64 // λ, size of the attention steps
	Mu     float64 // μ, weight of the picture's CLIP loss
	EtaE   float64 // η_e, step size of the embedding
	Fill   float64 // weight of L_fill beside L_att: the words' attention fills the mask's shape; 0, the paper's, leaves it out, as does a photograph without a mask
	Refine int     // R, how many of the last steps refine; Auto for ⌊0.3·T⌋, in FastPreset for half of those that run

	// Ablations of PaperPreset and FastPreset, which the paper's table compares. The other two
	// are Lambda = 0 and Refine = 0.
	NoCondition bool // start from noise alone and run all T timesteps
	NoScheduler bool // α_t = λ in every step: no localisation-aware scheduler

	Released ReleasedOptions // the numbers of ReleasedPreset

	MapHeight, MapWidth int // of the attention maps; 0 for the latent's, divided by MapFactor
	MapFactor           int // 0 for 4; 1 suits a model with small latents

	Memory int64 // bytes for activations; 0 for no limit, Auto for 1 GiB, in pictures of more than 512×512 pixels for as many times that

}

// Auto leaves a number to the rule that its field names.
const Auto = -1

// floor is ⌊x⌋ of a product that may fall a little short of a whole number.
func floor(x float64) int { return int(math.Floor(x + 1e-9)) }

// validate checks the words and the numbers, and takes the prompt for a detailed
// one that is missing.
func (o *Options) validate() error {
	if o.Detail == "" {
		o.Detail = o.Prompt
	}
	if err := o.validateWords(); err != nil {
		return err
	}
	return o.validateNumbers()
}

func (o *Options) validateWords() error {
	switch {
	case o.Prompt == "":
		return errors.New("the prompt is empty")
	case len(o.Words) == 0:
		return errors.New("the word that names the anomaly is empty")
	case slices.Contains(o.Words, ""):
		return errors.New("a word that names the anomaly is empty")
	}
	return nil
}

// validateNumbers checks the numbers that both presets have, and then those of
// the preset.
func (o *Options) validateNumbers() error {
	of, ok := algorithms[o.Preset]
	switch {
	case !ok:
		return fmt.Errorf("preset %.60q, want %s, %s or %s", o.Preset, PaperPreset, FastPreset, ReleasedPreset)
	case o.Steps < 1 || o.Steps > 1000:
		return fmt.Errorf("steps T is %d, want 1 to 1000", o.Steps)
	case !(o.Sigma > 0) || math.IsInf(o.Sigma, 0):
		return fmt.Errorf("sigma σ of the Gaussian is %g, want a positive number", o.Sigma)
	case o.MapFactor < 0:
		return fmt.Errorf("map_factor is %d, want a whole number from 1 on", o.MapFactor)
	case o.Memory < Auto:
		return fmt.Errorf("memory is %d, want a number from 0 on, or %d for what suits the size", o.Memory, Auto)
	}
	if err := fromZero([]number{{"guidance w", float64(o.Guidance)}}); err != nil {
		return err
	}
	return of.validate(o)
}

// number is an option with its name.
type number struct {
	name  string
	value float64
}

// mostOf is what numbers are refused above: far more than leads to any picture,
// and little enough for products in single precision.
const mostOf = 1e6

func fromZero(all []number) error {
	for _, n := range all {
		if math.IsNaN(n.value) || math.IsInf(n.value, 0) || n.value < 0 {
			return fmt.Errorf("%s is %g, want a number from 0 on", n.name, n.value)
		}
		if n.value > mostOf {
			return fmt.Errorf("%s is %g, want at most %g", n.name, n.value, float64(mostOf))
		}
	}
	return nil
}
