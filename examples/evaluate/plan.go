package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// plan is everything that is to be judged.
type plan struct {
	root       fs.FS
	categories []dataset.Category
	cases      []*testCase
	first      uint32 // seed, whose rows are shown
	detectors  detectors
	resolution resolution
}

// testCase is a row that is to be.
type testCase struct {
	key
	category   dataset.Category
	references []dataset.Item
	generated  *generated // nil where the row is without
	options    files.Identity
}

// pictures is how many the case looks at: the work of it.
func (c *testCase) pictures() int { return c.learns() + len(c.category.Test) }

// learns is how many pictures the detector learns from.
func (c *testCase) learns() int {
	if c.generated == nil {
		return len(c.references)
	}
	return len(c.references) + len(c.generated.items)
}

// plan lists all rows of this run, or of its shard. It checks everything that can be before the long work.
func (d *Detection) plan(ctx context.Context) (*plan, error) {
	root, categories, err := d.readData()
	if err != nil {
		return nil, err
	}
	p := &plan{root: root, categories: categories, first: d.seeds(d.kinds())[0]}
	if p.resolution, err = parseResolution(d.Resolution); err != nil {
		return nil, err
	}
	all, err := d.draw(categories)
	if err != nil {
		return nil, err
	}
	d.again = d.Generated != "" || len(d.seeds(d.kinds()))*len(d.kinds()) > 1
	d.trained = d.tellTraining
	open := d.open
	if open == nil {
		open = defaultOpener
	}
	if p.detectors, err = open(ctx, d.Networked); err != nil {
		return nil, err
	}
	if err := errors.Join(d.identify(p, all), d.tellMemory(ctx, root, categories, p.resolution)); err != nil {
		p.detectors.close()
		return nil, err
	}
	return p, nil
}

// tellTraining says how long the training of a row will take, once the first one's tenth step is done.
func (d *Detection) tellTraining(done, of int) {
	const enough = 10
	switch {
	case d.training.IsZero():
		d.training = time.Now()
	case done == enough:
		took := time.Since(d.training) / (enough - 1) * time.Duration(of)
		fmt.Fprintf(os.Stderr, "a row is trained in %d steps: about %s\n", of, took.Round(time.Second))
	}
}

// draw lists the cases with their references and generated pictures: of a category and seed one after another.
func (d *Detection) draw(categories []dataset.Category) (all []*testCase, err error) {
	kinds := d.kinds()
	of := map[string][]dataset.Item{}
	if len(d.References) > 0 {
		if of, err = named(d.Data, d.References, categories); err != nil {
			return nil, err
		}
	}
	var few []string
	unit := 0
	for _, c := range categories {
		train := c.Train
		if len(d.References) > 0 {
			train = of[c.Name]
		}
		if err := checkShots(c.Name, len(train), kinds); err != nil {
			few = append(few, err.Error())
			continue
		}
		for _, seed := range d.seeds(kinds) {
			if unit++; !d.shard.has(unit - 1) {
				continue
			}
			cases, err := d.drawSeed(c, train, seed, kinds)
			if err != nil {
				return nil, err
			}
			all = append(all, cases...)
		}
	}
	if len(few) > 0 {
		return nil, errors.New(strings.Join(few, "; "))
	}
	return all, nil
}

// kinds are the numbers of shots.
func (d *Detection) kinds() []shots {
	if len(d.References) > 0 {
		return []shots{namedShots}
	}
	return d.shots
}

// seeds are all that there are rows of.
func (d *Detection) seeds(kinds []shots) []uint32 {
	switch {
	case len(d.Seeds) > 0:
		return d.Seeds
	case slices.ContainsFunc(kinds, shots.draws):
		return []uint32{0, 1, 2, 3, 4}
	}
	return []uint32{0}
}

