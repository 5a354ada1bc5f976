package main

import (
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// Spec says which pictures are wanted: of what, how they are made, how many, and
// what is kept of them. Its JSON is the options of a picture's record. The other
// tags are kong's, which fills it in from the command line; so there is one list of
// what can be wanted.
type Spec struct {
	Model  string `placeholder:"DIR" help:"Model directory of Stable Diffusion 1.x, as diffusers writes it, or a single .safetensors file (default: a small model of drawings that comes with the program; 'anomalyany weights' says where others are to be had)." json:"model"`
	Clip   string `placeholder:"DIR" help:"CLIP directory, as transformers writes it (default: DIR/clip; a single file has none)." json:"clip"`
	Random bool   `help:"Random weights in the shapes of Stable Diffusion 1.5, to measure time and memory." json:"random"`
	cli.Corrections

	Photographs
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

	Drawn bool `kong:"-" json:"-"` // what is not given as Image is drawn

	Series
}

// released reports whether the algorithm is the released code's.
func (s *Spec) released() bool { return s.Preset == string(anomalyany.ReleasedPreset) }

// options are what the algorithm is given.
func (s *Spec) options() anomalyany.Options {
	o := anomalyany.Paper()
	if s.released() {
		o = anomalyany.Released()
	} else {
		o.Gamma, o.Lambda, o.Mu, o.EtaE, o.Refine = s.Gamma, s.Lambda, s.Mu, s.EtaE, s.Refine
		o.NoCondition, o.NoScheduler = s.NoCondition, s.NoScheduler
		if s.NoAttention {
			o.Lambda = 0
		}
		if s.NoRefine {
			o.Refine = 0
		}
	}
	o.Prompt = orDefault(s.Prompt, fmt.Sprintf("a photo of a %s with a %s on it", s.Object, strings.Join(s.Anomaly, " and a ")))
	o.Detail = orDefault(s.Detail, o.Prompt)
	o.Normal = orDefault(s.Normal, "a photo of a "+s.Object)
	o.Words, o.Negative = s.Anomaly, s.Negative
	o.Steps, o.Guidance, o.MapFactor = s.Steps, s.Guidance, s.MapFactor
	o.Memory = int64(s.Memory * (1 << 30))
	return o
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
