package diffusion

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// lessons are the examples that a word is learned from, and what is made of them. All have one size.
type lessons struct {
	p        *Pipeline
	options  InversionOptions
	examples []Example
	h, w     int // of latents

	kept map[[2]int]lesson // by the example's number and the variant's
}

// lesson is an example, or a variant of it, as the model sees it.
type lesson struct {
	latent []float32 // [C, h, w], scaled
	mask   []float32 // [h, w]: how much of each position is masked, 0 to 1
	weight []float32 // [C, h, w]: of each number in the loss
}

// newLessons checks the examples.
func newLessons(p *Pipeline, examples []Example, o InversionOptions) (*lessons, error) {
	if len(examples) == 0 {
		return nil, badArgument("there are no examples to learn from")
	}
	l := &lessons{p: p, options: o, examples: slices.Clone(examples), kept: map[[2]int]lesson{}}
	for i, e := range l.examples {
		if err := l.check(i, e); err != nil {
			return nil, fmt.Errorf("example %d: %w", i+1, err)
		}
	}
	return l, nil
}

// check refuses an example that does not fit the model or the first one, or leaves nothing to learn from.
func (l *lessons) check(i int, e Example) error {
	if err := l.p.CheckPicture(e.Picture); err != nil {
		return err
	}
	if err := nn.Finite(e.Picture); err != nil {
		return badArgument("the picture is %w", err)
	}
	s, f := e.Picture.Shape(), l.p.Factor()
	if h, w := s[2]/f, s[3]/f; i == 0 {
		l.h, l.w = h, w
	} else if h != l.h || w != l.w {
		return badArgument("a picture of %d×%d pixels, and the first has %d×%d: want one size", s[3], s[2], l.w*f, l.h*f)
	}
	if e.Mask == nil {
		return nil
	}
	if len(e.Mask) != s[2]*s[3] {
		return badArgument("a mask of %d numbers for a picture of %d×%d pixels", len(e.Mask), s[3], s[2])
	}
	if slices.ContainsFunc(e.Mask, func(v float32) bool { return !(v >= 0 && v <= 1) }) {
		return badArgument("the mask has numbers that are not from 0 to 1")
	}
	if !slices.ContainsFunc(e.Mask, func(v float32) bool { return v > 0 }) {
		return badArgument("the mask is empty: it should be 1 where the picture has what is to be learned")
	}
	if _, n := l.counting(shares(e.Mask, s[2], s[3], f)); n == 0 {
		return badArgument("the mask is too thin: of none of the latent's %d×%d positions it covers more than %g%s", l.w, l.h, l.options.Share, l.sizeThatWouldDo(e))
	}
	return nil
}

// sizeThatWouldDo says how large the pictures would have to be for a mask, if that is within reason.
func (l *lessons) sizeThatWouldDo(e Example) string {
	s := e.Picture.Shape()
	for larger := 2; l.p.Factor()%larger == 0; larger *= 2 {
		if _, n := l.counting(shares(e.Mask, s[2], s[3], l.p.Factor()/larger)); n > 0 {
			return fmt.Sprintf("; pictures of %d×%d pixels would do, or a smaller share", s[3]*larger, s[2]*larger)
		}
	}
	return "; a smaller share would do"
}

// draw returns an example, as it is or changed, with which of its variants it is drawn, too.
func (l *lessons) draw(ctx context.Context, draws *rand.Rand) (lesson, error) {
	which := [2]int{draws.IntN(len(l.examples)), 0}
	if a := l.options.Augment; draws.Float64() < a.Probability {
		which[1] = 1 + draws.IntN(a.Variants)
	}
	if made, ok := l.kept[which]; ok {
		return made, nil
	}
	made, err := l.prepare(ctx, which)
	if err == nil {
		l.kept[which] = made
	}
	return made, err
}

// prepare makes a variant, number 0 being the example itself, and encodes it. One that lost its mask is the example, too.
func (l *lessons) prepare(ctx context.Context, which [2]int) (lesson, error) {
	e, f := l.examples[which[0]], l.p.Factor()
	height, width := l.h*f, l.w*f
	mask := e.Mask
	if mask == nil {
		mask = slices.Repeat([]float32{1}, height*width)
	}
	picture, positions := e.Picture, shares(mask, height, width, f)
	if which[1] > 0 {
		draws := rand.New(rand.NewPCG(l.options.Seed, 1<<63|uint64(which[0])<<32|uint64(which[1])))
		moved := l.options.Augment.draw(draws, mask, height, width)
		changed := moved.mask(mask, height, width)
		if kept := shares(changed, height, width, f); l.covers(kept) {
			positions = kept
			picture = tensor.FromFloat32s(moved.picture(tensor.Float32s(picture), height, width), 1, 3, height, width)
		}
	}
	z, err := l.p.EncodeImage(ctx, picture)
	if err != nil {
		return lesson{}, err
	}
	return lesson{z.Floats(), positions, l.weights(positions)}, nil
}

func (l *lessons) covers(positions []float32) bool {
	_, n := l.counting(positions)
	return n > 0
}

// counting tells which positions of a latent count, 1 or 0, and how many.
func (l *lessons) counting(positions []float32) (counts []float32, n int) {
	counts = make([]float32, len(positions))
	for i, v := range positions {
		if v > float32(l.options.Share) {
			counts[i] = 1
			n++
		}
	}
	return counts, n
}

// weights are those of a latent's numbers in the sum of squares, which makes it a mean.
func (l *lessons) weights(positions []float32) []float32 {
	c := l.p.UNet.Config.InChannels
	counts, n := l.counting(positions)
	if !l.options.Balance {
		n = len(positions)
	}
	scale(counts, 1/float32(n*c))
	return slices.Repeat(counts, c)
}

// shares are the means of squares of f×f pixels.
func shares(mask []float32, height, width, f int) []float32 {
	h, w := height/f, width/f
	out := make([]float32, h*w)
	for y := range h * f {
		for x := range w * f {
			out[y/f*w+x/f] += mask[y*width+x]
		}
	}
	scale(out, 1/float32(f*f))
	return out
}
