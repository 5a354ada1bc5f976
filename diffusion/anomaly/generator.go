package anomaly

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// Generator makes a defective picture of a normal one: the same for the same input and draws.
// Prompts, textures and other sources belong to its constructor.
type Generator interface {
	// Generate returns a picture of the normal one's size. It ends when ctx does.
	Generate(ctx context.Context, in Input, d Draws) (Result, error)
}

// ErrNothingChanged is what Generate fails with if every try left the picture as it was.
var ErrNothingChanged = errors.New("the picture is as it was: nothing of it changed")

// Input is what a defective picture is made of. Its pictures are not changed.
type Input struct {
	Normal *image.RGBA
	Others []*image.RGBA // further normal pictures of the part, where a method takes some
	Place  *image.Gray   // white where the picture may change; nil for everywhere
}

// leastSide is how many pixels a picture's sides must have.
const leastSide = 16

// Validate is an error if a picture is missing or smaller than 16×16 pixels, if the others or the
// place have not the size of the normal one, or if the place is black throughout.
func (in Input) Validate() error {
	if err := images.Check(in.Normal); err != nil {
		return fmt.Errorf("the normal picture: %w", err)
	}
	size := in.Normal.Rect.Size()
	if min(size.X, size.Y) < leastSide {
		return fmt.Errorf("the normal picture has %d×%d pixels, want at least %d×%[3]d", size.X, size.Y, leastSide)
	}
	for i, other := range in.Others {
		if err := images.Check(other); err != nil {
			return fmt.Errorf("picture %d of the others: %w", i, err)
		}
		if got := other.Rect.Size(); got != size {
			return fmt.Errorf("picture %d of the others has %d×%d pixels, want the normal picture's %d×%d", i, got.X, got.Y, size.X, size.Y)
		}
	}
	if in.Place == nil {
		return nil
	}
	if err := checkMask(in.Place, size); err != nil {
		return fmt.Errorf("the place where the picture may change: %w", err)
	}
	if !anyWhite(in.Place) {
		return errors.New("the place where the picture may change is empty: white is what may change")
	}
	return nil
}

// Result is a defective picture, and how it came about.
type Result struct {
	Sample
	Soft       Map     // how sure the mask is, 0 to 1
	Stray      float64 // of the pixels that changed, the share outside the mask, as the function Stray has it
	Provenance any     // to be written as JSON: options, draws, hashes of what was read
}

// Stray returns the share, 0 to 1, of what a generator changed outside the mask that
// it gives: of the pixels that Changed finds, those where the mask is black. Without
// a mask that is all of them; where nothing changed it is 0.
func Stray(normal *image.RGBA, made Sample) (float64, error) {
	diff, err := Changed(normal, made.Picture)
	if err != nil {
		return 0, err
	}
	if made.Mask != nil {
		if err := checkMask(made.Mask, diff.Rect.Size()); err != nil {
			return 0, err
		}
	}
	changed, outside := 0, 0
	for i, v := range diff.Pix {
		if v < white {
			continue
		}
		changed++
		if x, y := i%diff.Stride, i/diff.Stride; made.Mask == nil || made.Mask.Pix[y*made.Mask.Stride+x] < white {
			outside++
		}
	}
	if changed == 0 {
		return 0, nil
	}
	return float64(outside) / float64(changed), nil
}

// Changed returns where a generated picture differs from the normal one, by more than
// a level of 255 on the mean of the colours: white there, black elsewhere, and of
// their size. What a generator says is defective should be the same.
func Changed(normal, made *image.RGBA) (*image.Gray, error) {
	if err := images.Check(normal); err != nil {
		return nil, fmt.Errorf("the normal picture: %w", err)
	}
	if err := images.Check(made); err != nil {
		return nil, fmt.Errorf("the generated picture: %w", err)
	}
	size := normal.Rect.Size()
	if got := made.Rect.Size(); got != size {
		return nil, fmt.Errorf("the generated picture has %d×%d pixels, want the normal picture's %d×%d", got.X, got.Y, size.X, size.Y)
	}
	out := image.NewGray(image.Rectangle{Max: size})
	for y := range size.Y {
		before, after := normal.Pix[y*normal.Stride:][:4*size.X], made.Pix[y*made.Stride:][:4*size.X]
		for x := range size.X {
			if differ(before[4*x:][:3], after[4*x:][:3]) {
				out.Pix[y*out.Stride+x] = 255
			}
		}
	}
	return out, nil
}

// differ reports whether two colours are more than a level apart, on the mean of R, G and B.
func differ(a, b []uint8) bool {
	sum := 0
	for i, v := range a {
		sum += max(int(v)-int(b[i]), int(b[i])-int(v))
	}
	return sum > len(a)
}
