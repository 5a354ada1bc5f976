package generate

import (
	"context"
	"image"
	"image/draw"
	"math"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// blend returns the picture with a patch in it; nil if the patch is too small to be blended in. Of the patch's mask it
// leaves what is part here or there.
func (j *nsaJob) blend(picture *image.RGBA, p *nsaPatch, mode NSAMode, factor float64) (*image.RGBA, error) {
	ground := newBits(image.Pt(p.mask.w, p.mask.h)) // background both here and there, which is blended with the part
	if p.part != nil {
		here := j.object.cut(p.at)
		for i, v := range p.part.on {
			v |= here.on[i]
			p.mask.on[i] &= v
			ground.on[i] = 1 - v
		}
	}
	if j.o.Preset == Mended {
		place := bitsOf(j.Place).cut(p.at)
		p.mask.and(place)
		ground.and(place)
	}
	switch mode {
	case NSASwap, NSAUniform:
		if mode == NSASwap {
			factor = 1
		}
		return mixed(picture, p, factor), nil
	}
	return j.seamless(picture, p, ground, mode == NSAMixed, factor)
}

// mixed is the picture with a share of the patch's colours.
func mixed(picture *image.RGBA, p *nsaPatch, factor float64) *image.RGBA {
	out := images.Cut(picture, picture.Rect)
	for y := range p.mask.h {
		to, from := out.Pix[out.PixOffset(p.at.Min.X, p.at.Min.Y+y):], p.stuff.Pix[y*p.stuff.Stride:]
		for x, v := range p.mask.row(y) {
			for c := 4 * x; v != 0 && c < 4*x+3; c++ {
				before := float64(to[c])
				to[c] = uint8(math.Floor(float64(before-float64(factor*before)) + float64(factor*float64(from[c]))))
			}
		}
	}
	return out
}

const (
	leastWeights = 50 // how many pixels OpenCV must have to blend
	smallSide    = 24 // of patches, in pixels, of which it would hardly leave anything
)

// seamless is the picture with the patch's gradients where it is, and where both are background.
func (j *nsaJob) seamless(picture *image.RGBA, p *nsaPatch, ground *bits, mixed bool, factor float64) (*image.RGBA, error) {
	weights := image.NewGray(image.Rect(0, 0, p.mask.w, p.mask.h))
	some, all := 0, true
	for i, v := range p.mask.on {
		x, y := i%p.mask.w, i/p.mask.w
		inside := x > 0 && y > 0 && x < p.mask.w-1 && y < p.mask.h-1
		switch v |= ground.on[i]; {
		case v == 0:
			all = false
		case inside:
			weights.Pix[i] = uint8(math.Ceil(factor * 255))
			some++
		}
	}
	if j.o.Preset == Mended && (!all || min(p.mask.w, p.mask.h) < smallSide) {
		return blendedOnMask(j.ctx, picture, p, weights, mixed, factor)
	}
	if some < leastWeights {
		return nil, nil
	}
	gradients, corner := images.SourceGradients, p.at.Min
	if mixed {
		gradients = images.LargerGradients
	}
	if j.o.Preset == Released {
		if mixed {
			gradients = images.OpenCVMixedGradients
		}
		var err error
		if corner, err = images.ClonePoint(weights, image.Pt(p.at.Max.X-p.mask.w/2, p.at.Min.Y+p.mask.h/2)); err != nil {
			return nil, err
		}
		if corner.X+p.mask.w-1 > j.size.X { // one pixel right of where it should be, beyond the edge: OpenCV refuses
			return nil, nil
		}
	}
	return images.SeamlessClone(picture, p.stuff, weights, corner, gradients)
}

// blendedOnMask changes the picture where there are weights and nowhere else. Gradients weigh as colours do.
func blendedOnMask(ctx context.Context, picture *image.RGBA, p *nsaPatch, weights *image.Gray, mixed bool, factor float64) (*image.RGBA, error) {
	before, mask := images.Cut(picture, p.at), make([]float32, len(weights.Pix))
	stuff := images.Cut(p.stuff, p.stuff.Rect)
	for i, v := range weights.Pix {
		mask[i] = float32(min(v, 1))
		for c := 4 * i; factor < 1 && c < 4*i+3; c++ {
			stuff.Pix[c] = uint8(math.Round(factor*float64(stuff.Pix[c]) + (1-factor)*float64(before.Pix[c])))
		}
	}
	blended, err := images.Poisson(ctx, before, stuff, mask, mixed)
	if err != nil {
		return nil, err
	}
	out := images.Cut(picture, picture.Rect)
	draw.Draw(out, p.at, blended, image.Point{}, draw.Src)
	return out, nil
}
