package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	drawings "github.com/sdgraph/sdgraph/examples/demo/trial" // trial is a type here
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// How many drawings of a part there are. No drawing is in two places.
const (
	demoTrain  = 12 // normal ones, of which references are drawn
	demoNormal = 10 // normal ones for testing
	demoEach   = 2  // for testing, with each of the defects
	demoSize   = 128
)

// demoSeed is of the first drawing of the first subject, demoStride between two: of none that a model was trained on, or
// measured on elsewhere.
const (
	demoSeed   = drawings.FirstSeed + 900_000
	demoStride = 1000
)

// drawnPart is a part of the drawn world.
type drawnPart struct {
	world.Subject
	first uint64    // seed of its first drawing
	drawn *sync.Map // drawing → anomaly.Sample
}

// drawing is one of a part; without a defect its name is empty.
type drawing struct {
	seed   uint64
	defect string
}

// drawnParts are the parts of some names.
func drawnParts(names []string) ([]drawnPart, error) {
	all, err := drawable("--parts", names, world.Subjects(), func(s world.Subject) string { return s.Name })
	var parts []drawnPart
	for _, i := range all {
		parts = append(parts, drawnPart{world.Subjects()[i], demoSeed + demoStride*uint64(i), new(sync.Map)})
	}
	return parts, err
}

// drawableDefects are the defects of some names.
func drawableDefects(names []string) ([]world.Defect, error) {
	all, err := drawable("--defects", names, world.Defects(), func(d world.Defect) string { return d.Name })
	var defects []world.Defect
	for _, i := range all {
		defects = append(defects, world.Defects()[i])
	}
	return defects, err
}

// drawable are the places of names in a list of what is drawn.
func drawable[T any](flag string, names []string, list []T, name func(T) string) (places []int, err error) {
	var known []string
	for _, v := range list {
		known = append(known, name(v))
	}
	for _, n := range names {
		i := slices.Index(known, n)
		if i < 0 {
			return nil, fmt.Errorf("%s: nobody draws %.100q, want some of %s%s", flag, n, strings.Join(known, ", "), cli.DidYouMean(n, known))
		}
		places = append(places, i)
	}
	return places, each(flag, names)
}

func (p drawnPart) folder() string { return world.FileName(p.Name) }

// train is a normal picture that may be a reference, or what it would be with a defect.
func (p drawnPart) train(i int, defect *world.Defect) anomaly.Sample {
	return p.draw(p.first+uint64(i), defect)
}

// draw draws each picture once. Nobody changes it.
func (p drawnPart) draw(seed uint64, defect *world.Defect) anomaly.Sample {
	of := drawing{seed: seed}
	if defect != nil {
		of.defect = defect.Name
	}
	if s, ok := p.drawn.Load(of); ok {
		return s.(anomaly.Sample)
	}
	s := sampleOf(world.Draw(p.Subject, defect, seed, demoSize))
	p.drawn.Store(of, s)
	return s
}

// sampleOf is a drawing as others have it.
func sampleOf(d world.Drawing) anomaly.Sample {
	s := anomaly.Sample{Picture: images.FromBytes(d.Picture, d.Size, d.Size)}
	if d.Defect != "" {
		s.Defect, s.Mask = d.Defect, &image.Gray{Pix: d.Mask, Stride: d.Size, Rect: image.Rect(0, 0, d.Size, d.Size)}
	}
	return s
}

// trainItems are the pictures that references are drawn of, as the data set has them.
func (p drawnPart) trainItems() (items []dataset.Item) {
	for i := range demoTrain {
		items = append(items, dataset.Item{Picture: path.Join(p.folder(), "train/good", numbered(i)+".png")})
	}
	return items
}

func numbered(i int) string { return fmt.Sprintf("%03d", i) }

// placed is a picture of a part's data set.
type placed struct {
	place  string // "train/good/000", with slashes
	mask   string // likewise; empty for a normal picture
	seed   uint64
	defect *world.Defect
}

// dataSet lists the pictures of the part's data set, in MVTec AD's layout, so many with each of the defects.
func (p drawnPart) dataSet(defects []world.Defect, each int) (all []placed) {
	add := func(kind string, i int, defect *world.Defect) {
		it := placed{place: kind + "/" + numbered(i), seed: p.first + uint64(len(all)), defect: defect}
		if defect != nil {
			it.mask = "ground_truth/" + path.Base(kind) + "/" + numbered(i) + "_mask"
		}
		all = append(all, it)
	}
	for i := range demoTrain {
		add("train/good", i, nil)
	}
	for i := range demoNormal {
		add("test/good", i, nil)
	}
	for d := range defects {
		for i := range each {
			add("test/"+world.FileName(defects[d].Name), i, &defects[d])
		}
	}
	return all
}

// write draws the part's data set.
func (p drawnPart) write(ctx context.Context, dir string, defects []world.Defect, each int) error {
	all := p.dataSet(defects, each)
	kernels.Parallel(len(all), func(i int) { p.draw(all[i].seed, all[i].defect) })
	for _, it := range all {
		s := p.draw(it.seed, it.defect)
		err := p.put(dir, it.place, s.Picture)
		if err == nil && it.mask != "" {
			err = p.put(dir, it.mask, s.Mask)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// put writes a picture of the data set.
func (p drawnPart) put(dir, place string, m image.Image) error {
	data, err := images.EncodePNG(m, nil)
	if err != nil {
		return err
	}
	to := filepath.Join(dir, p.folder(), filepath.FromSlash(place)+".png")
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return files.Write(to, data)
}
