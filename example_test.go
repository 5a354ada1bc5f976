package sdgraph_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
)

// One normal picture and a sentence become a defect with its mask: the README's first example.
func Example() {
	ctx := context.Background()
	p, err := demo.Open(ctx) // the small model of the module; diffusion.Open opens a directory
	check(err)
	defer p.Close()
	defaults, err := anomalyany.ReadDefaults(tensor.InFS(demo.FS())) // that suit this model
	check(err)
	normal := images.ForModel(demo.Picture()) // a hazelnut, or yours: images.Read reads a file

	o := defaults.Options
	o.Prompt, o.Words = "a photo of a hazelnut with a crack on it", []string{"crack"}
	g, err := anomalyany.New(ctx, p, defaults.Size, defaults.Size, o)
	check(err)
	encoded, err := g.Encode(ctx, normal, nil) // with a mask, or nil: it may change everywhere
	check(err)
	r, err := g.Run(ctx, encoded, 7, nil) // of seed 7
	check(err)
	fmt.Println(r.Image.Shape(), len(r.Mask), len(r.SoftMap))
	// Output: (1, 3, 128, 128) 16384 16384
}

// A photograph in a file becomes a picture and a mask in files: the README's second example.
func Example_files() {
	out, err := os.MkdirTemp("", "sdgraph")
	check(err)
	defer os.RemoveAll(out)

	ctx := context.Background()
	const model = "diffusion/demo/model" // or sd15, above
	p, err := diffusion.Open(ctx, model)
	check(err)
	defer p.Close()
	defaults, err := anomalyany.ReadDefaults(tensor.OnDisk(model))
	check(err)
	photograph, err := images.Read(ctx, "diffusion/demo/hazelnut.png") // or JPEG, GIF, BMP, TIFF, WebP
	check(err)
	normal, err := images.Fitted(photograph, 128, p.Multiple()) // 512 for Stable Diffusion
	check(err)

	o := defaults.Options
	o.Prompt, o.Words = "a photo of a hazelnut with a hole in it", []string{"hole"}
	o.Steps, o.Refine = 10, 2 // for a first look
	g, err := anomalyany.New(ctx, p, normal.Rect.Dy(), normal.Rect.Dx(), o)
	check(err)
	made, err := g.Generate(ctx, anomaly.Input{Normal: normal}, anomaly.NewDraws(7)) // Place says where it may change
	check(err)
	check(images.WritePNG(filepath.Join(out, "hole.png"), made.Picture))
	check(images.WritePNG(filepath.Join(out, "hole-mask.png"), made.Mask))

	written, err := images.ReadMask(ctx, filepath.Join(out, "hole-mask.png"))
	check(err)
	fmt.Println(made.Defect, slices.Max(images.Binary(written)), written.Rect.Size() == made.Picture.Rect.Size())
	// Output: hole 1 true
}

// A prompt becomes a picture, while the gradient of a loss on one word's attention steers it: the README's third
// example.
func Example_attention() {
	ctx := context.Background()
	p, err := diffusion.Open(ctx, "testdata/models/a") // tiny, with random weights; a real one works the same
	check(err)
	defer p.Close()

	// The prompt, and which of its tokens is the word that should be seen.
	const h, w = 32, 32 // of the latent; 64×64 is a picture of 512×512
	prompt, err := p.Encode(ctx, "a photo of a metal nut with a crack on it")
	check(err)
	nothing, err := p.Encode(ctx, "")
	check(err)
	tokens, err := p.Tokenizer.FindWord("a photo of a metal nut with a crack on it", "crack")
	check(err)

	// A loss on the word's attention, as an expression on the graph; its gradient comes by itself.
	maps := diffusion.NewAttnStore(diffusion.Cross(h/4, w/4))
	denoiser, err := p.Compile(h, w,
		diffusion.WithStore(maps),
		diffusion.WithLoss(func() *G.Node {
			words := diffusion.TokenMaps(maps.Mean())
			return diffusion.AttendAndExcite(diffusion.TokenMap(words, h/4, w/4, tokens[0], nn.StandardGaussian(0.5)))
		}),
		diffusion.WithGrad(diffusion.LatentInput))
	check(err)

	// From noise to a picture, down the loss before each step.
	schedule, err := diffusion.NewScheduler("ddim", p.Scheduler, 5)
	check(err)
	sampler := diffusion.Sampler{Model: denoiser, Scheduler: schedule, Guidance: diffusion.Guidance{Prompt: prompt, Negative: nothing, Scale: 7.5}}
	z := sampler.Start(diffusion.NewLatent(tensor.NewRand(42).Randn(4*h*w), 4, h, w))
	for moment, err := range sampler.Steps(ctx, &z, 0) {
		check(err)
		in, err := moment.Input() // the latent, as the scheduler scales it for the model
		check(err)
		g, err := denoiser.Grad(ctx, in, moment.T, prompt)
		check(err)
		check(z.AddScaled(-20, g.Latent)) // and then it is denoised
	}
	picture, err := p.Decode(ctx, z)
	check(err)
	fmt.Println(picture.Shape())
	// Output: (1, 3, 256, 256)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
