package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// flags is the command line.
type flags struct {
	Model  string `placeholder:"MODEL" help:"Model of Stable Diffusion 1.x: a directory as diffusers writes it, a single .safetensors file, or owner/name[@revision] of the Hugging Face hub."`
	Random bool   `help:"Random weights in the shapes of Stable Diffusion 1.5, to measure time and memory."`
	cli.Hub
	cli.Corrections
	cli.Embeddings

	Prompt    string   `empty:"" placeholder:"TEXT" help:"What the picture shows; may be empty."`
	Negative  string   `empty:"" placeholder:"TEXT" help:"What guidance leads away from (default: nothing)."`
	Guidance  float64  `default:"7.5" help:"Scale of classifier-free guidance (default: ${default}); up to 1 the prompt alone is predicted with, in half the time."`
	Scheduler string   `default:"dpmpp2m" enum:"ddim,pndm,euler,euler-a,dpmpp2m,dpmpp2m-sde,unipc,lcm,tcd" help:"One of ${enum} (default: ${default})."`
	Karras    bool     `help:"Noise levels as Karras et al. space them, for euler, euler-a, dpmpp2m, dpmpp2m-sde and unipc."`
	Steps     int      `default:"25" help:"Steps from noise to picture (default: ${default}); lcm and tcd take at most 50."`
	Fast      string   `enum:",${fast}" default:"" placeholder:"KIND" help:"What a model for few steps wants, where other flags do not say: ${fast}; such as --scheduler lcm --steps 4 --guidance 1. Models of lightning and hyper are for one number of steps, which --steps says."`
	Spacing   string   `enum:",leading,linspace,trailing" default:"" placeholder:"SPACING" help:"How timesteps are spaced, leading, linspace or trailing (default: what the model's scheduler_config.json says); models for few steps want trailing."`
	Eta       *float64 `placeholder:"SHARE" help:"Share of fresh noise in each step of ddim (default: 0) and tcd (default: 0.3), 0 to 1."`

	Seed   uint64 `type:"seed" default:"0" help:"Seed of the first picture's noise (default: ${default})."`
	Noise  string `default:"cpu" enum:"cpu,cuda" help:"Whose noise a seed stands for, cpu or cuda: that of torch on a CPU or on a CUDA card (default: ${default})."`
	N      int    `default:"1" help:"How many pictures: seeds SEED to SEED+N-1 (default: ${default})."`
	Size   int    `default:"512" help:"Height and width in pixels (default: ${default}); with --image, what the picture's shorter side is scaled to."`
	Width  int    `help:"Width in pixels, if it is not --size."`
	Height int    `help:"Height in pixels, if it is not --size."`

	Image    string   `placeholder:"FILE" help:"Picture to start from: PNG, JPEG, GIF, BMP, TIFF or WebP."`
	Strength *float64 `placeholder:"SHARE" help:"With --image, share of the steps that run, 0 to 1: how much of the picture may change; 1 starts from noise alone (default: 0.75, with --mask 1)."`
	Mask     string   `placeholder:"FILE" help:"Picture of the size of --image: white is made anew, black is kept."`
	Paste    bool     `help:"With --mask, put the picture's own pixels back where the mask is black, which otherwise have passed through the VAE."`

	cli.Compute
	cli.Preview
	Out string `default:"out" placeholder:"DIR" help:"Where the pictures go (default: ${default})."`

	Overwrite bool `help:"Replace pictures of this program in --out that were made with other options; what others have put there, or was changed since, never is."`

	prompted bool            // whether there is a --prompt, which may be empty
	given    map[string]bool // the flags of the command line
}

// BeforeApply is called by kong with what was given.
func (f *flags) BeforeApply(ctx *kong.Context) error {
	f.given = map[string]bool{}
	for _, p := range ctx.Path {
		if p.Flag != nil {
			f.given[p.Flag.Name] = true
		}
	}
	f.prompted = f.given["prompt"]
	return nil
}

