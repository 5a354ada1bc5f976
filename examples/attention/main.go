// Command attention shows where in a picture each word of its prompt was seen: heat maps as DAAM makes them (Tang et
// al., arXiv 2210.04885), of a picture that is generated or of a photograph with noise.
//
//	go run ./examples/attention --model DIR --prompt 'a photo of a hazelnut with a crack on it' --seed 42
//
// For each word it writes the mean over all steps and attention sites, laid over the picture, a map for each step and
// one for each site, as PNG files, and a page that shows them all, index.html. What made them is in index.json.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

func newParser(f *flags) cli.Parser {
	return cli.NewParser("attention", "Where in a picture each word of its prompt was seen: heat maps of Stable Diffusion's cross-attention (DAAM).", f)
}

func main() {
	if len(os.Args) == 1 {
		fmt.Print(howToStart)
		return
	}
	var f flags
	cli.Main(newParser(&f), "nothing was written",
		func(ctx context.Context) error { return run(ctx, f) })
}

const howToStart = `attention shows where in a picture each word of its prompt was seen. It needs
the weights of Stable Diffusion 1.5, which do not come with this module. It
fetches them from the Hugging Face hub once it has said how large they are, and
under which licence:

  attention --model stable-diffusion-v1-5/stable-diffusion-v1-5 --prompt 'a photo of a hazelnut with a crack on it'

or a directory has them that was fetched on another machine:

  hf download stable-diffusion-v1-5/stable-diffusion-v1-5 --local-dir sd15 \
     --include "*.json" "*.txt" "*.fp16.safetensors"

  attention --model sd15 --prompt 'a photo of a hazelnut with a crack on it'
  attention --model sd15 --prompt 'a hazelnut with a crack' --image hazelnut.png --t 100,300

(hf is the command of Hugging Face's hub, of the Python package
huggingface_hub.) In general, ` + diffusion.Layout + `

To see what it costs on this machine before fetching anything, run the same
computation with random weights; picture and maps will be noise:

  attention --random --steps 4

attention --help lists every flag.
`

// run makes the maps of one command line.
func run(ctx context.Context, f flags) error {
	if err := f.Use(os.Stderr); err != nil {
		return err
	}
	defer f.Compute.Close()
	folder, err := files.Hold(f.Out)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer folder.Release()
	words, err := f.Read()
	if err != nil {
		return err
	}
	if err := f.CheckBeside(f.Model, map[string]string{"--image": f.Image}); err != nil {
		return err
	}
	found, err := f.Find(ctx, f.Model, f.TAESD)
	if err != nil {
		return err
	}
	f.Model, f.TAESD = found[0].Name, found[1].Path
	opts := append(slices.Concat(f.Options(), f.Correct(), f.OpenTiny(), f.VariantOf(found[0])), diffusion.WithEmbeddings(words...))
	p, err := cli.OpenModel(ctx, found[0].Path, f.Random, howToStart, opts...)
	if err != nil {
		return err
	}
	defer p.Close()
	j, err := newJob(ctx, f, p)
	if err != nil {
		return err
	}
	j.folder = folder
	return cli.Cause(p, j.run(ctx))
}
