package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// errand is what one method is to make of one reference of a part. Its pictures lie in a folder as --generated reads it,
// and beside it, when they are complete, their record.
type errand struct {
	ground *ground
	method method
	part   comparedPart
	seed   uint32
}

// errandFolder is the folder of a method's errands, with what Detection puts a row's own into.
const errandFolder = "{category}/seed-{seed}"

func (e errand) folder() string {
	return filepath.Join(e.ground.folderOf(e.method.name), e.part.folder, fmt.Sprintf("seed-%d", e.seed))
}

// folderOf is the folder of a method's pictures.
func (g *ground) folderOf(method string) string { return filepath.Join(g.dir, "pictures", method) }

// errandRecord is the record of an errand.
type errandRecord struct {
	Identity string          `json:"identity"` // of the options
	Options  files.Identity  `json:"options"`  // all that the pictures depend on
	Pictures []pictureRecord `json:"pictures"` // in the order of the folder's files
}

// pictureRecord is a picture of an errand.
type pictureRecord struct {
	Asked   string  `json:"asked,omitempty"`
	Seed    uint64  `json:"seed"`  // of the draws of its last try
	Tries   int     `json:"tries"` // until it passed
	Passed  bool    `json:"passed"`
	Written bool    `json:"written"` // it is among the files: it passed, or nothing else is there
	Seconds float64 `json:"seconds"` // of all tries, on one thread, or of a model of the user's on all

	sample anomaly.Sample
}

// compareTries is how often a picture is tried that its method turns down.
const compareTries = demoTries