// Validate is called by kong after parsing.
func (f *flags) Validate() error {
	f.setFast()
	for _, text := range []*string{&f.Prompt, &f.Negative} {
		*text = strings.ReplaceAll(strings.ToValidUTF8(*text, "\uFFFD"), "\x00", "")
	}
	if err := f.validateNumbers(); err != nil {
		return err
	}
	if err := f.validatePicture(); err != nil {
		return err
	}
	switch karras := f.hasLevels(); {
	case f.Model != "" && f.Random:
		return errors.New("--model and --random exclude each other")
	case f.Model != "" && f.Prompt == "" && !f.prompted:
		return errors.New("--prompt TEXT is missing: what the picture shows, which may be empty")
	case f.Negative != "" && !f.guided():
		return fmt.Errorf("--negative has no effect with --guidance %g: want more than 1", f.Guidance)
	case f.Karras && !karras:
		return fmt.Errorf("--karras spaces the noise levels of euler, euler-a, dpmpp2m, dpmpp2m-sde and unipc, not of %s", f.Scheduler)
	case f.Spacing != "" && (f.Scheduler == "lcm" || f.Scheduler == "tcd"):
		return fmt.Errorf("--spacing %s: %s has timesteps of its own", f.Spacing, f.Scheduler)
	case f.Eta != nil && f.Scheduler != "ddim" && f.Scheduler != "tcd":
		return fmt.Errorf("--eta is for ddim and tcd, not for %s", f.Scheduler)
	case f.N < 1 || f.N > 1_000_000:
		return fmt.Errorf("--n is %d, want 1 to 1000000", f.N)
	case f.Seed > math.MaxUint64-uint64(f.N-1):
		return fmt.Errorf("--seed is %d, and there are no %d seeds from there", f.Seed, f.N)
	}
	return nil
}

// validateNumbers checks what needs no other flag.
func (f *flags) validateNumbers() error {
	share := 0.0
	if f.Strength != nil {
		share = *f.Strength
	}
	return cmp.Or(
		cli.Within("--guidance", f.Guidance, 0, cli.MostGuidance),
		cli.Within("--steps", f.Steps, 1, cli.MostSteps),
		f.Preview.Validate(),
		cli.Within("--strength", share, 0, 1),
		cli.Within("--eta", *cmp.Or(f.Eta, new(0.0)), 0, 1),
		cli.Within("--size", f.Size, 1, cli.LongestSide),
	)
}

// validatePicture checks what concerns the picture's size and the picture to
// start from.
func (f *flags) validatePicture() error {
	switch width, height := f.size(); {
	case f.Width < 0 || f.Height < 0:
		return fmt.Errorf("--width and --height are %d and %d, want numbers of pixels", f.Width, f.Height)
	case width > images.MaxPixels/height:
		return fmt.Errorf("--width and --height: a picture of %d×%d, want at most %d million pixels", width, height, images.MaxPixels/1_000_000)
	case f.Image != "" && (f.Width != 0 || f.Height != 0):
		return errors.New("--width and --height do not go with --image, whose proportions stay: --size scales it")
	case f.Image == "" && f.Strength != nil:
		return errors.New("--strength needs --image: it says how much of the picture may change")
	case f.Image == "" && f.Mask != "":
		return errors.New("--mask needs --image")
	case f.Mask == "" && f.Paste:
		return errors.New("--paste needs --mask: it keeps the picture outside the mask")
	}
	return nil
}

// hasLevels reports whether the scheduler's runs are lists of noise levels.
func (f *flags) hasLevels() bool {
	return !slices.Contains([]string{"ddim", "pndm", "lcm", "tcd"}, f.Scheduler)
}

// guided reports whether there is a prediction without the prompt to lead away
// from.
func (f *flags) guided() bool { return f.Guidance > 1 }

// size is the picture's width and height where no picture gives them.
func (f *flags) size() (width, height int) {
	return orDefault(f.Width, f.Size), orDefault(f.Height, f.Size)
}

func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

// strength is the share of the steps that run.
func (f *flags) strength() float64 {
	switch {
	case f.Strength != nil:
		return *f.Strength
	case f.Image == "" || f.Mask != "":
		return 1
	}
	return 0.75
}

// generator is a source of torch's normal numbers.
type generator interface {
	Randn(n int) []float32
}

// generator is the source of the noise of a seed.
func (f *flags) generator(seed uint64) generator {
	if f.Noise == "cuda" {
		return tensor.NewPhilox(seed)
	}
	return tensor.NewRand(seed)
}
