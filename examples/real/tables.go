package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// tableSteps are those that need a data set.
func (r *run) tableSteps() []*step {
	if r.data == nil {
		lacks := lacking("there is no data set: DATA=DIR")
		return []*step{
			{Name: "compare", Title: compareTitle, lacks: lacks}, {Name: "generation", Title: generationTitle, lacks: lacks},
			{Name: "detection", Title: detectionTitle, lacks: lacks}, {Name: "detection-generated", Title: learntTitle, lacks: lacks},
		}
	}
	made := map[string]string{
		"layout": r.Layout, "categories": strings.Join(r.data.Chosen, ","), "pictures": fmt.Sprint(r.Pictures), "seeds": r.seeds(),
	}
	compare := &step{Name: "compare", Title: compareTitle, depends: made, do: r.compare}
	compare.lacks = lacking(when(!r.model.CLIP, "there is no CLIP, which AnomalyAny's pictures are refined with: CLIP=DIR"))
	needs := func() string {
		return when(compare.State != stateDone, "it is about AnomalyAny's pictures of the step compare, which is "+string(compare.State))
	}
	judged := map[string]string{"layout": r.Layout, "all": strings.Join(r.data.Categories, ",")}
	return []*step{
		compare,
		{Name: "generation", Title: generationTitle, depends: r.withWeights(made), lacks: needs,
			do: func(ctx context.Context, s *step) error { return r.generation(ctx, s, r.folder(compare)) }},
		{Name: "detection", Title: detectionTitle, depends: judged, lacks: lacking(), do: r.detection},
		{Name: "detection-generated", Title: learntTitle, depends: made, lacks: needs,
			do: func(ctx context.Context, s *step) error { return r.learnt(ctx, s, r.folder(compare)) }},
	}
}

const (
	compareTitle    = "generators of defects side by side (evaluate compare)"
	generationTitle = "AnomalyAny's pictures as papers judge them (evaluate generation)"
	detectionTitle  = "detectors of one reference (evaluate detection)"
	learntTitle     = "the same with AnomalyAny's pictures to learn from"
)

func (r *run) seeds() string {
	var all []string
	for _, s := range r.Seeds {
		all = append(all, fmt.Sprint(s))
	}
	return strings.Join(all, ",")
}

// withWeights are what the weights of further networks add to what a step depends on.
func (r *run) withWeights(of map[string]string) map[string]string {
	all := map[string]string{}
	for k, v := range of {
		all[k] = v
	}
	for name, path := range map[string]string{"inception": r.Inception, "vgg16": r.Vgg16, "dinov2": r.Dinov2} {
		if path != "" {
			print, err := files.Fingerprint(path)
			all[name] = fmt.Sprint(print, err)
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

// generation judges AnomalyAny's pictures of the first reference of the first category.
func (r *run) generation(ctx context.Context, s *step, compare string) error {
	category := r.data.Chosen[0]
	from := strings.NewReplacer("{category}", category, "{seed}", fmt.Sprint(r.Seeds[0])).Replace(madeIn(compare))
	args := []string{"generation", "--generated", from, "--real", r.Data, "--layout", r.Layout, "--categories", category, "--out", r.folder(s)}
	for _, of := range [][2]string{{"--inception", r.Inception}, {"--vgg16", r.Vgg16}, {"--dinov2", r.Dinov2}, {"--clip", r.clipDir()}} {
		if of[1] != "" {
			args = append(args, of[0], of[1])
		}
	}
	if _, err := r.program(ctx, s, "evaluate", args...); err != nil {
		return err
	}
	return r.judged(s, r.folder(s))
}

// detection judges detectors on all categories.
func (r *run) detection(ctx context.Context, s *step) error {
	args := append([]string{"detection", "--detector", "patchcore,padim", "--out", r.folder(s)}, r.on(nil)...)
	if _, err := r.program(ctx, s, "evaluate", args...); err != nil {
		return err
	}
	return r.judged(s, r.folder(s))
}

// learnt judges detectors on the categories that pictures were generated for, without and with these.
func (r *run) learnt(ctx context.Context, s *step, compare string) error {
	args := append([]string{"detection", "--detector", "patchcore,padim,probe", "--seeds", r.seeds(), "--generated", madeIn(compare), "--out", r.folder(s)}, r.on(r.data.Chosen)...)
	if _, err := r.program(ctx, s, "evaluate", args...); err != nil {
		return err
	}
	return r.judged(s, r.folder(s))
}

// rowsOnly are the fields of rows that have a number for each picture or threshold, which the report does without.
var rowsOnly = []string{"scores", "curves"}

// judged takes over the tables and figures that evaluate has left in a folder: one file of each.
func (r *run) judged(s *step, dir string) error {
	tables, err := only(dir, "*.md")
	if err != nil {
		return err
	}
	text, err := files.Read(tables, mostRecord)
	if err != nil {
		return err
	}
	s.Tables = r.private.text(string(text))
	results, err := only(dir, "*.json")
	if err != nil {
		return err
	}
	data, err := files.Read(results, mostRecord)
	if err != nil {
		return err
	}
	if s.Results, err = r.private.json(data, rowsOnly...); err != nil {
		return fmt.Errorf("%s: %w", results, err)
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

// only is the one file of a pattern.
func only(dir, pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("evaluate has left %d files %s, want one", len(found), pattern)
	}
	return found[0], nil
}
