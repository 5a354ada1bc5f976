package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision/lite0"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
)

// sight sees pictures as EfficientNet-Lite0 does: in each 1280 numbers, which its classifier reads. They are to it what
// the 2048 of Inception are, which a KID is usually of. On drawn parts they tell true defects from other defects, pasted
// pieces, noise and none in more parts than the outputs of the blocks before do.
type sight struct {
	features func(ctx context.Context, picture *image.RGBA) ([]float32, error)
}

// sightSide is that of the square that the network is given: what it was trained on.
const sightSide = 224

func newSight() (*sight, error) {
	net, err := lite0.Open()
	if err != nil {
		return nil, err
	}
	return &sight{network(sightSide, images.PillowBilinear, net.Scaling(), func(b *nn.Build, m nn.FeatureMap) []*G.Node { return []*G.Node{net.Pooled(b, m)} })}, nil
}

// view is what of a picture is looked at.
type view int

// A small defect hardly moves the features of a whole picture, but these depend on no mask.
const (
	wholePicture view = iota
	aroundDefect      // a square, of which the defect is a good part
	views
)

// looks are the features of a picture in each view; nil where there is no such view, as around no defect.
type looks [views][]float32

// seen are the features of pictures.
type seen [views]metric.FeatureSet

// add adds those of a picture, and the number of what it was made of.
func (s *seen) add(l looks, of int) {
	for v, features := range l {
		if features != nil {
			s[v].Features, s[v].Of = append(s[v].Features, features), append(s[v].Of, of)
		}
	}
}

// look looks at a picture, and at a place in it.
func (s *sight) look(ctx context.Context, picture *image.RGBA, at place) (l looks, err error) {
	if l[wholePicture], err = s.features(ctx, picture); err != nil || at.box.Empty() {
		return l, err
	}
	l[aroundDefect], err = s.features(ctx, images.Cut(picture, at.around(picture.Rect.Size())))
	return l, err
}

// place is where the defect is in a picture of a size. Its box is empty where there is none.
type place struct {
	box  image.Rectangle
	size image.Point
}

// placeOf is that of a mask.
func placeOf(mask *image.Gray) (p place) {
	if mask == nil {
		return p
	}
	p.size = mask.Rect.Size()
	for y := range p.size.Y {
		for x, v := range mask.Pix[y*mask.Stride:][:p.size.X] {
			if v >= white {
				p.box = p.box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return p
}

// white is the darkest grey of a mask that says defective.
const white = 128

// around is a square around the place in a picture, of the same size or another one: an eighth of the picture's shorter
// side larger than the defect, at least three eighths of it, and at most all of it.
func (p place) around(size image.Point) image.Rectangle {
	box := image.Rect(p.box.Min.X*size.X/p.size.X, p.box.Min.Y*size.Y/p.size.Y, p.box.Max.X*size.X/p.size.X, p.box.Max.Y*size.Y/p.size.Y)
	short := min(size.X, size.Y)
	side := min(short, max(3*short/8, max(box.Dx(), box.Dy())+short/8))
	at := func(lo, hi, length int) int { return min(max(0, (lo+hi-side)/2), length-side) }
	corner := image.Pt(at(box.Min.X, box.Max.X, size.X), at(box.Min.Y, box.Max.Y, size.Y))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
}

// maskNumbers has 1 where a mask is white and 0 elsewhere, all 0 of none.
func maskNumbers(mask *image.Gray, size image.Point) ([]float32, error) {
	out := make([]float32, size.X*size.Y)
	if mask == nil {
		return out, nil
	}
	if got := mask.Rect.Size(); got != size {
		return nil, fmt.Errorf("a mask of %d×%d pixels, want the picture's %d×%d", got.X, got.Y, size.X, size.Y)
	}
	for y := range size.Y {
		for x, v := range mask.Pix[y*mask.Stride:][:size.X] {
			if v >= white {
				out[y*size.X+x] = 1
			}
		}
	}
	return out, nil
}

// partwise is the distance of two kinds of pictures, part by part.
type partwise struct {
	kid   metric.KID
	parts int
	err   error
}

// add adds a part, unless it has too few pictures.
func (p *partwise) add(x, y metric.FeatureSet) {
	one := func(s metric.FeatureSet) bool { return len(s.Of) == 0 || slices.Min(s.Of) == slices.Max(s.Of) }
	if one(x) || one(y) {
		return
	}
	p.parts++
	p.err = errors.Join(p.err, p.kid.Add(x, y))
}

// How intervals are found.
const (
	resamples = 200
	drawSeed  = 2020
)

// distance is nil where no part has pictures enough.
func (p *partwise) distance() (*featureDistance, error) {
	if p.parts == 0 || p.err != nil {
		return nil, p.err
	}
	d := &featureDistance{Parts: p.parts}
	var err1, err2 error
	d.Value, err1 = p.kid.Value()
	d.Low, d.High, err2 = p.kid.Interval(resamples, drawSeed)
	return d, errors.Join(err1, err2)
}
