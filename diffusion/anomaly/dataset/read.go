package dataset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Category is a kind of part of a data set, and its pictures, sorted by their paths byte by byte.
type Category struct {
	Name  string
	Train []Item // normal pictures alone; there may be none
	Test  []Item // normal and defective ones; of both kinds there may be none
}

// Item is a picture of a data set, as the paths of its files: slash-separated, in the file system that
// the data set was read from.
type Item struct {
	Picture string
	Mask    string // marks the defect in whatever is not 0; empty for a normal picture
	Defect  string // the data set's own word, such as "crack" or "bad"; empty for a normal picture
}

// Samples returns pictures with their masks, which are read from the data set's file system when they
// are used. A mask is white wherever its file is above 0 in any channel, or in its index of a palette
// (images.ReadTruthFS), and nil for a normal picture. A file that cannot be read ends the samples with
// an error that names it; so does a mask that has not its picture's size, with one that names both.
func Samples(root fs.FS, items []Item) anomaly.Samples {
	return func(yield func(anomaly.Sample, error) bool) {
		for _, it := range items {
			s, err := it.sample(root)
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// EmptyMask reports whether a sample is one with a defect of which its mask has no pixel. It counts as
// defective where pictures are judged; a report says how many there are.
func EmptyMask(s anomaly.Sample) bool {
	if s.Defect == "" || checkMask(s.Mask) != nil {
		return false
	}
	size := s.Mask.Rect.Size()
	for y := range size.Y {
		for _, v := range s.Mask.Pix[y*s.Mask.Stride:][:size.X] {
			if v >= white {
				return false
			}
		}
	}
	return true
}

func (it Item) sample(root fs.FS) (anomaly.Sample, error) {
	var none anomaly.Sample
	switch {
	case it.Defect != "" && it.Mask == "":
		return none, badSet("picture %s has a defect, %.100q, and no mask", it.Picture, it.Defect)
	case it.Defect == "" && it.Mask != "":
		return none, badSet("picture %s is normal and has a mask, %s", it.Picture, it.Mask)
	}
	picture, err := images.ReadFS(context.Background(), root, it.Picture)
	if err != nil || it.Mask == "" {
		return anomaly.Sample{Picture: picture, Path: it.Picture}, err
	}
	mask, err := it.truth(root, picture.Rect.Size())
	if err != nil {
		return none, err
	}
	return anomaly.Sample{Picture: picture, Mask: mask, Defect: it.Defect, Path: it.Picture}, nil
}

// truth reads the mask of a picture of a size.
func (it Item) truth(root fs.FS, want image.Point) (*image.Gray, error) {
	mask, err := images.ReadTruthFS(context.Background(), root, it.Mask)
	if err != nil {
		return nil, fmt.Errorf("the mask of %s: %w", it.Picture, err)
	}
	if got := mask.Rect.Size(); got != want {
		return nil, badSet("mask %s has %d×%d pixels, want the %d×%d of its picture %s", it.Mask, got.X, got.Y, want.X, want.Y, it.Picture)
	}
	return mask, nil
}

var errNoFiles = errors.New("there is no file system to read a data set from")

// badSet is an error about a data set that is not what it should be.
func badSet(format string, args ...any) error {
	return fmt.Errorf("%w%.0w", fmt.Errorf(format, args...), tensor.ErrDamaged)
}

// missing is an error about what is not there.
func missing(format string, args ...any) error {
	return fmt.Errorf("%w%.0w", fmt.Errorf(format, args...), fs.ErrNotExist)
}
