package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"os"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// usualSize is what Stable Diffusion 1.5 was trained on, in pixels.
const usualSize = 512

// examples are what is learned from, and the hashes of what the model sees of it.
type examples struct {
	all    []diffusion.Example
	hashes []string
}

// add adds an example, of which the model sees these bytes.
func (e *examples) add(x diffusion.Example, seen ...[]byte) {
	e.all = append(e.all, x)
	e.hashes = append(e.hashes, files.SHA256(slices.Concat(seen...)))
}

// readExamples are the photographs at the model's size, or drawings.
func readExamples(ctx context.Context, f flags, m model) (*examples, error) {
	size := cmp.Or(f.Size, m.defaults.Size, usualSize)
	if err := m.CheckSize(size, size); err != nil {
		return nil, fmt.Errorf("--size: %w", err)
	}
	if len(f.Photograph) == 0 {
		return drawn(f, size)
	}
	paths, err := photos.List(os.Stderr, f.Photograph)
	if err != nil {
		return nil, err
	}
	masks, err := f.masksOf(paths)
	if err != nil {
		return nil, fmt.Errorf("--mask: %w", err)
	}
	e := &examples{}
	for i, path := range paths {
		if err := e.read(ctx, path, masks[i], size, f.Tile); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// masksOf are the masks of photographs; "" where there are none.
func (f *flags) masksOf(paths []string) (masks []string, err error) {
	switch {
	case len(f.Mask) == 0:
		return make([]string, len(paths)), nil
	case len(f.Mask) == 1 && photos.IsFolder(f.Mask[0]):
		if masks, err = photos.Masks(paths, f.Mask[0]); err != nil {
			return nil, err
		}
		for i, mask := range masks {
			if mask == "" {
				return nil, fmt.Errorf("%s has no mask of %s in it, %s_mask.png or %[3]s.png", f.Mask[0], paths[i], photos.Stem(paths[i]))
			}
		}
		return masks, nil
	case len(f.Mask) != len(paths):
		return nil, fmt.Errorf("%d masks for %d photographs: want one for each, or a folder", len(f.Mask), len(paths))
	}
	return f.Mask, nil
}

// read adds a square of a photograph and its mask, at the model's size.
func (e *examples) read(ctx context.Context, path, maskPath string, size int, tile bool) error {
	picture, err := images.Read(ctx, path)
	if err != nil {
		return err
	}
	mask, err := readMask(ctx, maskPath, path, picture.Rect.Size())
	if err != nil {
		return err
	}
	part, err := square(mask, size, tile)
	if err != nil {
		return fmt.Errorf("%s: %w", cmp.Or(maskPath, path), err)
	}
	fit := images.StretchTo(part.Size(), image.Pt(size, size))
	picture, err1 := fit.Picture(images.Cut(picture, part))
	mask, err2 := fit.Picture(images.Cut(mask, part)) // of thin lines, as much as is seen of them
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if maskPath == "" {
		e.add(diffusion.Example{Picture: images.ForModel(picture)}, picture.Pix)
		return nil
	}
	e.add(diffusion.Example{Picture: images.ForModel(picture), Mask: shares(mask)}, picture.Pix, mask.Pix)
	return nil
}

// readMask reads the mask of a photograph; of none, it is white.
func readMask(ctx context.Context, path, of string, size image.Point) (*image.RGBA, error) {
	if path == "" {
		mask := image.NewRGBA(image.Rectangle{Max: size})
		draw.Draw(mask, mask.Rect, image.White, image.Point{}, draw.Src)
		return mask, nil
	}
	mask, err := images.ReadMask(ctx, path)
	if err != nil {
		return nil, err
	}
	if got := mask.Rect.Size(); got != size {
		return nil, fmt.Errorf("%s is %d×%d pixels and %s is %d×%d: a mask must have its picture's size", path, got.X, got.Y, of, size.X, size.Y)
	}
	return mask, nil
}

// shares are a mask's numbers, without the faint rings that scaling leaves around what is white.
func shares(mask *image.RGBA) []float32 {
	out := make([]float32, len(mask.Pix)/4)
	for i := range out {
		if v := mask.Pix[4*i]; v >= 16 {
			out[i] = float32(v) / 255
		}
	}
	return out
}

// square is the largest one of a photograph around the middle of its mask, or with tile the window that images.ChooseAt
// finds.
func square(mask *image.RGBA, size int, tile bool) (image.Rectangle, error) {
	if tile {
		w, err := images.ChooseAt(mask, image.Pt(size, size))
		return w.Part, err
	}
	box := image.Rectangle{}
	for y := range mask.Rect.Dy() {
		for x := range mask.Rect.Dx() {
			if mask.Pix[y*mask.Stride+4*x] >= 128 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if box.Empty() {
		return box, errors.New("the mask is empty: it should be white where the defect is")
	}
	whole := mask.Rect.Size()
	side := min(whole.X, whole.Y)
	at := func(middle, length int) int { return min(max(middle-side/2, 0), length-side) }
	corner := image.Pt(at((box.Min.X+box.Max.X)/2, whole.X), at((box.Min.Y+box.Max.Y)/2, whole.Y))
	part := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
	if !box.In(part) {
		fmt.Fprintf(os.Stderr, "note: of a mask of %d×%d pixels in a photograph of %d×%d only what fits into a square is learned from\n", box.Dx(), box.Dy(), whole.X, whole.Y)
	}
	return part, nil
}

// firstDrawing is the seed of the first drawing: the model was trained on others, and is measured on others.
const firstDrawing = 8_000_000

// drawn are drawings of the defect that is asked for.
func drawn(f flags, size int) (*examples, error) {
	for _, pair := range world.Pairs(world.AllPairs) {
		if pair.Subject.Name != f.Object || pair.Defect.Name != f.Anomaly {
			continue
		}
		e := &examples{}
		for i := range f.Drawings {
			d := trial.Trial{Pair: pair, Seed: firstDrawing + uint64(i)}.Defective(size)
			e.add(diffusion.Example{Picture: trial.Picture(d), Mask: trial.Mask(d)}, d.Picture, d.Mask)
		}
		return e, nil
	}
	return nil, fmt.Errorf("there are no drawings of %q with %q: want --object %s, and --anomaly %s", f.Object, f.Anomaly, names(world.Subjects()), names(world.Defects()))
}

// names are those of subjects or defects, in a row.
func names[T world.Subject | world.Defect](all []T) string {
	var of []string
	for _, x := range all {
		switch x := any(x).(type) {
		case world.Subject:
			of = append(of, x.Name)
		case world.Defect:
			of = append(of, x.Name)
		}
	}
	return strings.Join(of, ", ")
}
