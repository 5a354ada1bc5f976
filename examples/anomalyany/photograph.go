package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// autoMask is the value of --mask that asks for a mask made from the photograph.
const autoMask = "auto"

// readCanvas reads the photograph and the mask. The object is the mask that was
// made from the photograph, nil if none was.
func readCanvas(ctx context.Context, spec Spec, multiple int) (c *anomaly.Canvas, object *image.RGBA, err error) {
	read, err := readPhotograph(ctx, spec)
	if err != nil {
		return nil, nil, err
	}
	photograph := read.Picture
	mask, object, err := readMask(ctx, spec, photograph)
	if err != nil {
		return nil, nil, err
	}
	if spec.Tile && mask == nil { // a shape's window is chosen when it is drawn
		mask = middleOf(photograph.Rect.Size())
	}
	if spec.Tile {
		if c, err = anomaly.NewWindow(photograph, mask, spec.Size, multiple); err != nil {
			return nil, nil, fmt.Errorf("--tile: %w", err)
		}
	} else {
		if c, err = anomaly.NewCanvas(photograph, mask, spec.Size, multiple); err != nil {
			return nil, nil, err
		}
		c.Paste = spec.Paste
	}
	c.Colours = read.Colours
	return c, object, nil
}

// readPhotograph returns the photograph, or a drawn one where none is given.
func readPhotograph(ctx context.Context, spec Spec) (*images.Photograph, error) {
	if spec.Image == "" {
		return &images.Photograph{Picture: gradient(spec.Size)}, nil
	}
	return images.ReadPhotograph(ctx, spec.Image)
}

// gradient is a drawn picture, for runs that only measure.
func gradient(size int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			m.SetRGBA(x, y, color.RGBA{uint8(255 * x / size), uint8(255 * y / size), 128, 255})
		}
	}
	return m
}

// readMask returns the mask at the photograph's size, nil if there is none, and
// the object if the mask was made from the photograph.
func readMask(ctx context.Context, spec Spec, photograph *image.RGBA) (mask *image.Gray, object *image.RGBA, err error) {
	var white *image.RGBA
	size := photograph.Bounds().Size()
	switch spec.Mask {
	case "":
		return nil, nil, nil
	case autoMask:
		if object, err = images.Foreground(photograph); err != nil {
			return nil, nil, fmt.Errorf("--mask auto finds no object in %s: %w; draw the mask yourself (--mask FILE, white may change), "+
				"or leave --mask away where the whole photograph is the part, as with wood or carpet", spec.Image, err)
		}
		white = object
	default:
		if white, err = images.ReadMask(ctx, spec.Mask); err != nil {
			return nil, nil, err
		}
		if got := white.Bounds().Size(); got != size {
			return nil, nil, fmt.Errorf("%s is %d×%d pixels and %s is %d×%d: the mask must have the photograph's size", spec.Mask, got.X, got.Y, spec.Image, size.X, size.Y)
		}
	}
	mask, err = images.FromMap(images.Binary(white), size.Y, size.X)
	return mask, object, err
}

// foregroundFile is the file of the mask that was made from the photograph, by its name.
func (j *job) foregroundFile(name string) (shared, error) {
	data, err := images.EncodePNG(j.object, nil)
	return shared{name, data}, err
}

// chooseForeground returns the name of that file: the photograph's, with a part of
// its hash where the file of another photograph has the name; empty if no mask was
// made.
func (j *job) chooseForeground() (string, error) {
	if j.object == nil {
		return "", nil
	}
	stem := orDefault(j.spec.Label, files.Name(photos.Stem(j.spec.Image)))
	s, err := j.foregroundFile(stem + "-foreground.png")
	if err != nil {
		return "", err
	}
	if err = j.folder.mayWrite(s); errors.Is(err, errOther) {
		s.name = fmt.Sprintf("%s-%s-foreground.png", stem, j.inputs["image"][:8])
		err = j.folder.mayWrite(s)
	}
	return s.name, err
}

// saveForeground saves that mask, so that it can be looked at, corrected, and given as
// --mask FILE. It returns its path, empty if there is none.
func (j *job) saveForeground() (path string, err error) {
	if j.foreground == "" {
		return "", nil
	}
	s, err := j.foregroundFile(j.foreground)
	if err != nil || j.folder.has(s) {
		return j.folder.Path(s.name), err
	}
	return j.folder.Path(s.name), j.folder.put(s)
}
