package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
)

// generated is the pictures with defects that a category's detectors learn from, beside the references.
type generated struct {
	root  fs.FS
	items []dataset.Item
	print string // tells them from others
}

// readGenerated lists the generated pictures of a row.
func (d *Detection) readGenerated(category string, seed uint32, k shots) (*generated, error) {
	dir := strings.NewReplacer("{category}", category, "{seed}", fmt.Sprint(seed), "{shots}", k.String()).Replace(d.Generated)
	at := dir + "\x00" + category
	if d.made[at] == nil { // the folder may be that of many seeds
		made, err := readGenerated(dir, category, strings.Contains(d.Generated, "{category}"))
		if err != nil {
			return nil, err
		}
		if d.made == nil {
			d.made = map[string]*generated{}
		}
		d.made[at] = made
	}
	return d.made[at], nil
}

// readGenerated lists the generated pictures of a category in a folder: of one of its name or, where that is said to be
// right, of the only one that there is.
func readGenerated(dir, category string, only bool) (*generated, error) {
	root := os.DirFS(dir)
	all, err := readWritten(root)
	if err != nil {
		return nil, fmt.Errorf("--generated %s: %w", dir, err)
	}
	c, err := pick(all, category, only)
	if err != nil {
		return nil, fmt.Errorf("--generated %s: %w", dir, err)
	}
	items := slices.DeleteFunc(slices.Clone(c.Test), func(it dataset.Item) bool { return it.Defect == "" })
	if len(items) == 0 {
		return nil, fmt.Errorf("--generated %s: %s has no pictures with defects ('anomalyany export --split 0' leaves none out)", dir, c.Name)
	}
	print, err := fingerprint(root, items)
	if err != nil {
		return nil, fmt.Errorf("--generated %s: %w", dir, err)
	}
	return &generated{root, items, print}, nil
}

// readWritten reads a data set as dataset.Write writes it, as MVTec or as Anomalib.
func readWritten(root fs.FS) ([]dataset.Category, error) {
	all, _, err := dataset.MVTecAD(root)
	if !errors.Is(err, fs.ErrNotExist) {
		return all, err
	}
	plain, _, other := dataset.Folder(root)
	if errors.Is(other, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; want what 'anomalyany --layout mvtec' writes", err)
	}
	return plain, other
}

// pick returns the category of a name, as it is or as words of ASCII; or the only one, where the folder is of one
// category.
func pick(all []dataset.Category, name string, only bool) (dataset.Category, error) {
	var known []string
	for _, c := range all {
		known = append(known, c.Name)
		if c.Name == name || letters(c.Name) == letters(name) || only && len(all) == 1 {
			return c, nil
		}
	}
	if name == "" {
		return dataset.Category{}, fmt.Errorf("there are pictures of %s: which are meant? --category says it", few(known))
	}
	return dataset.Category{}, fmt.Errorf("there are no pictures of %s, but of %s", name, few(known))
}

// letters are those of a name, and its digits: "metal_nut" and "Metal nut" have the same.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
