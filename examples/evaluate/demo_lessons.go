package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// wish is a picture that is wanted: a drawing of a part with a defect.
type wish struct{ part, drawing, defect int }

// lesson is what detectors learn from beside the references of a seed: a picture with each of the defects, of these very
// references, in turns where there are fewer.
type lesson struct {
	shots  shots
	seed   uint32
	wishes []wish
}

// demoLessons are those of all rows. References are drawn as Detection draws them.
func demoLessons(parts []drawnPart, defects []world.Defect, repeats int) (all []lesson) {
	for _, k := range demoShots {
		for seed := range uint32(repeats) {
			l := lesson{shots: k, seed: seed}
			for i, p := range parts {
				train := p.trainItems()
				references := k.draw(train, seed)
				for d := range defects {
					l.wishes = append(l.wishes, wish{i, slices.Index(train, references[d%len(references)]), d})
				}
			}
			all = append(all, l)
		}
	}
	return all
}

// lessonFolder is that of a lesson, with what Detection puts a row's own into.
const lessonFolder = "{shots}-shot-seed-{seed}"

func (l lesson) folder() string {
	return strings.NewReplacer("{shots}", l.shots.String(), "{seed}", fmt.Sprint(l.seed)).Replace(lessonFolder)
}

// drawnSet is all pictures of the demonstration, in a folder that is complete when all others are: drawn, the data set, and
// of each of defectKinds the lessons.
type drawnSet struct {
	dir     string
	parts   []drawnPart
	defects []world.Defect
	lessons []lesson
	counts
}

// Where the defects of lessons come from.
const (
	generatedDefects = "generated" // the small model made them
	pastedDefects    = "pasted"    // in their places lies another piece of the same drawing: what needs no model
	drawnDefects     = "ideal"     // the world drew them on the references: what a generator without fault would make
)

// defectKinds are all of them.
var defectKinds = []string{generatedDefects, pastedDefects, drawnDefects}

// counts are what became of generating.
type counts struct {
	Tries  int `json:"tries"`  // pictures that were generated
	Passed int `json:"passed"` // that the scores let pass
	Wanted int `json:"wanted"`
}

// Of the folder's files.
const (
	completeName = "complete.json"
	shownName    = "generated.png"
)

// identity is what the pictures depend on.
func (s *drawnSet) identity() files.Identity {
	var parts, defects []string
	for _, p := range s.parts {
		parts = append(parts, p.Name)
	}
	for _, d := range s.defects {
		defects = append(defects, d.Name)
	}
	return files.Identity{
		"version": "1", "parts": strings.Join(parts, ", "), "defects": strings.Join(defects, ", "), "repeats": fmt.Sprint(len(s.lessons) / len(demoShots)), "shots": fmt.Sprint(demoShots),
		"normal drawings for training": fmt.Sprint(demoTrain), "for testing": fmt.Sprint(demoNormal), "for testing with each defect": fmt.Sprint(demoEach),
		"steps": fmt.Sprint(demoSteps), "refine": fmt.Sprint(demoRefine), "tries": fmt.Sprint(demoTries),
	}
}

// make makes all pictures, unless they are there; generate those of the wishes.
func (s *drawnSet) make(ctx context.Context, generate func(context.Context, *drawnSet) (map[wish]anomaly.Sample, error)) error {
	folder, err := files.Hold(s.dir)
	if err != nil {
		return err
	}
	defer folder.Release()
	data, err := files.Read(folder.Path(completeName), 1<<10)
	if err == nil {
		return nn.UnmarshalJSON(data, &s.counts)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, p := range s.parts {
		if err := p.write(ctx, folder.Path("drawn"), s.defects, demoEach); err != nil {
			return err
		}
	}
	made, err := generate(ctx, s)
	if err != nil {
		return err
	}
	shown, err := s.sheet(made)
	if err == nil {
		err = files.Write(folder.Path(shownName), shown)
	}
	if err != nil {
		return err
	}
	ideal := func(w wish) anomaly.Sample { return s.parts[w.part].train(w.drawing, &s.defects[w.defect]) }
	all := s.wishes()
	kernels.Parallel(len(all), func(i int) { ideal(all[i]) })
	for kind, of := range map[string]func(wish) anomaly.Sample{
		generatedDefects: func(w wish) anomaly.Sample { return made[w] },
		pastedDefects:    func(w wish) anomaly.Sample { return s.pasted(w, made[w].Mask) },
		drawnDefects:     ideal,
	} {
		for _, l := range s.lessons {
			wishes := slices.DeleteFunc(slices.Clone(l.wishes), func(w wish) bool { return kind != drawnDefects && made[w].Picture == nil })
			if err := s.write(ctx, filepath.Join(folder.Path(kind), l.folder()), wishes, of); err != nil {
				return err
			}
		}
	}
	if data, err = json.Marshal(s.counts); err != nil {
		return err
	}
	return files.Write(folder.Path(completeName), data)
}

// pasted has another piece of the drawing where the mask is white (as CutPaste: Li, Sohn, Yoon and Pfister, CVPR 2021).
func (s *drawnSet) pasted(w wish, mask *image.Gray) anomaly.Sample {
	normal := s.parts[w.part].train(w.drawing, nil)
	draws := anomaly.NewDraws(uint64(w.drawing)<<8 + uint64(w.defect))
	dx, dy := draws.Whole(demoSize/4, 3*demoSize/4), draws.Whole(demoSize/4, 3*demoSize/4)
	picture := image.NewRGBA(normal.Picture.Rect)
	for y := range demoSize {
		for x := range demoSize {
			from := image.Pt(x, y)
			if mask.GrayAt(x, y).Y > 0 {
				from = image.Pt((x+dx)%demoSize, (y+dy)%demoSize)
			}
			picture.SetRGBA(x, y, normal.Picture.RGBAAt(from.X, from.Y))
		}
	}
	return anomaly.Sample{Picture: picture, Mask: mask, Defect: s.defects[w.defect].Name}
}

// write writes a lesson as a data set.
func (s *drawnSet) write(ctx context.Context, dir string, wishes []wish, of func(wish) anomaly.Sample) error {
	var entries []dataset.Entry
	for _, w := range wishes {
		p := s.parts[w.part]
		photograph, err := images.EncodePNG(p.train(w.drawing, nil).Picture, nil)
		if err != nil {
			return err
		}
		e := dataset.NewEntry(p.Name, files.SHA256(photograph), of(w))
		e.Photograph = filepath.Base(p.trainItems()[w.drawing].Picture)
		entries = append(entries, e)
	}
	_, err := dataset.Write(ctx, dir, entries, dataset.Options{Layout: dataset.MVTec})
	return err
}

// wishes are those of all lessons, each once.
func (s *drawnSet) wishes() (all []wish) {
	for _, l := range s.lessons {
		all = append(all, l.wishes...)
	}
	slices.SortFunc(all, func(a, b wish) int {
		return cmp.Or(cmp.Compare(a.part, b.part), cmp.Compare(a.drawing, b.drawing), cmp.Compare(a.defect, b.defect))
	})
	return slices.Compact(all)
}
