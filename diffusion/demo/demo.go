// Package demo is a small model that comes with the module, embedded in the
// program that imports it, so that everything can be seen and tried without a
// download:
//
//	p, err := demo.Open(ctx)
//
// It is a latent text-to-image model with the architecture and the files of
// Stable Diffusion 1.5 and CLIP, many times smaller, trained from nothing on
// drawings: pictures of parts and materials, and of what may be wrong with them,
// as examples/demo/world draws them. It knows that world and no other: neither
// photographs nor words beside those that its anomalyany.json lists. Of some
// parts and defects it never saw the pair, so that one can look at, and measure,
// what becomes of anomalies that are truly unseen. The model card, how it was
// made, its figures and its limits, is model/README.md.
//
// Importing the package makes a program larger by the model, at most 32 MiB, and
// Open holds a copy of it in memory until Close. The licence is the module's.
package demo

import (
	"bytes"
	"context"
	"embed"
	"image"
	"image/png"
	"io/fs"

	"github.com/sdgraph/sdgraph/diffusion"
)

//go:embed all:model
var files embed.FS

// FS is the model's directory.
func FS() fs.FS {
	model, err := fs.Sub(files, "model")
	if err != nil {
		panic("demo: " + err.Error()) // the name is a valid path
	}
	return model
}

// Open opens the model, as diffusion.OpenFS does.
func Open(ctx context.Context, opts ...diffusion.OpenOption) (*diffusion.Pipeline, error) {
	return diffusion.OpenFS(ctx, FS(), opts...)
}

//go:embed hazelnut.png
var hazelnut []byte

// Picture is a normal picture of the model's world, 128×128 pixels, a new copy
// for each caller: a hazelnut that nothing is wrong with, drawn by
// examples/demo/world. images.ForModel makes a tensor of it.
func Picture() *image.RGBA {
	picture, err := png.Decode(bytes.NewReader(hazelnut))
	if err != nil {
		panic("demo: " + err.Error()) // the file is part of the program
	}
	return picture.(*image.RGBA) // it has three colours of 8 bits
}
