package main

import (
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// Spec says which pictures are wanted: of what, how they are made, how many, and
// what is kept of them. Its JSON is the options of a picture's record. The other
// tags are kong's, which fills it in from the command line; so there is one list of
// what can be wanted.
type Spec struct {
	Photographs `group:"photograph"`
	Mask        string `group:"photograph" placeholder:"PATH" help:"Picture of the photograph's size: white may change (default: all of it); of a folder of them each picture takes the next, by its seed; 'auto' finds the object on a plain background." json:"mask"`
	Places      `group:"photograph"`
	Paste       bool `group:"photograph" name:"keep-outside-mask" aliases:"paste" help:"Outside the --mask, leave every pixel of the photograph as it is; the seam lies inside." json:"paste"`
	Tile        bool `group:"photograph" help:"Keep the photograph's full size: work in a window around the mask, at --size or up to twice as long, and paste." json:"tile"`
	Size        int  `group:"photograph" default:"512" help:"The photograph's shorter side is scaled to this, in pixels. Models are best at the size that they were made for." json:"size"`

	Object   string   `group:"words" empty:"" placeholder:"WORDS" help:"What the photograph shows, such as hazelnut." json:"object"`
	Anomaly  []string `group:"words" placeholder:"WORDS" help:"The word that names the defect, such as crack; several with commas or by repeating the flag." json:"anomaly"`
	Prompt   string   `group:"words" empty:"" placeholder:"TEXT" help:"A sentence of your own, which has the words of --anomaly in it (default: 'a photo of a OBJECT with a ANOMALY on it')." json:"prompt"`
	Detail   string   `group:"words" empty:"" placeholder:"TEXT" help:"The defect in more detail, for the last steps, in which CLIP looks at the picture (default: the prompt)." json:"detail"`
	Negative string   `group:"words" empty:"" placeholder:"TEXT" help:"What the picture should not be like (default: nothing)." json:"negative"`
	Normal   string   `group:"words" empty:"" placeholder:"TEXT" help:"The prompt without the defect, which scores and preset released compare with (default: 'a photo of a OBJECT')." json:"normal"`
	Named    `group:"words"`

	cli.Embeddings `group:"words"`

	Articles string `group:"words" default:"fitting" enum:"fitting,always,plain" help:"Of sentences that the program makes: fitting, 'a photo of wood', 'an orange'; always, 'a wood', as some models were trained; plain, 'a orange'." json:"articles"`

	Seed     uint64  `group:"pictures" type:"seed" default:"0" help:"Number that the first picture's randomness comes from: the same again makes the same picture (torch's CPU noise)." json:"seed"`
	N        int     `group:"pictures" default:"1" help:"How many pictures: seeds SEED to SEED+N-1 (without flags: 7 of each scene)." json:"n"`
	Strength float64 `group:"pictures" placeholder:"SHARE" help:"How much may change: with little above 0 next to nothing, with 1 a picture need not resemble the photograph (1 - γ)." json:"-"`
	Guidance float32 `group:"pictures" default:"7.5" help:"How closely the words are followed; too much makes colours harsh (classifier-free guidance; preset released: 12.5)." json:"guidance"`
	Steps    int     `group:"pictures" default:"100" help:"Into how many steps the way from noise to a picture is divided; more take longer (T; preset released: 200)." json:"steps"`
	Out      string  `group:"pictures" default:"out" placeholder:"DIR" help:"Where the pictures go (default: ${default})." json:"out"`

	Kept `group:"part"`

	Series

	Generating `group:"generator"`

	Preset    string  `group:"algorithm" default:"paper" enum:"paper,fast,released,mended" help:"The algorithm: of the paper; the same in a tenth of the time; or of the code that was released with it. Of another --generator, the released code, or that without its faults, which is the default there (one of ${enum})." json:"preset"`
	Gamma     float64 `group:"algorithm" default:"0.25" help:"--strength from the other side: the share of the steps that the photograph stands for (γ; T - ⌊γT⌋ steps run)." json:"gamma"`
	Lambda    float64 `group:"algorithm" default:"20" help:"How hard each step draws the attention to the defect's word (λ)." json:"lambda"`
	Mu        float64 `group:"algorithm" default:"1" help:"How much it counts in the last steps what CLIP sees in the picture (μ)." json:"mu"`
	EtaE      float64 `group:"algorithm" default:"0.02" help:"How fast the prompt moves towards --detail in the last steps (η_e)." json:"eta_e"`
	Refine    int     `group:"algorithm" default:"-1" help:"How many of the last steps are refined by CLIP; -1 for 0.3·T, with preset fast for half of those that run (R)." json:"refine"`
	Filled    `group:"algorithm"`
	MapFactor int `group:"algorithm" default:"4" help:"By how much the attention maps are smaller than the latent." json:"map_factor"`

	NoCondition bool `group:"ablation" help:"Start from noise alone and run all T steps." json:"no_condition"`
	NoAttention bool `group:"ablation" help:"No attention-guided steps, λ = 0." json:"no_attention"`
	NoRefine    bool `group:"ablation" help:"No refinement by CLIP, which may then be absent." json:"no_refine"`
	NoScheduler bool `group:"ablation" help:"Steps of λ throughout, no localisation-aware scheduler." json:"no_scheduler"`

	Model           string `group:"model" placeholder:"MODEL" help:"Model of Stable Diffusion 1.x: a directory as diffusers writes it, a single .safetensors file, or owner/name[@revision] of the Hugging Face hub (default: a small model of drawings that comes with the program; 'anomalyany weights' says where others are to be had)." json:"model"`
	Clip            string `group:"model" placeholder:"DIR" help:"CLIP directory, as transformers writes it, or owner/name of the hub (default: DIR/clip; a single file has none; of a --model of the hub openai/clip-vit-large-patch14)." json:"clip"`
	Random          bool   `group:"model" help:"Random weights in the shapes of Stable Diffusion 1.5, to measure time and memory." json:"random"`
	cli.Hub         `group:"model"`
	cli.Corrections `group:"model"`

	cli.Preview `group:"pictures"`

	cli.Compute `group:"machine"`
	Memory      float64 `group:"machine" default:"-1" placeholder:"GIB" help:"Memory for activations; less is slower, 0 is no limit. Weights come on top. -1 for 1 GiB, of pictures above 512×512 pixels as many times that; on a GPU 3 GiB." json:"memory"`

	Drawn bool `kong:"-" json:"-"` // what is not given as Image is drawn

	Found [2]cli.Found `kong:"-" json:"-"` // Model and Clip, where they are of the hub and were found
}

// released reports whether the algorithm is AnomalyAny's, of the released code.
func (s *Spec) released() bool { return !s.isOther() && s.Preset == string(anomalyany.ReleasedPreset) }

// options are what the algorithm is given.
func (s *Spec) options() anomalyany.Options {
	o := anomalyany.Paper()
	if s.released() {
		o = anomalyany.Released()
	} else {
		if s.Preset == string(anomalyany.FastPreset) {
			o = anomalyany.Fast()
		}
		o.Gamma, o.Lambda, o.Mu, o.EtaE, o.Refine, o.Fill = s.Gamma, s.Lambda, s.Mu, s.EtaE, s.Refine, s.Fill
		o.NoCondition, o.NoScheduler = s.NoCondition, s.NoScheduler
		if s.NoAttention {
			o.Lambda = 0
		}
		if s.NoRefine {
			o.Refine = 0
		}
	}
	articles := prompts.Articles(s.Articles)
	o.Prompt = orDefault(s.Prompt, articles.Defective(s.Object, s.Anomaly...))
	o.Detail = orDefault(s.Detail, o.Prompt)
	o.Normal = orDefault(s.Normal, articles.Normal(s.Object))
	o.Words, o.Negative = s.Anomaly, s.Negative
	o.Steps, o.Guidance, o.MapFactor = s.Steps, s.Guidance, s.MapFactor
	o.Memory = s.memory()
	return o
}

// memory is that for activations, in bytes.
func (s *Spec) memory() int64 {
	switch {
	case s.Memory >= 0:
		return int64(s.Memory * (1 << 30))
	case s.OnDevice():
		return 3 << 30
	}
	return anomalyany.Auto
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
