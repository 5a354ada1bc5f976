package main

import (
	"context"
	"fmt"
	"image"
	"maps"
	"os"
	"strconv"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
)

// inputFile is one of several pictures that are taken in turn: of a folder's masks, or of further photographs.
type inputFile struct{ path, hash string }

// findMasks lists the masks of --mask where that is a folder, in the order of their
// names.
func findMasks(spec Spec) ([]inputFile, error) {
	if spec.Mask == "" || spec.Mask == autoMask || !photos.IsFolder(spec.Mask) {
		return nil, nil
	}
	paths, err := photos.In(os.Stderr, spec.Mask)
	if err != nil {
		return nil, fmt.Errorf("--mask: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("--mask: there is no picture in the folder %s", spec.Mask)
	}
	all := make([]inputFile, len(paths))
	for i, path := range paths {
		hash, err := files.Hash(path)
		if err != nil {
			return nil, fmt.Errorf("--mask: %w", err)
		}
		all[i] = inputFile{path, hash}
	}
	return all, nil
}

// of is the Spec of a seed's picture and the hashes of what it is made from: with a
// folder of masks the one whose turn it is, so that --from finds it, and likewise of further photographs.
func (j *job) of(seed uint64) (Spec, map[string]string) {
	other := j.others.turn(seed, j.inputs["image"])
	if len(j.masks) == 0 && other == nil && j.textures.read == nil {
		return j.spec, j.inputs
	}
	spec, inputs := j.spec, maps.Clone(j.inputs)
	if j.textures.read != nil {
		inputs["textures"] = j.textures.hash
	}
	if len(j.masks) > 0 {
		m := j.masks[seed%uint64(len(j.masks))]
		spec.Mask, inputs["mask"] = m.path, m.hash
	}
	if other != nil {
		spec.Others, inputs["others"] = []string{other.path}, other.hash
	}
	return spec, inputs
}

// ground is what masks of a photograph are drawn on.
type ground struct {
	photograph *image.RGBA
	place      *image.Gray // where shapes may be, of what results show
	from       string      // the mask's file that the place is, where masks differ
}

// groundOf reads a seed's photograph and place.
func (j *job) groundOf(ctx context.Context, seed uint64) (*ground, error) {
	spec, inputs := j.of(seed)
	if g := j.ground; g != nil && g.from == spec.Mask {
		return g, nil
	}
	read, err := readPhotograph(ctx, spec)
	if err != nil {
		return nil, err
	}
	g := &ground{photograph: read.Picture, from: spec.Mask}
	mask, _, err := readMask(ctx, spec, g.photograph)
	if err != nil {
		return nil, err
	}
	if len(j.masks) > 0 {
		switch h, err := files.Hash(spec.Mask); {
		case err != nil:
			return nil, fmt.Errorf("--mask: %w", err)
		case h != inputs["mask"]:
			return nil, fmt.Errorf("the mask %s has changed since this run began: its SHA-256 is %s, was %s", spec.Mask, files.Short(h), files.Short(inputs["mask"]))
		}
	}
	g.place = cropped(mask, g.photograph.Rect.Size(), j.canvas.Visible())
	j.ground = g
	return g, nil
}

// cropped is a mask, nil for all, without what lies outside a part.
func cropped(mask *image.Gray, size image.Point, part image.Rectangle) *image.Gray {
	out := image.NewGray(image.Rectangle{Max: size})
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if mask == nil || mask.Pix[y*mask.Stride+x] >= 128 {
				out.Pix[y*out.Stride+x] = 255
			}
		}
	}
	return out
}

// maskFor draws the mask of a seed's picture, if it is drawn.
func (j *job) maskFor(ctx context.Context, d anomaly.Draws, seed uint64) (*ground, *image.Gray, error) {
	g, err := j.groundOf(ctx, seed)
	if err != nil || j.spec.Shape == "" {
		return g, g.mask(), err
	}
	size := g.photograph.Rect.Size()
	mask, err := j.spec.shapes(size).Draw(d, size, g.place)
	if err != nil {
		return nil, nil, fmt.Errorf("--shape %s: %w", j.spec.Shape, err)
	}
	return g, mask, nil
}

// draws are the random choices of a seed's mask, and after it of another generator:
// others for each photograph, so that not all of them have the same masks.
func (j *job) draws(seed uint64) anomaly.Draws {
	h := j.inputs["image"] // SHA-256 in hexadecimal, empty for a drawn picture
	photograph, _ := strconv.ParseUint(h[:min(16, len(h))], 16, 64)
	return anomaly.NewDraws(seed ^ photograph)
}

func (g *ground) mask() *image.Gray {
	if g == nil {
		return nil
	}
	return g.place
}

// middleOf is a mask of a picture's middle pixel.
func middleOf(size image.Point) *image.Gray {
	m := image.NewGray(image.Rectangle{Max: size})
	m.Pix[size.Y/2*m.Stride+size.X/2] = 255
	return m
}
