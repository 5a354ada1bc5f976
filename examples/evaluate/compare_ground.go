package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	drawings "github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// ground is what methods are compared on: parts, normal pictures of them, and true defects.
type ground struct {
	name     string // unseen or seen pairs, or photographs
	drawn    bool
	dir      string // of all its files
	data     string // the folder of its data set
	layout   string
	parts    []comparedPart
	pictures int // of each reference
	learns   schooling
}

// comparedPart is a part of a ground.
type comparedPart struct {
	name, folder string                                                          // to people, and in the data set
	material     bool                                                            // it fills the picture, as far as that is known
	defects      []string                                                        // that are asked for, in turns; of photographs those for testing
	reference    func(ctx context.Context, seed uint32) (comparedPicture, error) // which a seed draws, as Detection does
	truth        func() (normal, defective anomaly.Samples)                      // what generated pictures are measured against
}

// The pairs of subject and defect that the small model was trained on, and the others; and photographs.
const (
	unseenGround = string(world.UnseenPairs)
	seenGround   = string(world.SeenPairs)
	photographs  = "photographs"
)

// How many pictures of each reference there are unless that is said: on seen pairs one of each defect.
const (
	unseenPictures     = 4
	seenPictures       = 5
	photographPictures = 8
)

// compareSeed is of the first drawing of the first subject: of none that the demonstration has.
const compareSeed = drawings.FirstSeed + 950_000

// How many true defects of a part there are on a ground, at most, for testing; so many again are what generated pictures
// are measured against.
const compareDefective = 10

// drawnGround are drawn parts with the defects of a selection.
func drawnGround(name, dir string, subjects []string, pictures int) (*ground, error) {
	g := &ground{name: name, drawn: true, dir: dir, data: filepath.Join(dir, "data"), layout: "mvtec", pictures: pictures}
	g.learns = schooling{dir: filepath.Join(dir, "words"), drawings: defaultExamples}
	if len(subjects) == 0 {
		for _, s := range world.Subjects() {
			subjects = append(subjects, s.Name)
		}
	}
	parts, err := drawnParts(subjects)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		p.first += compareSeed - demoSeed
		g.parts = append(g.parts, g.drawnPart(p))
	}
	if pictures == 0 {
		g.pictures = map[string]int{unseenGround: unseenPictures, seenGround: seenPictures}[name]
	}
	return g, nil
}

// selected are the defects of a part that belong to a ground.
func (g *ground) selected(p drawnPart) (defects []world.Defect) {
	for _, d := range world.Defects() {
		if world.Unseen(p.Name, d.Name) == (g.name == unseenGround) {
			defects = append(defects, d)
		}
	}
	return defects
}

func (g *ground) drawnPart(p drawnPart) comparedPart {
	defects := g.selected(p)
	c := comparedPart{name: p.Name, folder: p.folder(), material: !p.Object}
	for _, d := range defects {
		c.defects = append(c.defects, d.Name)
	}
	c.reference = func(_ context.Context, seed uint32) (comparedPicture, error) {
		i := permutation(seed, demoTrain)[0]
		return comparedPicture{p.train(i, nil).Picture, numbered(i) + ".png", p.first + uint64(i)}, nil
	}
	c.truth = func() (normal, defective anomaly.Samples) {
		first := p.first + demoStride/2 // far behind those of the data set
		const n = 2 * compareDefective
		samples := func(first uint64, defects ...*world.Defect) anomaly.Samples {
			return func(yield func(anomaly.Sample, error) bool) {
				for i := range n {
					d := defects[i*len(defects)/n] // one defect after the other
					if !yield(p.draw(first+uint64(i), d), nil) {
						return
					}
				}
			}
		}
		var of []*world.Defect
		for i := range defects {
			of = append(of, &defects[i])
		}
		return samples(first+n, nil), samples(first, of...) // of other seeds: no normal drawing is one of the others without its defect
	}
	return c
}

