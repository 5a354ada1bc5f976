package detect

import (
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// view is how a picture comes into the square that a network is given.
type view struct {
	reading Reading
	rule    images.Rule // by which the official reading resizes
	side    int         // of the square, in pixels
}

// The sides that a network may be given. Below, the deepest layers that are read would have a pixel or two.
const minSide, maxSide = 32, 2048

func (v view) check() error {
	if !v.reading.valid() {
		return wrong("there is no reading %d", int(v.reading))
	}
	if v.side < minSide || v.side > maxSide {
		return wrong("the network is to be given a square of %d pixels, want %d to %d", v.side, minSide, maxSide)
	}
	return nil
}

// sideOr is the side that was chosen, else the reading's own.
func (r Reading) sideOr(side int) int {
	switch {
	case side != 0:
		return side
	case r == Anomalib:
		return 256
	}
	return 224
}

// frame is where the square lies in a picture: the picture is resized, and this part of it is seen.
type frame struct {
	resized image.Point
	part    image.Rectangle
}

// frame is the view's for pictures of a size.
func (v view) frame(size image.Point) (frame, error) {
	square := image.Pt(v.side, v.side)
	if v.reading == Anomalib {
		return frame{square, image.Rectangle{Max: square}}, nil
	}
	resized, err := images.ShorterSide(size, (v.side*8+3)/7)
	if err != nil {
		return frame{}, err
	}
	part, err := images.CentreCrop(resized, square)
	return frame{resized, part}, err
}

// see returns what the network is given of a picture, [side, side, 3].
func (v view) see(picture *image.RGBA, s vision.Scaling) ([]float32, error) {
	if err := images.Check(picture); err != nil {
		return nil, fmt.Errorf("detect: %w%.0w", err, ErrArgument)
	}
	size := picture.Rect.Size()
	f, err := v.frame(size)
	if err != nil {
		return nil, fmt.Errorf("detect: %w%.0w", err, ErrArgument)
	}
	var levels []float32
	if v.reading == Anomalib {
		levels = images.ToTensor(picture, images.ChannelsLast, images.Unit)
		levels, err = images.ResizeMap(levels, size.Y, size.X, 3, v.side, v.side, images.TorchBilinearAntialias)
	} else if picture, err = images.Resize(picture, f.resized, v.rule); err == nil {
		levels = images.ToTensor(images.Cut(picture, f.part), images.ChannelsLast, images.Unit)
	}
	if err != nil {
		return nil, fmt.Errorf("detect: %w%.0w", err, ErrArgument)
	}
	s.Scale(levels)
	return levels, nil
}
