package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// flags is the command line.
type flags struct {
	Model  string `placeholder:"MODEL" help:"Model of Stable Diffusion 1.x: a directory as diffusers writes it, a single .safetensors file, or owner/name[@revision] of the Hugging Face hub."`
	Random bool   `help:"Random weights in the shapes of Stable Diffusion 1.5, to measure time and memory."`
	cli.Hub
	cli.Corrections
	cli.Embeddings

	Prompt   string   `placeholder:"TEXT" help:"What the picture shows."`
	Words    []string `placeholder:"WORD,..." help:"Words or phrases of the prompt whose maps are wanted (default: all but articles, prepositions and the like)."`
	Negative string   `empty:"" placeholder:"TEXT" help:"What guidance leads away from (default: nothing)."`

	Guidance  float64 `default:"7.5" help:"Scale of classifier-free guidance (default: ${default}); up to 1 the prompt alone is predicted with."`
	Scheduler string  `default:"dpmpp2m" enum:"ddim,pndm,euler,euler-a,dpmpp2m,dpmpp2m-sde,unipc,lcm,tcd" help:"One of ${enum} (default: ${default})."`
	Steps     int     `default:"25" help:"Steps from noise to picture (default: ${default})."`
	Seed      uint64  `type:"seed" default:"0" help:"Seed of the noise, torch's on a CPU (default: ${default})."`
	Size      int     `default:"512" help:"Height and width in pixels (default: ${default}); with --image, what the picture's shorter side is scaled to."`

	Image string    `placeholder:"FILE" help:"Photograph (PNG, JPEG, GIF, BMP, TIFF or WebP) whose maps are wanted, instead of a picture that is made."`
	T     []float64 `name:"t" placeholder:"T,..." help:"With --image, timesteps of training, 0 to 999: how much noise the photograph is given (default: 300). Each makes one pass."`

	cli.Compute
	cli.Preview
	Out string `default:"attention" placeholder:"DIR" help:"Where the maps go (default: ${default})."`

	Overwrite bool `help:"Replace maps of this program in --out that were made with other options; what others have put there, or was changed since, never is."`
}

// Validate is called by kong after parsing.
func (f *flags) Validate() error {
	if f.Random && f.Prompt == "" {
		f.Prompt = "a photo of a hazelnut with a crack on it"
	}
	if f.Image != "" && len(f.T) == 0 {
		f.T = []float64{300}
	}
	if err := f.validateNumbers(); err != nil {
		return err
	}
	switch {
	case f.Model != "" && f.Random:
		return errors.New("--model and --random exclude each other")
	case f.Model != "" && strings.TrimSpace(f.Prompt) == "":
		return errors.New("--prompt TEXT is missing: the words whose maps are wanted")
	case f.Negative != "" && !f.guided():
		return fmt.Errorf("--negative has no effect with --guidance %g: want more than 1", f.Guidance)
	case f.Negative != "" && f.Image != "":
		return errors.New("--negative leads the making of a picture; with --image there is none")
	case f.Image != "" && f.Every > 0:
		return errors.New("--preview shows how a picture is made; with --image there is none")
	case f.Image == "" && len(f.T) > 0:
		return errors.New("--t needs --image: it says how much noise the photograph is given")
	}
	return nil
}

// validateNumbers checks what needs no other flag.
func (f *flags) validateNumbers() error {
	err := cmp.Or(
		cli.Within("--guidance", f.Guidance, 0, cli.MostGuidance),
		cli.Within("--steps", f.Steps, 1, cli.MostSteps),
		cli.Within("--size", f.Size, 1, cli.LongestSide),
		f.Preview.Validate(),
	)
	for _, t := range f.T {
		err = cmp.Or(err, cli.Within("--t", t, 0, cli.MostSteps-1))
	}
	return err
}

// guided reports whether there is a prediction without the prompt to lead away
// from.
func (f *flags) guided() bool { return f.Guidance > 1 }
