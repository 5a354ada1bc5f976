package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// flags is the command line. It is also written into each picture's JSON.
type flags struct {
	Model  string `placeholder:"DIR" help:"Model directory of Stable Diffusion 1.x, as diffusers writes it, or a single .safetensors file (default: a small model of drawings that comes with the program; 'anomalyany weights' says where others are to be had)." json:"model"`
	Clip   string `placeholder:"DIR" help:"CLIP directory, as transformers writes it (default: DIR/clip; a single file has none)." json:"clip"`
	Random bool   `help:"Random weights in the shapes of Stable Diffusion 1.5, to measure time and memory." json:"random"`
	cli.Corrections

	Image string `placeholder:"FILE" help:"The normal photograph: PNG, JPEG, GIF, BMP, TIFF or WebP." json:"image"`
	Mask  string `placeholder:"FILE" help:"Picture of the photograph's size: white may change (default: all of it); 'auto' finds the object on a plain background." json:"mask"`
	Paste bool   `help:"Outside the mask, leave every pixel of the photograph as it is; the seam lies inside." json:"paste"`
	Tile  bool   `help:"Keep the photograph's full size: work in a window around the mask, at --size or up to twice as long, and paste." json:"tile"`

	Object   string   `empty:"" placeholder:"WORDS" help:"What the photograph shows, such as hazelnut." json:"object"`
	Anomaly  []string `placeholder:"WORDS" help:"The word of the prompt that names the defect, such as crack; several with commas or by repeating the flag." json:"anomaly"`
	Prompt   string   `empty:"" placeholder:"TEXT" help:"Default: 'a photo of a OBJECT with a ANOMALY on it', several anomalies joined by 'and a'." json:"prompt"`
	Normal   string   `empty:"" placeholder:"TEXT" help:"Preset released: the prompt without the defect (default: 'a photo of a OBJECT')." json:"normal"`
	Detail   string   `empty:"" placeholder:"TEXT" help:"Detailed description that CLIP refines towards (default: the prompt)." json:"detail"`
	Negative string   `empty:"" placeholder:"TEXT" help:"What guidance leads away from (default: nothing)." json:"negative"`

	Named

	Seed     uint64  `type:"seed" default:"0" help:"Seed of the first picture: torch's CPU noise." json:"seed"`
	N        int     `default:"1" help:"How many pictures: seeds SEED to SEED+N-1 (without flags: 5 of each scene)." json:"n"`
	Size     int     `default:"512" help:"The photograph's shorter side is scaled to this, in pixels." json:"size"`
	Preset   string  `default:"paper" enum:"paper,released" help:"The algorithm: of the paper, or of the code that was released with it (one of ${enum})." json:"preset"`
	Steps    int     `default:"100" help:"T, timesteps of a whole run (preset released: 200)." json:"steps"`
	Gamma    float64 `default:"0.25" help:"γ, share of T that the photograph stands for; T - ⌊γT⌋ timesteps run." json:"gamma"`
	Guidance float32 `default:"7.5" help:"Scale of classifier-free guidance (preset released: 12.5)." json:"guidance"`
	Lambda   float64 `default:"20" help:"λ, size of the attention-guided steps." json:"lambda"`
	Mu       float64 `default:"1" help:"μ, weight of CLIP's loss on the picture." json:"mu"`
	EtaE     float64 `default:"0.02" help:"η_e, step size of the prompt's embedding." json:"eta_e"`
	Refine   int     `default:"-1" help:"R, how many of the last steps refine; -1 for 0.3·T." json:"refine"`

	MapFactor int `default:"4" help:"By how much the attention maps are smaller than the latent." json:"map_factor"`

	NoCondition bool `help:"Ablation: start from noise alone and run all T timesteps." json:"no_condition"`
	NoAttention bool `help:"Ablation: no attention-guided steps, λ = 0." json:"no_attention"`
	NoRefine    bool `help:"Ablation: leave out the refinement by CLIP, which may then be absent." json:"no_refine"`
	NoScheduler bool `help:"Ablation: steps of λ throughout, no localisation-aware scheduler." json:"no_scheduler"`

	cli.Compute
	Memory float64 `default:"3" placeholder:"GIB" help:"Memory for activations, ${default} GiB if not given; less is slower. Weights come on top." json:"memory"`
	Out    string  `default:"out" placeholder:"DIR" help:"Where the pictures go (default: ${default})." json:"out"`

	Drawn bool `kong:"-" json:"-"` // the command draws its own pictures where there is no --image

	Series
}

