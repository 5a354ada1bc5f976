package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// noData is why there are no tables.
const noData = "there is no data set: DATA=DIR"

// tableSteps are those that need a data set.
func (r *run) tableSteps() []*step {
	d := r.data
	if d == nil {
		d = new(data)
	}
	made := map[string]string{"layout": r.Layout, "categories": strings.Join(d.Chosen, ","), "pictures": fmt.Sprint(r.Pictures), "seeds": r.seeds()}
	compare := &step{Name: "compare", Title: "generators of defects side by side (evaluate compare)", depends: made, do: r.compare}
	compare.lacks = lacking(when(r.data == nil, noData), when(!r.model.CLIP, "there is no CLIP, which AnomalyAny's pictures are refined with: CLIP=DIR"))
	generation := &step{Name: "generation", Title: "AnomalyAny's pictures as papers judge them (evaluate generation)"}
	generation.depends = withFiles(made, r.Inception, r.VGG16, r.DINOv2)
	generation.lacks = r.without(compare)
	generation.do = func(ctx context.Context, s *step) error { return r.generation(ctx, s, r.folder(compare)) }
	return append([]*step{compare, generation}, r.detectionSteps(made, compare)...)
}

// without is why there is nothing to do where the step compare has made no pictures.
func (r *run) without(compare *step) func() string {
	return func() string {
		if r.data == nil {
			return noData
		}
		return when(compare.State != stateDone, "it is about AnomalyAny's pictures of the step compare, which is "+string(compare.State))
	}
}

func (r *run) seeds() string {
	var all []string
	for _, s := range r.Seeds {
		all = append(all, fmt.Sprint(s))
	}
	return strings.Join(all, ",")
}

// withFiles are what a step depends on, with files that are told by their places, sizes and times.
func withFiles(of map[string]string, paths ...string) map[string]string {
	all := maps.Clone(of)
	for i, path := range paths {
		if path != "" {
			print, err := files.Fingerprint(path)
			all[fmt.Sprint("file ", i)] = fmt.Sprint(print, err)
		}
	}
	return all
}

// on are the flags that name the data.
func (r *run) on(categories []string) []string {
	args := []string{"--data", r.Data, "--layout", r.Layout}
	if len(categories) > 0 {
		args = append(args, "--categories", strings.Join(categories, ","))
	}
	return args
}

// compare has all generators make pictures.
func (r *run) compare(ctx context.Context, s *step) error {
	args := append([]string{"compare"}, r.on(r.data.Chosen)...)
	args = append(args, "--model", r.Model, "--pictures", fmt.Sprint(r.Pictures), "--seeds", r.seeds(), "--out", r.folder(s))
	if r.Clip != "" {
		args = append(args, "--clip", r.Clip)
	}
	if r.Device != "cpu" {
		args = append(args, "--device", r.Device)
	}
	if _, err := r.program(ctx, s, "evaluate", args...); err != nil {
		return err
	}
	return r.judged(s, r.folder(s))
}

// madeIn is the folder of AnomalyAny's pictures that the step compare leaves, with the names of evaluate for a row's own.
func madeIn(compare string) string {
	return filepath.Join(compare, "photographs", "pictures", "anomalyany", "{category}", "seed-{seed}")
}

// generation judges AnomalyAny's pictures of the first reference, category by category.
func (r *run) generation(ctx context.Context, s *step, compare string) error {
	var all []json.RawMessage
	for _, category := range r.data.Chosen {
		from := strings.NewReplacer("{category}", category, "{seed}", fmt.Sprint(r.Seeds[0])).Replace(madeIn(compare))
		out := filepath.Join(r.folder(s), files.Name(category))
		args := []string{"generation", "--generated", from, "--real", r.Data, "--layout", r.Layout, "--categories", category, "--out", out}
		for _, of := range [][2]string{{"--inception", r.Inception}, {"--vgg16", r.VGG16}, {"--dinov2", r.DINOv2}, {"--clip", r.clipDir()}} {
			if of[1] != "" {
				args = append(args, of[0], of[1])
			}
		}
		if _, err := r.program(ctx, s, "evaluate", args...); err != nil {
			return fmt.Errorf("%s: %w", category, err)
		}
		if err := r.judged(s, out); err != nil {
			return err
		}
		all = append(all, s.Results)
	}
	var err error
	s.Results, err = json.Marshal(all)
	return err
}

// rowsOnly are the fields of rows that have a number for each picture or threshold, which the report does without.
var rowsOnly = []string{"scores", "curves"}

// judged takes over the tables and figures that evaluate has left in a folder, one file of each, and pictures.
func (r *run) judged(s *step, dir string) error {
	text, err := only(dir, "*.md")
	if err != nil {
		return err
	}
	s.Tables += r.private.text(string(text))
	data, err := only(dir, "*.json")
	if err != nil {
		return err
	}
	if s.Results, err = r.private.json(data, rowsOnly...); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	for _, pattern := range []string{"*.png", "*/sheet*.png", "photographs/*.png"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, path := range found {
			s.show(r, filepath.Base(path), path)
		}
	}
	return nil
}

// only is what the one file of a pattern has.
func only(dir, pattern string) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("evaluate has left %d files %s in %s, want one", len(found), pattern, dir)
	}
	return files.Read(found[0], mostRecord)
}
