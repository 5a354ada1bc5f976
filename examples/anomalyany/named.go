package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// Named is the part of a Spec that takes the words from a file.
type Named struct {
	Category   string `placeholder:"NAME" help:"Part of MVTec AD or VisA, such as hazelnut: takes --object, --anomaly, --prompt and --detail from a file where they are not given." json:"category"`
	Defect     string `placeholder:"NAME" help:"Defect of the category, such as crack; 'anomalyany categories' lists all." json:"defect"`
	Categories string `placeholder:"FILE" help:"A file of your own for --category and --defect (default: the program's, whose first lines explain the form)." json:"categories"`
}

// ofCategory are the options that a category and a defect stand for.
var ofCategory = map[string]bool{"object": true, "anomaly": true, "prompt": true, "detail": true}

// useCategory fills in the words that --category and --defect stand for, where
// they are not given.
func (s *Spec) useCategory() error {
	switch {
	case s.isOther():
		return s.useObject()
	case s.Category == "" && s.Defect == "":
		return nil
	case s.Again != nil && !s.Again.given["category"] && !s.Again.given["defect"]:
		return nil // the picture has the words themselves
	case s.Category == "":
		return errors.New("--defect needs --category, such as --category hazelnut")
	}
	all, err := readCategories(s.Categories)
	if err != nil {
		return err
	}
	object, d, err := all.Lookup(s.Category, s.Defect)
	if err != nil {
		meant := cli.DidYouMean(s.Category, slices.Sorted(maps.Keys(all)))
		if c, ok := all[s.Category]; ok {
			meant = cli.DidYouMean(s.Defect, slices.Sorted(maps.Keys(c.Defects)))
		}
		return fmt.Errorf("--category and --defect: %w%s", err, meant)
	}
	s.Object = orDefault(s.Object, object)
	if len(s.Anomaly) == 0 {
		s.Anomaly = d.Words
	}
	if s.Prompt == "" { // the file's detail is about the file's prompt
		s.Prompt, s.Detail = d.Prompt, orDefault(s.Detail, d.Detail)
	}
	return nil
}

// readCategories reads a file, or "" for those that the library has.
func readCategories(path string) (prompts.Categories, error) {
	if path == "" {
		return prompts.Default(), nil
	}
	all, err := prompts.Read(path, clip.DefaultTokenizer())
	if err != nil {
		return nil, fmt.Errorf("--categories: %w", err)
	}
	return all, nil
}

// listCategories writes the categories of a file, "" for the library's, each with
// its defects.
func listCategories(w io.Writer, path string) error {
	all, err := readCategories(path)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		defects := slices.Sorted(maps.Keys(all[name].Defects))
		if _, err := fmt.Fprintf(w, "%s: %s\n", name, strings.Join(defects, ", ")); err != nil {
			return err
		}
	}
	return nil
}