// Validate is called by kong after parsing.
func (f *flags) Validate() error {
	if err := f.useCategory(); err != nil {
		return err
	}
	if err := cmp.Or(f.Series.validate(), f.validateNumbers(), f.checkSeeds(), f.checkTexts()); err != nil {
		return err
	}
	switch {
	case f.Model != "" && f.Random:
		return errors.New("--model and --random exclude each other")
	case f.Clip != "" && f.Model == "":
		return errors.New("--clip needs --model")
	case f.Mask != "" && f.Image == "":
		return errors.New("--mask needs --image")
	case f.Paste && f.Mask == "":
		return errors.New("--paste needs --mask FILE or --mask auto: outside the mask the photograph stays as it is")
	case f.Tile && f.Mask == "":
		return errors.New("--tile needs --mask FILE or --mask auto: the mask says which region of the photograph to work on")
	}
	if err := f.validatePreset(); err != nil {
		return err
	}
	if f.Random {
		f.Object = orDefault(f.Object, "hazelnut")
		if len(f.Anomaly) == 0 {
			f.Anomaly = []string{"crack"}
		}
		return nil
	}
	if f.isDemo() || f.Model == "" && embedded == nil {
		return nil // in the second case run explains
	}
	if f.Drawn && f.Image == "" {
		return nil
	}
	switch {
	case f.Image == "":
		return errors.New("--image FILE is missing: the photograph of a normal part")
	case len(f.Anomaly) == 0:
		return errors.New("--anomaly WORD is missing: the word that names the defect, such as crack")
	case f.Object == "" && f.Prompt == "":
		return errors.New("--object WORD is missing: what the photograph shows, such as hazelnut (or give a --prompt)")
	case f.released() && f.Object == "" && f.Normal == "":
		return errors.New("--normal TEXT is missing: preset released compares with the prompt of the photograph without the defect (or give an --object)")
	}
	return nil
}

// largest is far beyond what makes a picture, and finite.
const largest = 1e6

// validateNumbers checks what needs no other flag.
func (f *flags) validateNumbers() error {
	return cmp.Or(
		cli.Within("--size", f.Size, 1, cli.LongestSide),
		cli.Within("--steps T", f.Steps, 1, cli.MostSteps),
		f.validateGamma(),
		cli.Within("--guidance", f.Guidance, 0, cli.MostGuidance),
		cli.Within("--lambda λ", f.Lambda, 0, largest),
		cli.Within("--mu μ", f.Mu, 0, largest),
		cli.Within("--eta-e η_e", f.EtaE, 0, largest),
		cli.Within("--refine R", f.Refine, anomalyany.Auto, cli.MostSteps),
		cli.Within("--map-factor", f.MapFactor, 0, cli.LongestSide),
		cli.Within("--memory", f.Memory, 0, largest),
	)
}

func (f *flags) validateGamma() error {
	if !(f.Gamma >= 0 && f.Gamma < 1) {
		return fmt.Errorf("--gamma γ is %g, want 0 to less than 1", f.Gamma)
	}
	return nil
}

// released reports whether the algorithm is the released code's.
func (f *flags) released() bool { return f.Preset == string(anomalyany.ReleasedPreset) }

func (f *flags) validatePreset() error {
	if f.released() && (f.NoCondition || f.NoAttention || f.NoRefine || f.NoScheduler) {
		return errors.New("--no-condition, --no-attention, --no-refine and --no-scheduler are ablations of --preset paper")
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
func (f *flags) options() anomalyany.Options {
	o := anomalyany.Paper()
	if f.released() {
		o = anomalyany.Released()
	} else {
		o.Gamma, o.Lambda, o.Mu, o.EtaE, o.Refine = f.Gamma, f.Lambda, f.Mu, f.EtaE, f.Refine
		o.NoCondition, o.NoScheduler = f.NoCondition, f.NoScheduler
		if f.NoAttention {
			o.Lambda = 0
		}
		if f.NoRefine {
			o.Refine = 0
		}
	}
	o.Prompt = orDefault(f.Prompt, fmt.Sprintf("a photo of a %s with a %s on it", f.Object, strings.Join(f.Anomaly, " and a ")))
	o.Detail = orDefault(f.Detail, o.Prompt)
	o.Normal = orDefault(f.Normal, "a photo of a "+f.Object)
	o.Words, o.Negative = f.Anomaly, f.Negative
	o.Steps, o.Guidance, o.MapFactor = f.Steps, f.Guidance, f.MapFactor
	o.Memory = int64(f.Memory * (1 << 30))
	return o
}
