package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// scene is a pair that is shown where nothing is asked for: a subject as it is
// drawn, and what is to be wrong with it.
type scene struct {
	subject, defect string
	drawing         uint64 // from trial.FirstSeed on: of none that a model was trained on
}

// scenes are the pairs, most of which the model never saw.
var scenes = []scene{
	{"hazelnut", "crack", 1},
	{"leather", "scratch", 2},
	{"wood", "hole", 3},
	{"capsule", "crack", 4},
	{"carpet", "stain", 5},
}

// demoPictures is how many pictures of each scene are made unless --n says it: some
// fail, and the sheet shows five.
const demoPictures = 7

// isDemo reports whether nothing is asked for.
func (s *Spec) isDemo() bool {
	return (s.usesEmbedded() || !s.needsModel()) && s.Part == "" && len(s.Others) == 0 && s.Textures == "" && s.LearnedFile == "" && s.Reference == "" && s.ReferenceMask == "" && s.Again == nil && s.Image == "" && len(s.Images) == 0 && s.Mask == "" && s.Object == "" && len(s.Anomaly) == 0 &&
		s.Prompt == "" && s.Normal == "" && s.Detail == "" && s.Negative == "" && s.Category == ""
}

// demonstrate makes pictures of every scene, a job for each of them, side by side,
// and one sheet of all.
func demonstrate(ctx context.Context, spec Spec) (err error) {
	started := time.Now()
	d, err := openFolder(spec)
	if err != nil {
		return err
	}
	defer func() { err = d.close(err) }()
	m, err := openModel(ctx, spec)
	if err != nil {
		return err
	}
	defer m.Close()
	all, err := drawScenes(spec, d)
	if err != nil {
		return err
	}
	b, err := newBatch(ctx, spec, m, d, all)
	if err != nil {
		return err
	}
	if err := mayWriteSheet(ctx, b); err != nil {
		return err
	}
	if err := b.make(ctx); err != nil {
		return err
	}
	picture, err := sheet(ctx, b.jobs)
	if err != nil {
		return err
	}
	data, err := images.EncodePNG(picture, nil)
	if err != nil {
		return err
	}
	if err := d.put(shared{sheetName, data}); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d pictures in %.0f s\n", len(b.tasks), time.Since(started).Seconds())
	_, err = fmt.Printf("look at %s and %s\n", d.Path("index.html"), d.Path(sheetName))
	return err
}

// sheetName is the file of the sheet.
const sheetName = "sheet.png"

// drawScenes draws the scenes' normal pictures into the output directory, unless
// something would be lost, and returns the Specs that ask for each scene.
func drawScenes(spec Spec, d *folder) (all []Spec, err error) {
	normal := d.Path(normalDir)
	if err := notALink(normal); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	var drawn []shared // that are not there
	for _, c := range scenes {
		of, picture, err := c.draw(spec)
		if err == nil {
			err = d.mayWrite(picture)
		}
		if errors.Is(err, errOther) { // of another size
			picture.name = fmt.Sprintf("%s-%d.png", strings.TrimSuffix(picture.name, ".png"), cmp.Or(spec.Size, drawnSide))
			of.Image = d.Path(picture.name)
			err = d.mayWrite(picture)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, of)
		if !d.has(picture) {
			drawn = append(drawn, picture)
		}
	}
	if len(drawn) == 0 {
		return all, nil
	}
	if err := d.mayWrite(shared{name: sheetName}); err != nil { // no sheet of an earlier version is without its scenes
		return nil, err
	}
	if err := errors.Join(files.MakeWritable(normal), files.Clean(normal)); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	return all, d.put(drawn...)
}

// normalDir is where the normal pictures are, in the output directory.
const normalDir = "normal"

// drawnSide is how large the drawings are where no size is asked for, in pixels: as other generators know pictures.
const drawnSide = 256

// draw draws the scene's normal picture, and returns the Spec that asks for the
// scene.
func (c scene) draw(spec Spec) (Spec, shared, error) {
	pairs := world.Pairs(world.AllPairs)
	i := slices.IndexFunc(pairs, func(p world.Pair) bool { return p.Subject.Name == c.subject && p.Defect.Name == c.defect })
	if i < 0 {
		return spec, shared{}, fmt.Errorf("nobody draws a %s with a %s", c.subject, c.defect)
	}
	drawn := trial.Trial{Pair: pairs[i], Seed: trial.FirstSeed + c.drawing}
	side := cmp.Or(spec.Size, drawnSide)
	normal, asked := drawn.Normal(side), drawn.Defective(side) // this for its words alone
	name := world.FileName(c.subject) + ".png"
	spec.Image = filepath.Join(spec.Out, normalDir, name)
	spec.Object, spec.Anomaly, spec.Normal = c.subject, []string{c.defect}, normal.Caption
	spec.Prompt, spec.Detail = asked.Caption, asked.Detail
	if spec.isOther() {
		spec.forgetWords()
		if spec.needsModel() {
			spec.Prompt = normal.Caption
		}
		if err := spec.usePart(); err != nil {
			return spec, shared{}, err
		}
	}
	spec.KeepEvery = 0 // a picture is a matter of seconds
	data, err := images.EncodePNG(images.FromBytes(normal.Picture, side, side), nil)
	return spec, shared{normalDir + "/" + name, data}, err
}
