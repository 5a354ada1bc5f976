package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// specimen is a picture that is judged, and its mask, if there is one.
type specimen struct {
	root          fs.FS
	picture, mask string
	digest        string // the SHA-256 of the picture's file
	masked        string // of both files
}

// madeType is the pictures of one defect: those that were generated, and true ones.
type madeType struct {
	name       string
	made, real []*specimen
}

// madeCategory is all that is judged of a category.
type madeCategory struct {
	name   string
	types  []*madeType
	others []*specimen // true pictures of defects that were not generated
	normal []*specimen // true normal pictures

	sources []*specimen       // normal pictures that generated ones may have been made of
	madeOf  map[string]string // the SHA-256 of what a generated picture was made of, by its path
}

// specimens are all pictures of a category.
func (c *madeCategory) specimens() (all []*specimen) {
	for _, t := range c.types {
		all = append(append(all, t.made...), t.real...)
	}
	return append(append(all, c.others...), c.normal...)
}

// made are the generated ones.
func (c *madeCategory) made() (all []*specimen) {
	for _, t := range c.types {
		all = append(all, t.made...)
	}
	return all
}

// real are the true pictures with defects.
func (c *madeCategory) real() (all []*specimen) {
	for _, t := range c.types {
		all = append(all, t.real...)
	}
	return append(all, c.others...)
}

// read lists the pictures, and gives each its digest.
func (g *Generation) read(ctx context.Context) ([]*madeCategory, error) {
	root := os.DirFS(g.Generated)
	written, err := readGenerations(root)
	if err != nil {
		return nil, fmt.Errorf("--generated %s: %w", g.Generated, err)
	}
	if written, err = choose(written, g.Categories); err != nil {
		return nil, err
	}
	of, err := sources(root)
	if err != nil {
		return nil, fmt.Errorf("--generated %s: %w", g.Generated, err)
	}
	var truth []dataset.Category
	realRoot := os.DirFS(g.Real)
	if g.Real != "" {
		if truth, _, err = layouts[g.Layout](realRoot); err != nil {
			return nil, fmt.Errorf("--real %s, --layout %s: %w", g.Real, g.Layout, err)
		}
	}
	var all []*madeCategory
	for _, c := range written {
		m := &madeCategory{name: c.Name}
		for _, t := range defectsOf(c.Test) {
			m.types = append(m.types, &madeType{name: t.name, made: specimensOf(root, firstOf(t.items, g.PerType))})
		}
		if len(m.types) == 0 {
			fmt.Fprintf(os.Stderr, "%s is passed over: no picture of it has a defect\n", c.Name)
			continue
		}
		m.madeOf = of
		if g.Real != "" {
			m.compareWith(realRoot, truth)
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("--generated %s: there are no pictures with defects", g.Generated)
	}
	return all, digest(ctx, all)
}

// compareWith takes the true pictures of the same category, if there are any.
func (c *madeCategory) compareWith(root fs.FS, truth []dataset.Category) {
	of, err := pick(truth, c.name, false)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s has no true pictures to be compared with: %v\n", c.name, err)
		return
	}
	for _, t := range defectsOf(of.Test) {
		at := slices.IndexFunc(c.types, func(m *madeType) bool { return letters(m.name) == letters(t.name) })
		if at >= 0 {
			c.types[at].real = specimensOf(root, t.items)
		} else {
			c.others = append(c.others, specimensOf(root, t.items)...)
		}
	}
	if len(c.madeOf) > 0 {
		c.sources = specimensOf(root, of.Train)
	}
	for _, it := range of.Test {
		if it.Defect == "" {
			c.normal = append(c.normal, specimensOf(root, []dataset.Item{it})...)
		}
	}
}

// ofDefect is the pictures of one defect.
type ofDefect struct {
	name  string
	items []dataset.Item
}

// defectsOf are the defects of pictures, in the order of their names.
func defectsOf(items []dataset.Item) (all []ofDefect) {
	for _, it := range items {
		if it.Defect == "" {
			continue
		}
		at := slices.IndexFunc(all, func(d ofDefect) bool { return d.name == it.Defect })
		if at < 0 {
			at, all = len(all), append(all, ofDefect{name: it.Defect})
		}
		all[at].items = append(all[at].items, it)
	}
	slices.SortFunc(all, func(a, b ofDefect) int { return strings.Compare(a.name, b.name) })
	return all
}

// firstOf are the first of a list, all where n is 0.
func firstOf[T any](list []T, n int) []T {
	if n == 0 {
		return list
	}
	return list[:min(n, len(list))]
}

func specimensOf(root fs.FS, items []dataset.Item) (all []*specimen) {
	for _, it := range items {
		all = append(all, &specimen{root: root, picture: it.Picture, mask: it.Mask})
	}
	return all
}

// digest reads all files for their SHA-256.
func digest(ctx context.Context, all []*madeCategory) error {
	for _, c := range all {
		for _, p := range append(c.specimens(), c.sources...) {
			hash := func(name string) (string, error) {
				if name == "" {
					return "", nil
				}
				data, err := fs.ReadFile(p.root, name)
				return files.SHA256(data), err
			}
			mask, err := hash(p.mask)
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				p.digest, err = hash(p.picture)
			}
			if err != nil {
				return err
			}
			p.masked = files.SHA256([]byte(p.digest + mask))
		}
	}
	return nil
}

// readGenerations reads what anomalyany writes, or what AnomalyDiffusion does.
func readGenerations(root fs.FS) ([]dataset.Category, error) {
	all, err := readWritten(root)
	if err == nil {
		return all, nil
	}
	other, err2 := readAnomalyDiffusion(root)
	if len(other) > 0 && err2 == nil {
		return other, nil
	}
	return nil, errors.Join(err, err2)
}

// readAnomalyDiffusion reads CATEGORY/DEFECT/image/0.jpg with CATEGORY/DEFECT/mask/0.jpg, of the same stem.
func readAnomalyDiffusion(root fs.FS) (all []dataset.Category, err error) {
	folders, err := fs.Glob(root, "*/*/image")
	if err != nil {
		return nil, err
	}
	slices.Sort(folders)
	for _, folder := range folders {
		defect := path.Dir(folder)
		name := path.Dir(defect)
		pictures, err := fs.ReadDir(root, folder)
		if err != nil {
			return nil, err
		}
		masks := map[string]string{}
		if of, err := fs.ReadDir(root, path.Join(defect, "mask")); err == nil {
			for _, m := range of {
				masks[stem(m.Name())] = path.Join(defect, "mask", m.Name())
			}
		}
		at := slices.IndexFunc(all, func(c dataset.Category) bool { return c.Name == name })
		if at < 0 {
			at, all = len(all), append(all, dataset.Category{Name: name})
		}
		for _, p := range pictures {
			if slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(path.Ext(p.Name()))) && !strings.HasPrefix(p.Name(), ".") {
				all[at].Test = append(all[at].Test, dataset.Item{Picture: path.Join(folder, p.Name()), Mask: masks[stem(p.Name())], Defect: path.Base(defect)})
			}
		}
	}
	return all, nil
}

func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }
