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

	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate/textures"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// method is a way to make defective pictures, as --generators names it.
type method struct {
	name  string
	asked bool // it makes a defect that it is asked for; others make what they make
	drawn bool // it is of use on drawn parts alone: there is no model of photographs with the program, and no truth to draw
	open  func(ctx context.Context) (maker, error)

	prepare func(ctx context.Context, g *ground) error // what all its errands need; nil of most

	own   func(m *ownModel) maker // of photographs, with a model of the user's; nil where that is of no use
	alone bool                    // one reference at a time, with all threads: there is one model
}

// with is a method that uses a model of the user's, if it is of use.
func (m method) with(model *ownModel) method {
	if m.own != nil {
		m.open = func(context.Context) (maker, error) { return m.own(model), nil }
		m.alone = true
	}
	return m
}

// fits reports whether a method is of use on drawn parts, or on photographs without or with a model of the user's.
func (m method) fits(drawn, model bool) bool { return drawn || !m.drawn || model && m.own != nil }

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
	material  bool     // it fills the picture, as far as that is known
	defect    string   // of methods that are asked
	defects   []string // all that these are asked for in turns
	reference comparedPicture
	number    int       // of the picture among those of its reference
	words     schooling // of methods that learn
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
	{name: anomalyAnyName, asked: true, drawn: true, open: openAnomalyAny, own: func(m *ownModel) maker { return ownAnomalyAny{m} }},
	{name: anomalyDiffusionName, asked: true, drawn: true, open: openAnomalyDiffusion, prepare: learnWords},
	{name: "sdas", drawn: true, open: openSDAS, own: func(m *ownModel) maker { return ownSDAS{m} }},
	{name: "draem", open: draem(textures.FS())},
	{name: "draem-own", open: draem(nil)},
	{name: "nsa", open: func(context.Context) (maker, error) { return nsaMaker{}, nil }},
	{name: "cutpaste", open: openCutPaste},
	{name: idealName, asked: true, drawn: true, open: openIdeal},
}

const (
	anomalyAnyName = "anomalyany" // which others are compared with
	idealName      = "ideal"      // the drawn world's own defects, on the references

	anomalyDiffusionName = "anomalydiffusion" // with words learned from true drawings
)

// namesOf are those of --generators.
func namesOf(methods []method) (names []string) {
	for _, m := range methods {
		names = append(names, m.name)
	}
	return names
}

// chooseMethods returns those of the methods that are named, in their own order; without names, all that are of use.
func chooseMethods(methods []method, names []string, drawn, model bool) (chosen []method, err error) {
	for _, n := range names {
		i := slices.IndexFunc(methods, func(m method) bool { return m.name == n })
		if i < 0 {
			return nil, fmt.Errorf("--generators: there is no %.100q, want some of %s%s", n, strings.Join(namesOf(methods), ", "), cli.DidYouMean(n, namesOf(methods)))
		}
		switch m := methods[i]; {
		case m.fits(drawn, model):
		case m.own != nil:
			return nil, fmt.Errorf("--generators %s needs drawn parts, or a model of photographs: the program has none of those of --data, want --model DIR", n)
		default:
			return nil, fmt.Errorf("--generators %s needs drawn parts: of the photographs of --data nobody knows what they would be with a defect", n)
		}
	}
	for _, m := range methods {
		if len(names) == 0 && m.fits(drawn, model) || slices.Contains(names, m.name) {
			chosen = append(chosen, m)
		}
	}
	return chosen, each("--generators", names)
}

// optionsOf are a maker's as one line.
func optionsOf(m maker, o order) (string, error) {
	data, err := json.Marshal(m.options(o))
	return string(data), err
}
