package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// single is the maker of a method with one generator for everything.
type single struct {
	anomaly.Generator
	with any
}

func (s single) generator(context.Context, order) (anomaly.Generator, error) { return s.Generator, nil }
func (s single) options(order) any                                           { return s.with }
func (s single) Close() error                                                { return nil }

// openCutPaste opens CutPaste with the authors' numbers.
func openCutPaste(context.Context) (maker, error) {
	o := generate.DefaultCutPaste()
	g, err := generate.NewCutPaste(o)
	return single{g, o}, err
}

// draem opens DRAEM with the textures of a file system; of nil, with the part's own disorder.
func draem(fsys fs.FS) func(context.Context) (maker, error) {
	return func(ctx context.Context) (_ maker, err error) {
		o := generate.DefaultDRAEM()
		var sources *generate.Textures
		if fsys != nil {
			if sources, err = generate.ReadTextures(ctx, fsys); err != nil {
				return nil, err
			}
		}
		g, err := generate.NewDRAEM(sources, o)
		return single{g, o}, err
	}
}

// sdasMaker is SDAS with the small model, which knows the drawn parts by their captions.
type sdasMaker struct{ *diffusion.Pipeline }

func openSDAS(ctx context.Context) (maker, error) {
	p, err := demo.Open(ctx)
	return sdasMaker{p}, err
}

func (sdasMaker) options(o order) any {
	with := generate.DefaultSDAS()
	with.Prompt, with.Control = world.Caption(o.part, ""), false // the same pictures in half the time
	return with
}

func (s sdasMaker) generator(ctx context.Context, o order) (anomaly.Generator, error) {
	return generate.NewSDAS(ctx, s.Pipeline, demoSize, demoSize, s.options(o).(generate.SDASOptions))
}

// nsaMaker is NSA with the authors' numbers for a part, as far as they knew it; of the drawn materials those of theirs.
type nsaMaker struct{}

func (nsaMaker) options(o order) any {
	if o.reference.seed == 0 { // a photograph
		numbers, _ := generate.NSAFor(asKnown(o.part, func(name string) bool {
			_, known := generate.NSAFor(name)
			return known
		}))
		return numbers
	}
	if o.material {
		material, _ := generate.NSAFor("tile")
		return material
	}
	return generate.DefaultNSA()
}

func (n nsaMaker) generator(_ context.Context, o order) (anomaly.Generator, error) {
	return generate.NewNSA(n.options(o).(generate.NSAOptions))
}

func (nsaMaker) Close() error { return nil }

// ideal draws the defect that is asked for on the reference: what a generator without fault would make.
type ideal struct{ order }

func openIdeal(context.Context) (maker, error) { return ideal{}, nil }

func (ideal) generator(_ context.Context, o order) (anomaly.Generator, error) { return ideal{o}, nil }
func (ideal) options(order) any                                               { return nil }
func (ideal) Close() error                                                    { return nil }

// Generate draws another defect of each seed.
func (i ideal) Generate(_ context.Context, in anomaly.Input, d anomaly.Draws) (r anomaly.Result, err error) {
	parts, err1 := drawnParts([]string{i.part})
	defects, err2 := drawableDefects([]string{i.defect})
	if err := errors.Join(err1, err2); err != nil {
		return r, err
	}
	r.Sample = sampleOf(world.DrawOther(parts[0].Subject, defects[0], i.reference.seed, uint64(d.Whole(0, 1<<31-1)), demoSize))
	r.Stray, err = anomaly.Stray(in.Normal, r.Sample)
	return r, err
}
