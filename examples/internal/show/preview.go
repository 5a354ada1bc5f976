package show

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// PreviewName is the file of previews in a folder of pictures.
const PreviewName = "preview.png"

// Preview writes after every few steps what they believe the picture to be, in one file, which is replaced in one piece.
// The nil Preview writes nothing.
type Preview struct {
	Every   int    // steps
	Path    string // of the file
	Program string // of its seal
	Decode  func(ctx context.Context, z diffusion.Latent) (*gt.Dense, error)

	taken int
	last  *diffusion.Moment // under way
}

// NewPreview is nil where every is 0. An error says that the file at path is not the program's, or was changed since.
func NewPreview(ctx context.Context, every int, path, program string, decode func(ctx context.Context, z diffusion.Latent) (*gt.Dense, error)) (*Preview, error) {
	if every == 0 {
		return nil, nil
	}
	p := &Preview{Every: every, Path: path, Program: program + " preview", Decode: decode}
	return p, CheckSealed(ctx, path, p.Program, nil, true)
}

// Begin says that another picture begins.
func (p *Preview) Begin() {
	if p != nil {
		p.taken, p.last = 0, nil
	}
}

// Next is told of each step of a Sampler before it is taken, and of nil after the last.
func (p *Preview) Next(ctx context.Context, m *diffusion.Moment) error {
	if p == nil {
		return nil
	}
	before := p.last
	if p.last = m; before == nil {
		return nil
	}
	return p.Taken(ctx, before.Clean)
}

// Taken is told that a step was taken, and what predicts its clean latent.
func (p *Preview) Taken(ctx context.Context, clean func() (diffusion.Latent, error)) error {
	if p == nil {
		return nil
	}
	if p.taken++; p.taken%p.Every != 0 {
		return nil
	}
	if err := p.write(ctx, clean); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	return nil
}

func (p *Preview) write(ctx context.Context, clean func() (diffusion.Latent, error)) error {
	z, err := clean()
	if err != nil {
		return err
	}
	decoded, err := p.Decode(ctx, z)
	if err != nil {
		return err
	}
	picture, err := images.FromModel(decoded)
	if err != nil {
		return err
	}
	data, err := EncodeSealed(picture, nil, p.Program, nil)
	if err != nil {
		return err
	}
	if err := files.Write(p.Path, data); err != nil {
		return fmt.Errorf("picture %s: %w", p.Path, err)
	}
	return nil
}
