// Command txt2img makes pictures from a prompt with Stable Diffusion 1.x; also from a picture and a prompt
// (image to image), and inside a mask of a picture (inpainting).
//
//	go run ./examples/txt2img --model DIR --prompt 'a photo of a cat' --scheduler euler-a --seed 42
//
// For each seed it writes a PNG file whose text chunk "parameters" says how it was made, in the form that the
// Stable Diffusion web UI writes and reads.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

func newParser(f *flags) cli.Parser {
	return cli.NewParser("txt2img", "Pictures from a prompt, or from a picture and a prompt, with Stable Diffusion 1.x.", f,
		kong.Vars{"fast": strings.Join(fastNames(), ",")})
}

func main() {
	if len(os.Args) == 1 {
		fmt.Print(howToStart)
		return
	}
	var f flags
	cli.Main(newParser(&f), "finished pictures are complete, nothing was left half-written",
		func(ctx context.Context) error { return run(ctx, f) })
}

const howToStart = `txt2img makes pictures from a prompt. It needs the weights of Stable
Diffusion 1.5, which do not come with this module. It fetches them from the
Hugging Face hub once it has said how large they are, and under which licence:

  txt2img --model stable-diffusion-v1-5/stable-diffusion-v1-5 --prompt 'a photo of a cat on a windowsill'

or a directory has them that was fetched on another machine:

  hf download stable-diffusion-v1-5/stable-diffusion-v1-5 --local-dir sd15 \
     --include "*.json" "*.txt" "*.fp16.safetensors"

  txt2img --model sd15 --prompt 'a photo of a cat on a windowsill'
  txt2img --model sd15 --prompt 'an oil painting of a cat' --image cat.png --strength 0.6
  txt2img --model sd15 --prompt 'a photo of a dog' --image cat.png --mask cat-mask.png

(hf is the command of Hugging Face's hub, of the Python package
huggingface_hub.) In general, ` + diffusion.Layout + `

To see what it costs on this machine before fetching anything, run the same
computation with random weights; the picture will be noise:

  txt2img --random --steps 4

txt2img --help lists every flag.
`

// run makes the pictures.
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
	if err := f.CheckBeside(f.Model, map[string]string{"--image": f.Image, "--mask": f.Mask}); err != nil {
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
