package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"slices"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
)

// pool is the photographs that another generator takes patches from. They are taken in turn, by the seed, one for each
// picture: so that many serve without all being read, and a record names the one that was.
type pool struct {
	files []inputFile
	at    int // the place from which on they are taken: behind the photograph itself, where it is among them
}

// turn is the file whose turn it is with a seed, nil if there is none. The photograph itself, and copies of it, are
// passed over.
func (p pool) turn(seed uint64, photograph string) *inputFile {
	n := uint64(len(p.files))
	for i := range n {
		f := &p.files[(uint64(p.at)+seed%n+i)%n]
		if f.hash != photograph {
			return f
		}
	}
	return nil
}

// findOthers are the photographs of --others.
func (s *Spec) findOthers(ctx context.Context) (p pool, err error) {
	if len(s.Others) == 0 {
		return p, nil
	}
	_, err = cli.Await(ctx, func() (any, error) {
		paths := s.Others
		if s.Again == nil || s.Again.given["others"] { // a picture names one file
			if paths, err = photos.List(os.Stderr, paths); err != nil {
				return nil, fmt.Errorf("--others: %w", err)
			}
		}
		for _, path := range paths {
			hash, err := files.Hash(path)
			if err != nil {
				return nil, fmt.Errorf("--others: %w", err)
			}
			p.files = append(p.files, inputFile{path, hash})
		}
		return nil, nil
	})
	return p, err
}

// shareOthers gives each photograph the others of the run that are of its part and size, where the generator takes some
// and none are given.
func (b *batch) shareOthers() {
	if !slices.Contains(methods[b.spec.Generator].options, "others") || len(b.spec.Others) > 0 {
		return
	}
	type alike struct {
		object string
		size   image.Point
	}
	groups := map[alike][]inputFile{}
	for _, j := range b.jobs {
		key := alike{j.spec.Object, j.input}
		groups[key] = append(groups[key], inputFile{j.spec.Image, j.inputs["image"]})
		j.others.at = len(groups[key])
	}
	for _, j := range b.jobs {
		j.others.files = groups[alike{j.spec.Object, j.input}]
	}
}

// readOther reads the photograph whose patches a seed's picture takes, at the size of the job's; nil where there is none.
func (j *job) readOther(ctx context.Context, seed uint64) (*image.RGBA, error) {
	f := j.others.turn(seed, j.inputs["image"])
	if f == nil {
		return nil, nil
	}
	spec := j.spec
	spec.Image, spec.Mask = f.path, ""
	c, _, err := readCanvas(ctx, spec, j.model.Multiple())
	if err != nil {
		return nil, fmt.Errorf("--others: %w", err)
	}
	if hash, err := files.Hash(f.path); err != nil || hash != f.hash {
		return nil, fmt.Errorf("the photograph %s, whose patches are taken, has changed since this run began", f.path)
	}
	picture, _ := c.Input()
	if got := picture.Rect.Size(); got != j.input {
		return nil, fmt.Errorf("--others: %s has %d×%d pixels as it is used, and %s %d×%d: want photographs of one size", f.path, got.X, got.Y, j.spec.Image, j.input.X, j.input.Y)
	}
	return picture, nil
}