// checkShots is an error if a category has not as many pictures to learn from as are asked for.
func checkShots(category string, have int, kinds []shots) error {
	if have == 0 && kinds[0] == namedShots {
		return fmt.Errorf("%s has no reference among --references: name one at least, or leave it out with --categories", category)
	}
	if have == 0 {
		return fmt.Errorf("%s has no normal pictures for training: leave it out with --categories", category)
	}
	if most := slices.Max(kinds); int(most) > have {
		return fmt.Errorf("%s has %s for training, and --shots asks for %d: ask for fewer, for all, or leave it out with --categories", category, counted(have, "normal picture"), most)
	}
	return nil
}

// drawSeed lists the cases of one category and seed.
func (d *Detection) drawSeed(c dataset.Category, train []dataset.Item, seed uint32, kinds []shots) (all []*testCase, err error) {
	for _, kind := range kinds {
		if len(d.Seeds) == 0 && seed > 0 && !kind.draws() { // the same again
			continue
		}
		references := kind.draw(train, seed)
		if d.Draw == "slices" {
			if references = kind.slice(train, seed); references == nil {
				return nil, fmt.Errorf("%s has %s for training, and --draw slices takes %d of them behind those of the %d seeds before seed %d: give smaller --seeds", c.Name, counted(len(train), "normal picture"), kind, seed, seed)
			}
		}
		var made *generated
		if d.Generated != "" {
			if made, err = d.readGenerated(c.Name, seed, kind); err != nil {
				return nil, err
			}
		}
		for _, detector := range d.Detector {
			if detector != "probe" {
				all = append(all, &testCase{key: key{c.Name, detector, kind, seed, false}, category: c, references: references})
			}
			if made != nil && detectorOf(detector).defects {
				all = append(all, &testCase{key: key{c.Name, detector, kind, seed, true}, category: c, references: references, generated: made})
			}
		}
	}
	return all, nil
}

// identify gives each case the options that its figures depend on.
func (d *Detection) identify(p *plan, all []*testCase) error {
	prints := map[string]string{}
	for _, c := range all {
		if _, known := prints[c.Category]; !known {
			print, err := fingerprint(p.root, c.category.Train, c.category.Test)
			if err != nil {
				return fmt.Errorf("--data %s: %w", d.Data, err)
			}
			prints[c.Category] = print
		}
		c.options = files.Identity{
			"--data": "the pictures " + prints[c.Category], "--network": p.detectors.of(c.Detector), "--reading": d.Reading,
			"--resolution": p.resolution.of(c.Detector, d.Reading).String(), "references": files.Short(files.SHA256([]byte(strings.Join(picturesOf(c.references), "\n")))),
			"decoder": decoder(), "program": version(),
		}
		if c.generated != nil {
			c.options["--generated"] = "the pictures " + c.generated.print
		}
		if c.Detector == "patchcore" {
			c.options["--coreset"] = fmt.Sprint(d.Coreset)
		}
		if c.Detector == "anomalydino" || c.Detector == "subspace" {
			c.options["--side"] = fmt.Sprint(d.Side)
		}
		if c.Detector == "anomalydino" && d.passesOver(c.Category) {
			c.options["--foreground"] = "the ground is passed over"
		}
		if c.Detector == "padim" && len(d.Channels) > 0 {
			c.options["--channels"] = fmt.Sprint(d.Channels)
		}
	}
	p.cases = all
	return nil
}

// decoder is what read the pictures: decoders of JPEG differ in the last bit.
func decoder() string {
	return fmt.Sprintf("sdgraph's images (%s; JPEG is Go's)", runtime.Version())
}

// describe says what is to be done.
func (d *Detection) describe(p *plan) {
	normal, defective := 0, 0
	for _, c := range p.categories {
		for _, it := range c.Test {
			if it.Defect == "" {
				normal++
			} else {
				defective++
			}
		}
	}
	fmt.Fprintf(os.Stderr, "%s; for testing %s and %d with defects; %s\n", categories(len(p.categories)), counted(normal, "normal picture"), defective, counted(len(p.cases), "row"))
}
