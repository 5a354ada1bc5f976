package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
)

// flags is the command line.
type flags struct {
	Photograph []string `arg:"" optional:"" placeholder:"PATH" help:"Photographs of the defect, one to some dozens: PNG, JPEG, GIF, BMP, TIFF or WebP; of a folder all that it has (default: with the small model, drawings)."`
	Mask       []string `sep:"none" placeholder:"PATH" help:"Where the defect is in them, white on black: a folder with NAME_mask.png or NAME.png for each, or a file for each, in their order, by repeating the flag (default: the word is learned from the pictures as a whole)."`
	Tile       bool     `help:"Learn from a window around each mask at the photograph's own scale, not from the photograph scaled down: for small defects in large photographs."`
	Drawings   int      `default:"3" placeholder:"N" help:"Without photographs, how many drawings of the defect to learn from (default: ${default})."`

	Object   string   `placeholder:"WORD" help:"What the photographs show, such as hazelnut, which the drawings do where there are none."`
	Anomaly  string   `placeholder:"WORD" help:"The defect's own word, such as crack: the learned one begins as it, and drawings have it."`
	Word     string   `placeholder:"TEXT" help:"What prompts are to call it (default: the defect's word in angle brackets, <crack>)."`
	Template []string `sep:"none" placeholder:"TEXT" help:"A sentence about the photographs with {} in the place of the word; several by repeating the flag (default: 'a photo of a hazelnut with a {} on it')."`

	Method    string  `default:"textual-inversion" enum:"textual-inversion,anomalydiffusion" help:"One of ${enum} (default: ${default}). Of anomalydiffusion further vectors say where the defect is, and the file, for 'anomalyany --generator anomalydiffusion --learned', has the masks' forms, too."`
	Vectors   int     `default:"4" placeholder:"N" help:"Vectors that the word has, as many tokens of a prompt (default: ${default})."`
	Steps     int     `default:"500" placeholder:"N" help:"Steps in all; more than before go on (default: ${default})."`
	Batch     int     `default:"1" placeholder:"N" help:"Pictures in each step, one after the other (default: ${default})."`
	Rate      float64 `default:"0.001" placeholder:"NUMBER" help:"How far a step goes (default: ${default})."`
	Share     float64 `default:"0.1" placeholder:"NUMBER" help:"How much of a position of the latent, 8×8 pixels, must be within the mask to count (default: ${default})."`
	NoAugment bool    `help:"Learn from the pictures as they are, without flips, turns and cuts."`
	Seed      uint64  `type:"seed" default:"0" help:"Of all that is drawn by chance (default: ${default})."`

	Model  string  `placeholder:"MODEL" help:"Model of Stable Diffusion 1.x: a directory as diffusers writes it, a single .safetensors file, or owner/name[@revision] of the Hugging Face hub (default: the small model of the module)."`
	Random bool    `help:"Random weights in the shapes of Stable Diffusion 1.5, to measure time and memory."`
	Size   int     `placeholder:"N" help:"Sides of the pictures in pixels, as the model sees them (default: what suits the model, 512 for Stable Diffusion)."`
	Memory float64 `default:"3" placeholder:"GIB" help:"Memory for activations, ${default} GiB if not given; less is slower."`
	cli.Hub
	cli.Corrections
	cli.Compute

	cli.Tiny
	Preview   int    `default:"100" placeholder:"K" help:"Every K steps make a picture with the word from always the same noise, in WORD.png; 0 makes none (default: ${default})."`
	Out       string `default:"out/invert" placeholder:"DIR" help:"Where the word goes, with what it takes to go on (default: ${default})."`
	Overwrite bool   `help:"Begin again where there is a word that was learned with other options, and replace it."`
}

// Validate is called by kong after parsing.
func (f *flags) Validate() error {
	switch {
	case f.TAESD != "" && f.Model == "" && !f.Random:
		return errors.New("--taesd knows the latents of Stable Diffusion 1.x; those of the small model are its own, and its previews need none")
	case f.TAESD != "" && f.Preview == 0:
		return errors.New("--taesd decodes previews, and with --preview 0 there are none")
	case f.Model != "" && f.Random:
		return errors.New("--model and --random exclude each other")
	case f.Model != "" && len(f.Photograph) == 0:
		return errors.New("photographs of the defect are missing: give files or folders (drawings are for the small model)")
	case len(f.Photograph) == 0 && len(f.Mask) > 0:
		return errors.New("--mask is for photographs, and there are none; drawings have their own")
	case f.Method == anomalyDiffusion && len(f.Photograph) > 0 && len(f.Mask) == 0:
		return errors.New("--method anomalydiffusion learns where defects are, too: --mask is missing")
	case f.Method == anomalyDiffusion && f.Vectors > 32:
		return fmt.Errorf("--vectors is %d, and --method anomalydiffusion, which has as many again, takes at most 32", f.Vectors)
	case f.Tile && len(f.Mask) == 0:
		return errors.New("--tile needs --mask: the window is around it")
	case len(f.Photograph) > 0 && strings.TrimSpace(f.Anomaly) == "":
		return errors.New("--anomaly WORD is missing: the defect's own word, such as crack, which the learned one begins as")
	case len(f.Photograph) > 0 && strings.TrimSpace(f.Object) == "" && len(f.Template) == 0:
		return errors.New("--object WORD is missing: what the photographs show, such as hazelnut (or give a --template)")
	}
	for _, t := range f.Template {
		if strings.Count(t, "{}") != 1 {
			return fmt.Errorf("--template is %.80q, want {} in it once, where the word stands", t)
		}
	}
	return errors.Join(
		f.Corrections.Validate(),
		cli.Within("--drawings", f.Drawings, 1, 1000), cli.Within("--vectors", f.Vectors, 1, 75), cli.Within("--steps", f.Steps, 1, 10_000_000),
		cli.Within("--batch", f.Batch, 1, 4096), cli.Within("--rate", f.Rate, 1e-12, 1), cli.Within("--share", f.Share, 0, 0.99),
		cli.Within("--size", f.Size, 0, cli.LongestSide), cli.Within("--memory", f.Memory, 0, 1<<20), cli.Within("--preview", f.Preview, 0, 10_000_000),
	)
}

// isFolder reports whether the model is a directory, which may say what suits it.
func (f *flags) isFolder() bool { return photos.IsFolder(f.Model) }

// withDrawn are the flags where they leave the drawings to the program: a pair that the small model never saw.
func (f flags) withDrawn() flags {
	f.Object, f.Anomaly = cmp.Or(f.Object, "hazelnut"), cmp.Or(f.Anomaly, "crack")
	f.Word = cmp.Or(f.Word, "<"+f.Anomaly+">")
	return f
}

// options are those of the inversion, for a model with articles as given.
func (f *flags) options(articles string) diffusion.InversionOptions {
	o := diffusion.DefaultInversion()
	o.Word, o.Initial, o.Vectors = f.Word, f.Anomaly, f.Vectors
	o.Steps, o.Batch, o.Rate, o.Share, o.Seed = f.Steps, f.Batch, f.Rate, f.Share, f.Seed
	o.Memory = int64(f.Memory * (1 << 30))
	if f.NoAugment {
		o.Augment = diffusion.Augmentation{}
	}
	if o.Templates = f.Template; len(f.Template) == 0 {
		of := prompts.Articles(cmp.Or(articles, string(prompts.Fitting)))
		o.Templates = []string{of.Defective(f.Object, "{}")}
	}
	return o
}
