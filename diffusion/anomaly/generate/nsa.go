package generate

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// NSA makes natural synthetic anomalies (Schlüter, Tan, Hou, Kainz, ECCV 2022): patches of one normal picture, at another
// size, come to lie somewhere else in another one, blended in by their gradients, so that no edge gives them away. What
// they changed is the defect, and by how much says how sure that is.
//
// The same code made two predecessors: FPI (mode uniform, or mixed with label continuous, without shift and resize) and a
// reading of CutPaste (mode swap). Its parts:
//
//	nsa_options.go  what may be chosen, the authors' numbers
//	nsa_parts.go    and those for parts that they knew
//	nsa_source.go   where patches come from, and what of a picture is the part
//	nsa_patch.go    a patch: how large, from where, to where
//	nsa_blend.go    how it comes into the picture
//	nsa_label.go    what changed by it
//
// An NSA is for several goroutines at once.
type NSA struct{ options NSAOptions }

var _ anomaly.Generator = (*NSA)(nil)

// NewNSA returns NSA with options such as DefaultNSA's or NSAFor's.
func NewNSA(o NSAOptions) (*NSA, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return &NSA{o.clone()}, nil
}

// Options returns what NewNSA was given.
func (g *NSA) Options() NSAOptions {
	if g == nil {
		return NSAOptions{}
	}
	return g.options.clone()
}

// Generate implements anomaly.Generator. Patches come from one of the other pictures, and from the normal one, mirrored
// or turned, where there are none. Preset Mended has patches lie on in.Place and changes nothing outside; to Released
// it is a mask of the part. Where no patch found a place the error, an anomaly.ErrNothingChanged, says what was
// missing.
//
// Its draws are, for each try: of several others which one, or of none the symmetry; NSAMix's coin; NSAContinuous's
// factor; and for each patch after the first a coin, half its height and half its width, row and column in the source and
// the ellipses there, as often as it takes, how much larger it gets, and row and column in the picture, as often as it
// takes.
func (g *NSA) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	if g == nil {
		return anomaly.Result{}, wrong("there is no NSA: NewNSA makes one")
	}
	if err := g.options.check(); err != nil {
		return anomaly.Result{}, err
	}
	c, err := begin(ctx, in, g.options.foreground(), d, Provenance{Generator: "NSA", Preset: g.options.Preset, Options: g.Options()})
	if err != nil {
		return anomaly.Result{}, err
	}
	j := &nsaJob{call: c, ctx: ctx, o: g.options}
	if err := j.prepare(); err != nil {
		return anomaly.Result{}, err
	}
	r, err := c.try(ctx, g.options.Attempts, j.once)
	if err != nil && j.missing != "" && ctx.Err() == nil {
		err = fmt.Errorf("%w: %s", err, j.missing)
	}
	return r, err
}

// nsaJob is a call of Generate.
type nsaJob struct {
	*call
	ctx context.Context
	o   NSAOptions

	notes  []string        // of the frame
	object *bits           // the part in the normal picture; nil if that is everywhere
	ground *bits           // of which a patch must have some: the part, where the picture may change; nil for everywhere
	frame  image.Rectangle // where patches' middles lie: everywhere, or around the place

	source       *image.RGBA // what patches come from
	sourceObject *bits

	missing string // what the last patch without a place would have needed
}

// once makes a picture, in the order of the authors' draws.
func (j *nsaJob) once() (made, error) {
	j.chooseSource()
	mode := j.o.Mode
	if mode == NSAMix {
		mode = []NSAMode{NSANormal, NSAMixed}[j.draws.Whole(0, 2)]
	}
	factor := 1.0
	if j.o.Label == NSAContinuous {
		factor = j.draws.Uniform(0.05, 0.95)
	}
	picture, mask, placed := j.copied(), newBits(j.size), 0
	for i := range j.o.Patches {
		if i > 0 && j.draws.Whole(0, 2) == 0 {
			continue
		}
		p, err := j.patch()
		if err != nil {
			return made{}, err
		}
		if p == nil {
			continue
		}
		blended, err := j.blend(picture, p, mode, factor)
		if err != nil {
			return made{}, err
		}
		if blended == nil {
			continue
		}
		picture = blended
		mask.take(p.mask, p.at, j.o.Preset == Mended)
		placed++
	}
	j.how.Measured = map[string]any{"patches": placed}
	return j.label(picture, mask, factor), nil
}
