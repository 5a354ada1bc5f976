// Command anomalyany makes pictures of defects that nobody has photographed,
// each with its mask, from one normal photograph and a few words.
//
//	go run ./examples/anomalyany
//	go run ./examples/anomalyany --model DIR --image hazelnut.png --object hazelnut --anomaly crack
//
// Without flags it shows what a small model of drawings can do, which comes with
// it. For each seed it writes the picture, the mask, a heat map of where the word's
// attention was, and a JSON file that says how it was made; and for all of them
// a page, index.html. An interrupted run goes on with --resume; --from makes a
// picture again.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels/cuda"
)

func main() {
	var c commandLine
	cli.Main(newParser(&c), "finished pictures are complete, nothing was left half-written; --resume goes on", c.run)
}

func newParser(c *commandLine) cli.Parser {
	return cli.NewParser("anomalyany", "Pictures of unseen defects, with masks, from one normal photograph and a sentence (AnomalyAny, CVPR 2025). Without flags: what the model can do that comes with the program. "+
		"Numbers that are not given are those of the model directory's anomalyany.json, where it has one, or the following.", c)
}

// commandLine is what kong reads. All commands share the flags.
type commandLine struct {
	Flags      flags    `embed:""`
	Make       struct{} `cmd:"" default:"1" help:"Make pictures: the command where none is named."`
	Ablate     Ablation `cmd:"" help:"Measure the algorithm, and it without each of its parts, on drawn pictures; with --image compare them on one picture, side by side."`
	Categories struct{} `cmd:"" help:"List what --category and --defect know."`
	Weights    struct{} `cmd:"" help:"Say where the weights for photographs are to be had."`

	command string // which is asked for
}

// AfterApply is called by kong with what was given.
func (c *commandLine) AfterApply(ctx *kong.Context) error {
	c.command = ctx.Command()
	return nil
}

func (c *commandLine) run(ctx context.Context) error {
	switch c.command {
	case "categories":
		_, err := cli.Await(ctx, func() (any, error) { return nil, listCategories(os.Stdout, c.Flags) })
		return err
	case "weights":
		_, err := fmt.Print(howToStart)
		return err
	}
	if err := c.Flags.Use(os.Stderr); err != nil {
		return err
	}
	defer c.Flags.Compute.Close()
	switch {
	case c.command == "ablate":
		return c.Flags.advise(c.Ablate.run(ctx, c.Flags))
	case c.Flags.isDemo():
		return c.Flags.advise(demonstrate(ctx, c.Flags))
	}
	return c.Flags.advise(run(ctx, c.Flags))
}

// advise adds to an error about a GPU's memory which flag leaves more of it.
func (f *flags) advise(err error) error {
	var full *cuda.OutOfMemoryError
	if errors.As(err, &full) {
		return fmt.Errorf("%w; so does a lower --memory, the GiB for activations, now %g, at the price of time", err, f.Memory)
	}
	return err
}

const howToStart = `For photographs anomalyany needs the weights of Stable Diffusion 1.5 and of
CLIP ViT-L/14, which do not come with this module:

  hf download stable-diffusion-v1-5/stable-diffusion-v1-5 --local-dir sd15 \
     --include "*.json" "*.txt" "*.fp16.safetensors"
  hf download openai/clip-vit-large-patch14 --local-dir sd15/clip \
     --include "*.json" "*.txt" "model.safetensors"

  anomalyany --model sd15 --image hazelnut.png --object hazelnut --anomaly crack

(hf is the command of Hugging Face's hub, of the Python package
huggingface_hub.) In general, ` + diffusion.Layout + `

To see what it costs on this machine before fetching anything, run the same
computation with random weights; the picture will be noise:

  anomalyany --random --steps 8

anomalyany --help lists every flag.
`

// run makes the pictures.
func run(ctx context.Context, f flags) (err error) {
	if err := f.Again.checkWords(f.options()); err != nil {
		return err
	}
	d, err := openFolder(f)
	if err != nil {
		return err
	}
	defer func() { err = d.close(err) }()
	p, err := openModel(ctx, f)
	if err != nil {
		return err
	}
	defer p.Close()
	j, err := newJob(ctx, f, p, d)
	if err != nil {
		return err
	}
	return cli.Cause(p, j.run(ctx))
}
