package main

import (
	"errors"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// flags is the command line. It is also written into each picture's JSON.
type flags struct {
	Model  string `placeholder:"DIR" help:"Model directory of Stable Diffusion 1.x, as diffusers writes it, or a single .safetensors file." json:"model"`
	Clip   string `placeholder:"DIR" help:"CLIP directory, as transformers writes it (default: DIR/clip; a single file has none)." json:"clip"`
	Random bool   `help:"Random weights in the shapes of Stable Diffusion 1.5, to measure time and memory." json:"random"`

	Image string `placeholder:"FILE" help:"The normal photograph, PNG or JPEG." json:"image"`
	Mask  string `placeholder:"FILE" help:"Picture of the photograph's size: white may change (default: all of it); 'auto' finds the object on a plain background." json:"mask"`
	Paste bool   `help:"Outside the mask, leave every pixel of the photograph as it is; the seam lies inside." json:"paste"`
	Tile  bool   `help:"Keep the photograph's full size: work in a window around the mask, at --size or up to twice as long, and paste." json:"tile"`

	Object   string `placeholder:"WORDS" help:"What the photograph shows, such as hazelnut." json:"object"`
	Anomaly  string `placeholder:"WORDS" help:"The word of the prompt that names the defect, such as crack." json:"anomaly"`
	Prompt   string `placeholder:"TEXT" help:"Default: 'a photo of a OBJECT with a ANOMALY on it'." json:"prompt"`
	Detail   string `placeholder:"TEXT" help:"Detailed description that CLIP refines towards (default: the prompt)." json:"detail"`
	Negative string `placeholder:"TEXT" help:"What guidance leads away from (default: nothing)." json:"negative"`

	Seed     uint64  `default:"0" help:"Seed of the first picture: torch's CPU noise." json:"seed"`
	N        int     `default:"1" help:"How many pictures: seeds SEED to SEED+N-1." json:"n"`
	Size     int     `default:"512" help:"The photograph's shorter side is scaled to this, in pixels." json:"size"`
	Steps    int     `default:"100" help:"T, timesteps of a whole run." json:"steps"`
	Gamma    float64 `default:"0.25" help:"γ, share of T that the photograph stands for; T - ⌊γT⌋ timesteps run." json:"gamma"`
	Guidance float32 `default:"7.5" help:"Scale of classifier-free guidance." json:"guidance"`
	Lambda   float64 `default:"20" help:"λ, size of the attention-guided steps." json:"lambda"`
	Mu       float64 `default:"1" help:"μ, weight of CLIP's loss on the picture." json:"mu"`
	EtaE     float64 `default:"0.02" help:"η_e, step size of the prompt's embedding." json:"eta_e"`
	NoRefine bool    `help:"Leave out the refinement by CLIP." json:"no_refine"`

	Memory float64 `default:"3" placeholder:"GIB" help:"Memory for activations, ${default} GiB if not given; less is slower. Weights come on top." json:"memory"`
	Out    string  `default:"out" placeholder:"DIR" help:"Where the pictures go (default: ${default})." json:"out"`

	Series
}

// Validate is called by kong after parsing.
func (f *flags) Validate() error {
	if err := f.Series.validate(); err != nil {
		return err
	}
	switch {
	case f.Model != "" && f.Random:
		return errors.New("--model and --random exclude each other")
	case f.N < 1:
		return fmt.Errorf("--n is %d, want at least 1", f.N)
	case f.Size < 1:
		return fmt.Errorf("--size is %d, want a number of pixels", f.Size)
	case f.Memory < 0:
		return fmt.Errorf("--memory is %g, want a number of GiB", f.Memory)
	case f.Mask != "" && f.Image == "":
		return errors.New("--mask needs --image")
	case f.Paste && f.Mask == "":
		return errors.New("--paste needs --mask FILE or --mask auto: outside the mask the photograph stays as it is")
	case f.Tile && f.Mask == "":
		return errors.New("--tile needs --mask FILE or --mask auto: the mask says which region of the photograph to work on")
	}
	if f.Random {
		f.Object, f.Anomaly = orDefault(f.Object, "hazelnut"), orDefault(f.Anomaly, "crack")
		return nil
	}
	if f.Model == "" {
		return nil // run explains
	}
	switch {
	case f.Image == "":
		return errors.New("--image FILE is missing: the photograph of a normal part")
	case f.Anomaly == "":
		return errors.New("--anomaly WORD is missing: the word that names the defect, such as crack")
	case f.Object == "" && f.Prompt == "":
		return errors.New("--object WORD is missing: what the photograph shows, such as hazelnut (or give a --prompt)")
	}
	return nil
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// options are what the flags mean to the algorithm.
func (f *flags) options() anomaly.Options {
	o := anomaly.Paper()
	o.Prompt = orDefault(f.Prompt, fmt.Sprintf("a photo of a %s with a %s on it", f.Object, f.Anomaly))
	o.Detail = orDefault(f.Detail, o.Prompt)
	o.Word, o.Negative = f.Anomaly, f.Negative
	o.Steps, o.Gamma, o.Guidance, o.Lambda, o.Mu, o.EtaE = f.Steps, f.Gamma, f.Guidance, f.Lambda, f.Mu, f.EtaE
	if f.NoRefine {
		o.Refine = 0
	}
	o.Memory = int64(f.Memory * (1 << 30))
	return o
}
