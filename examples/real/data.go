package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// layouts are the readers of data sets, by their names.
var layouts = map[string]func(fs.FS) ([]dataset.Category, []string, error){
	"mvtec": dataset.MVTecAD, "visa": dataset.VisA, "btad": dataset.BTAD, "mpdd": dataset.MPDD, "folder": dataset.Folder,
}

// data is what is said of the data set.
type data struct {
	Layout     string   `json:"layout"`
	Categories []string `json:"categories"` // all that can be judged
	Chosen     []string `json:"generated_for"`
	Normal     int      `json:"normal_for_training"`
	Tests      int      `json:"pictures_for_testing"`
}

// subject is the photograph on which the presets are shown, and what is asked for.
type subject struct {
	path  string   // of the file
	words []string // flags of anomalyany
}

// readData finds the categories that are judged and generated for, and the photograph.
func (r *run) readData(ctx context.Context) error {
	if r.Data == "" {
		return r.drawn()
	}
	all, _, err := layouts[r.Layout](os.DirFS(r.Data))
	if err != nil {
		return fmt.Errorf("--data, --layout %s: %w", r.Layout, err)
	}
	r.data = &data{Layout: r.Layout, Chosen: r.Categories}
	var first *dataset.Category
	for i, c := range all {
		r.data.Normal += len(c.Train)
		r.data.Tests += len(c.Test)
		if len(c.Train) == 0 || len(defects(c)) == 0 {
			continue
		}
		r.data.Categories = append(r.data.Categories, c.Name)
		if first == nil && (len(r.Categories) == 0 || r.Categories[0] == c.Name) {
			first = &all[i]
		}
	}
	for _, name := range r.Categories {
		if !slices.Contains(r.data.Categories, name) {
			return fmt.Errorf("--categories: there is no %.100q with normal and defective pictures, want some of %s%s", name, strings.Join(r.data.Categories, ", "), cli.DidYouMean(name, r.data.Categories))
		}
	}
	if first == nil {
		return fmt.Errorf("--data: no category has normal pictures for training and defective ones for testing")
	}
	if len(r.data.Chosen) == 0 {
		r.data.Chosen = []string{first.Name}
	}
	r.subject = subject{filepath.Join(r.Data, filepath.FromSlash(first.Train[0].Picture)), asked(first.Name, defects(*first))}
	return ctx.Err()
}

// drawn takes the drawing of the small model's world for a photograph.
func (r *run) drawn() error {
	r.subject = subject{filepath.Join(r.Out, "hazelnut.png"), []string{"--object", "hazelnut", "--anomaly", "crack"}}
	data, err := images.EncodePNG(demo.Picture(), nil)
	if err != nil {
		return err
	}
	return files.Write(r.subject.path, data)
}

// defects are the names of a category's, in their order.
func defects(c dataset.Category) (names []string) {
	for _, it := range c.Test {
		if it.Defect != "" && !slices.Contains(names, it.Defect) {
			names = append(names, it.Defect)
		}
	}
	return names
}

// asked are the flags that ask for the first defect of a category that package prompts knows, or for the first one by its
// name.
func asked(category string, defects []string) []string {
	known := prompts.Default()
	for _, name := range []string{category, category[strings.Index(category, "_")+1:]} { // "mvtec_tile" is a tile
		for _, d := range defects {
			if _, ok := known[name].Defects[d]; ok {
				return []string{"--category", name, "--defect", d}
			}
		}
	}
	words := func(name string) string { return strings.ReplaceAll(name, "_", " ") }
	return []string{"--object", words(category), "--anomaly", words(defects[0])}
}