// make makes the pictures, unless they are there, and tells the bar of each.
func (e errand) make(ctx context.Context, m maker, overwrite bool, bar *show.Progress) error {
	reference, err := e.part.reference(ctx, e.seed)
	if err != nil {
		return err
	}
	is, err := e.identity(m, reference)
	if err != nil {
		return err
	}
	there, err := e.record()
	switch {
	case err == nil && there.Identity == is.Hash():
		bar.Skip(e.ground.pictures, float64(e.ground.pictures))
		return nil
	case err == nil && !overwrite:
		return fmt.Errorf("%s: the pictures were made with other options: %s; give another --out, or --overwrite to replace them", e.folder(), strings.Join(is.Differences(there.Options), "; "))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	record := errandRecord{Identity: is.Hash(), Options: is}
	var g anomaly.Generator
	asked := ""
	for i := range e.ground.pictures {
		o := e.order(reference, i)
		begun := time.Now()
		if g == nil || o.defect != asked {
			if g, err = m.generator(ctx, o); err != nil {
				return err
			}
			asked = o.defect
		}
		p, err := e.picture(ctx, g, o)
		if err != nil {
			return err
		}
		p.Seconds = since(begun)
		record.Pictures = append(record.Pictures, p)
		bar.Step(1, "")
	}
	return e.write(ctx, record, reference)
}

// identity is what the pictures depend on.
func (e errand) identity(m maker, reference comparedPicture) (files.Identity, error) {
	options, err := optionsOf(m, e.order(reference, 0))
	defects := e.part.defects
	if !e.ground.drawn && !e.method.asked { // then it does not matter which defects photographs for testing have
		defects = nil
	}
	return files.Identity{
		"version": "1", "program": version(), "generator": e.method.name, "options": options, "part": e.part.name, "defects": strings.Join(defects, ", "),
		"reference": reference.name, "--pictures": fmt.Sprint(e.ground.pictures), "tries": fmt.Sprint(compareTries),
	}, err
}

// order is that of picture i: the defects take turns.
func (e errand) order(reference comparedPicture, i int) order {
	o := order{part: e.part.name, material: e.part.material, reference: reference, number: i, words: e.ground.learns}
	if e.method.asked {
		o.defects, o.defect = e.part.defects, e.part.defects[i*len(e.part.defects)/e.ground.pictures]
	}
	return o
}

// picture makes one picture, in as many tries as it may have.
func (e errand) picture(ctx context.Context, g anomaly.Generator, o order) (p pictureRecord, err error) {
	p.Asked = o.defect
	for p.Tries < compareTries && !p.Passed {
		p.Seed = e.drawsOf(o.number, p.Tries)
		p.Tries++
		made, err := g.Generate(ctx, anomaly.Input{Normal: o.reference.picture}, anomaly.NewDraws(p.Seed))
		if err != nil && !errors.Is(err, errUnfit) && !errors.Is(err, anomaly.ErrNothingChanged) {
			return p, err
		}
		p.Passed = err == nil
		if p.sample = made.Sample; p.sample.Defect == "" || o.defect == "" {
			p.sample.Defect = e.method.name
		}
	}
	return p, nil
}

// drawsOf is the seed of the draws of a try.
func (e errand) drawsOf(number, try int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s, %s, reference %d, picture %d, try %d", e.ground.name, e.part.name, e.seed, number, try)
	return h.Sum64()
}

// write writes the pictures that passed, or where none did all that there are, and then the record.
func (e errand) write(ctx context.Context, record errandRecord, reference comparedPicture) error {
	slices.SortStableFunc(record.Pictures, func(a, b pictureRecord) int {
		return strings.Compare(world.FileName(a.Asked), world.FileName(b.Asked))
	})
	photograph, err := images.EncodePNG(reference.picture, nil)
	if err != nil {
		return err
	}
	record.choose()
	var entries []dataset.Entry
	for _, p := range record.Pictures {
		if p.Written {
			it := dataset.NewEntry(e.part.folder, files.SHA256(photograph), p.sample)
			it.Photograph, it.Seed = path.Base(reference.name), p.Seed
			entries = append(entries, it)
		}
	}
	if len(entries) == 0 {
		return fmt.Errorf("%s, %s, seed %d: nothing came of %d pictures, in %d tries each; leave the part out with --parts or --categories, or the method with --generators", e.method.name, e.part.name, e.seed, len(record.Pictures), compareTries)
	}
	if err := os.MkdirAll(filepath.Dir(e.folder()), 0o777); err != nil {
		return err
	}
	if _, err := dataset.Write(ctx, e.folder(), entries, dataset.Options{Layout: dataset.MVTec}); err != nil {
		return err
	}
	return writeJSON(e.folder()+".json", record)
}

// choose says which pictures are written.
func (r errandRecord) choose() {
	some := slices.ContainsFunc(r.Pictures, func(p pictureRecord) bool { return p.Passed })
	for i := range r.Pictures {
		p := &r.Pictures[i]
		p.Written = (p.Passed || !some) && p.sample.Picture != nil && !dataset.EmptyMask(p.sample)
	}
}

func (e errand) record() (errandRecord, error) { return readJSON[errandRecord](e.folder() + ".json") }

// made reads the pictures as the measures want them.
func (e errand) made(ctx context.Context) iter.Seq2[madePicture, error] {
	return func(yield func(madePicture, error) bool) {
		record, err1 := e.record()
		g, err2 := readGenerated(e.folder(), e.part.folder, true)
		reference, err3 := e.part.reference(ctx, e.seed)
		if err := errors.Join(err1, err2, err3); err != nil {
			yield(madePicture{}, err)
			return
		}
		of := slices.DeleteFunc(record.Pictures, func(p pictureRecord) bool { return !p.Written })
		if len(of) != len(g.items) {
			yield(madePicture{}, fmt.Errorf("%s has %d pictures, and its record %d", e.folder(), len(g.items), len(of)))
			return
		}
		i := 0
		for s, err := range dataset.Samples(g.root, g.items) {
			p := madePicture{part: e.part.name, reference: reference.name, normal: reference.picture}
			if err == nil {
				p.asked, p.sample, p.seconds = of[i].Asked, s, of[i].Seconds
			}
			if i++; !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// writeJSON writes a record.
func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return files.Write(path, append(data, '\n'))
}
