package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// method is a way to make defective pictures, as --generators names it.
type method struct {
	name  string
	asked bool // it makes a defect that it is asked for; others make what they make
	drawn bool // it is of use on drawn parts alone: there is no model of photographs with the program, and no truth to draw
	open  func(ctx context.Context) (maker, error)
}

// maker has what the generators of a method share, such as a model. Each worker has its own.
type maker interface {
	// generator is that for an order; errUnfit of it is a try that came to nothing.
	generator(ctx context.Context, o order) (anomaly.Generator, error)

	// options are what the pictures of a part depend on, to be written as JSON.
	options(o order) any

	Close() error
}

// order is what a picture is wanted of.
type order struct {
	part      string
	material  bool   // it fills the picture, as far as that is known
	defect    string // of methods that are asked
	reference comparedPicture
	number    int // of the picture among those of its reference
}

// comparedPicture is a normal picture that others are made of.
type comparedPicture struct {
	picture *image.RGBA
	name    string // of the file
	seed    uint64 // of the drawing
}

// errUnfit is a picture that its method's own scores turn down.
var errUnfit = errors.New("the picture does not pass")

// methods are all of them, in the order of tables.
var methods = []method{
	{name: anomalyAnyName, asked: true, drawn: true, open: openAnomalyAny},
	{name: "cutpaste", open: pixels(generate.DefaultCutPaste, generate.NewCutPaste)},
	{name: "nsa", open: func(context.Context) (maker, error) { return nsaMaker{}, nil }},
	{name: idealName, asked: true, drawn: true, open: openIdeal},
}

const (
	anomalyAnyName = "anomalyany" // which others are compared with
	idealName      = "ideal"      // the drawn world's own defects, on the references
)

// namesOf are those of --generators.
func namesOf(methods []method) (names []string) {
	for _, m := range methods {
		names = append(names, m.name)
	}
	return names
}

// chooseMethods returns those of the methods that are named, in their own order; without names, all that are of use.
func chooseMethods(methods []method, names []string, drawn bool) (chosen []method, err error) {
	for _, n := range names {
		i := slices.IndexFunc(methods, func(m method) bool { return m.name == n })
		if i < 0 {
			return nil, fmt.Errorf("--generators: there is no %.100q, want some of %s%s", n, strings.Join(namesOf(methods), ", "), cli.DidYouMean(n, namesOf(methods)))
		}
		if methods[i].drawn && !drawn {
			return nil, fmt.Errorf("--generators %s needs drawn parts: the program has no model of those of --data", n)
		}
	}
	for _, m := range methods {
		if len(names) == 0 && (drawn || !m.drawn) || slices.Contains(names, m.name) {
			chosen = append(chosen, m)
		}
	}
	return chosen, each("--generators", names)
}

// single is the maker of a method with one generator for everything.
type single struct {
	anomaly.Generator
	with any
}

func (s single) generator(context.Context, order) (anomaly.Generator, error) { return s.Generator, nil }
func (s single) options(order) any                                           { return s.with }
func (s single) Close() error                                                { return nil }

// pixels opens a method that needs no model, with its defaults.
func pixels[O any, G interface {
	anomaly.Generator
	Options() O
}](defaults func() O, make func(O) (G, error)) func(context.Context) (maker, error) {
	return func(context.Context) (maker, error) {
		g, err := make(defaults())
		if err != nil {
			return nil, err
		}
		return single{g, g.Options()}, nil
	}
}

// nsaMaker is NSA with the authors' numbers for a part, as far as they knew it; of the drawn materials those of theirs.
type nsaMaker struct{}

func (nsaMaker) options(o order) any {
	if o.reference.seed == 0 { // a photograph
		name, known := generate.NSAFor(o.part)
		if _, part, cut := strings.Cut(o.part, "_"); !known && cut { // as "mvtec_tile" for "tile"
			name, _ = generate.NSAFor(part)
		}
		return name
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

// optionsOf are a maker's as one line.
func optionsOf(m maker, o order) (string, error) {
	data, err := json.Marshal(m.options(o))
	return string(data), err
}