// drawData writes the drawn data set, unless it is there.
func (g *ground) drawData(ctx context.Context) error {
	subjects := g.names()
	is := files.Identity{"version": "1", "subjects": fmt.Sprint(subjects), "pairs": g.name, "first seed": fmt.Sprint(compareSeed), "normal": fmt.Sprint(demoTrain, demoNormal), "defective": fmt.Sprint(compareDefective)}
	done := filepath.Join(g.dir, "data.json")
	there, err := readJSON[files.Identity](done)
	switch {
	case err == nil && there.Hash() == is.Hash():
		return nil
	case err == nil: // another one of this program
		err = os.RemoveAll(g.data)
	case errors.Is(err, fs.ErrNotExist): // what is there may be somebody else's
		err = nil
	}
	if err != nil {
		return err
	}
	parts, err := drawnParts(subjects)
	if err != nil {
		return err
	}
	for _, p := range parts {
		p.first += compareSeed - demoSeed
		defects := g.selected(p)
		if err := p.write(ctx, g.data, defects, compareDefective/len(defects)); err != nil {
			return err
		}
	}
	return writeJSON(done, is)
}

// photographGround are the parts of a data set that have normal pictures to make others of, and pictures for testing.
func photographGround(dir, data, layout string, categories []string, pictures int) (*ground, error) {
	g := &ground{name: photographs, dir: dir, data: data, layout: layout, pictures: pictures}
	if pictures == 0 {
		g.pictures = photographPictures
	}
	d := Detection{Data: data, Layout: layout, Categories: categories}
	root, all, err := d.readData()
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if len(c.Train) == 0 {
			fmt.Fprintf(os.Stderr, "%s is passed over: it has no normal pictures for training\n", c.Name)
			continue
		}
		g.parts = append(g.parts, photographedPart(root, c))
	}
	if len(g.parts) == 0 {
		return nil, fmt.Errorf("--data %s: there are no normal pictures for training", data)
	}
	return g, nil
}

func photographedPart(root fs.FS, c dataset.Category) comparedPart {
	var normal, defective []dataset.Item
	var defects []string
	for _, it := range c.Test {
		if it.Defect == "" {
			normal = append(normal, it)
		} else {
			defective = append(defective, it)
			if !slices.Contains(defects, it.Defect) {
				defects = append(defects, it.Defect)
			}
		}
	}
	return comparedPart{
		name: c.Name, folder: c.Name, defects: defects,
		reference: func(ctx context.Context, seed uint32) (comparedPicture, error) {
			it := shots(1).draw(c.Train, seed)[0]
			picture, err := images.ReadFS(ctx, root, it.Picture)
			return comparedPicture{picture: picture, name: it.Picture}, err
		},
		truth: func() (_, _ anomaly.Samples) {
			return dataset.Samples(root, normal), dataset.Samples(root, defective)
		},
	}
}

// checkAsked wants there to be defects that a method can be asked for.
func (g *ground) checkAsked(m method) error {
	for _, p := range g.parts {
		if m.asked && len(p.defects) == 0 {
			return fmt.Errorf("%s has no pictures with defects for testing, and %s is asked for theirs; leave the part out with --categories, or the method with --generators", p.name, m.name)
		}
	}
	return nil
}

// names are those of all parts.
func (g *ground) names() (names []string) {
	for _, p := range g.parts {
		names = append(names, p.name)
	}
	return names
}

// categories are the folders of all parts.
func (g *ground) categories() (names []string) {
	for _, p := range g.parts {
		names = append(names, p.folder)
	}
	return names
}

// mostRecord is how many bytes of a record are read.
const mostRecord = 1 << 24

// readJSON reads a record; one that is not there is fs.ErrNotExist.
func readJSON[T any](path string) (v T, err error) {
	data, err := files.Read(path, mostRecord)
	if err == nil {
		err = nn.UnmarshalJSON(data, &v)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: %w; move it away, or give another --out", path, err)
	}
	return v, err
}
