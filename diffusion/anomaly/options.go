package anomaly

import (
	"fmt"
	"math"
)

// Options are the words and numbers of a run. The symbols are the paper's.
type Options struct {
	Prompt string // c, such as "a photo of a hazelnut with a crack on it"
	Detail string // c', a detailed description of the same; Prompt where empty
	Word   string // the word or phrase of Prompt that names the anomaly

	// Mask tells where the picture may change, 1 for yes and 0 for no, one
	// number for each pixel, row by row; nil for everywhere.
	Mask []float32

	Steps    int     // T, timesteps of a whole DDIM run
	Gamma    float64 // γ, the share of T that the photograph stands for: the last T - ⌊γT⌋ timesteps run
	Guidance float32 // w of classifier-free guidance
	Negative string  // the prompt that guidance leads away from
	Lambda   float64 // λ, size of the attention steps
	Mu       float64 // μ, weight of the picture's CLIP loss
	EtaE     float64 // η_e, step size of the embedding
	Refine   int     // R, how many of the last steps refine; Auto for ⌊0.3·T⌋

	MapHeight, MapWidth int // of the attention maps; 0 for a quarter of the latent

	Memory int64 // bytes for activations; 0 for no limit
}

// Auto leaves a number to the rule that its field names.
const Auto = -1

// Paper is the preset of the paper: every number, and no words.
func Paper() Options {
	return Options{Steps: 100, Gamma: 0.25, Guidance: 7.5, Lambda: 20, Mu: 1, EtaE: 0.02, Refine: Auto}
}

// run is how many timesteps run, S = T - ⌊γT⌋.
func (o Options) run() int { return o.Steps - int(math.Floor(o.Gamma*float64(o.Steps)+1e-9)) }

// refineSteps is R, at most S.
func (o Options) refineSteps() int {
	if o.Refine == Auto {
		return o.tail()
	}
	return min(o.Refine, o.run())
}

// tail is ⌊0.3·T⌋, at most S.
func (o Options) tail() int { return min(int(math.Floor(0.3*float64(o.Steps)+1e-9)), o.run()) }

// annotateSteps is how many of the last steps the mask is read from.
func (o Options) annotateSteps() int {
	if r := o.refineSteps(); r > 0 {
		return r
	}
	return max(o.tail(), 1)
}

// validate checks the numbers and fills in what follows from others.
func (o *Options) validate() error {
	if o.Detail == "" {
		o.Detail = o.Prompt
	}
	switch {
	case o.Prompt == "":
		return fmt.Errorf("the prompt is empty")
	case o.Word == "":
		return fmt.Errorf("the word that names the anomaly is empty")
	case o.Steps < 1 || o.Steps > 1000:
		return fmt.Errorf("steps T is %d, want 1 to 1000", o.Steps)
	case !(o.Gamma >= 0 && o.Gamma < 1):
		return fmt.Errorf("gamma γ is %g, want 0 to less than 1", o.Gamma)
	case o.Refine < Auto:
		return fmt.Errorf("refine R is %d, want 0 or more", o.Refine)
	}
	for _, n := range []struct {
		name  string
		value float64
	}{{"guidance w", float64(o.Guidance)}, {"lambda λ", o.Lambda}, {"mu μ", o.Mu}, {"eta_e η_e", o.EtaE}, {"memory", float64(o.Memory)}} {
		if math.IsNaN(n.value) || math.IsInf(n.value, 0) || n.value < 0 {
			return fmt.Errorf("%s is %g, want a number from 0 on", n.name, n.value)
		}
	}
	return nil
}
