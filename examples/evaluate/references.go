package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"gonum.org/v1/gonum/mathext/prng"
)

// shots is how many normal pictures of a category a detector learns from.
type shots int

const (
	allShots   shots = 0  // as many as there are
	namedShots shots = -1 // those of --references
)

// mostShots is more than data sets have.
const mostShots = 100_000

func (s shots) String() string {
	switch s {
	case allShots:
		return "all"
	case namedShots:
		return "named"
	}
	return strconv.Itoa(int(s))
}

// draws reports whether a seed decides which pictures they are.
func (s shots) draws() bool { return s > 0 }

func parseShots(list []string) (all []shots, err error) {
	for _, text := range list {
		n, err := strconv.Atoi(text)
		switch {
		case text == "all":
			n = int(allShots)
		case err != nil || n < 1 || n > mostShots:
			return nil, fmt.Errorf("--shots is %.100q, want numbers from 1 to %d, or all", text, mostShots)
		}
		all = append(all, shots(n))
	}
	return all, nil
}

// draw returns the references of a seed: of the pictures, sorted by their paths byte by byte, the first ones of the
// seed's permutation. So those of fewer shots are among those of more.
func (s shots) draw(train []dataset.Item, seed uint32) []dataset.Item {
	if !s.draws() {
		return train
	}
	var drawn []dataset.Item
	for _, i := range permutation(seed, len(train))[:s] {
		drawn = append(drawn, train[i])
	}
	return drawn
}

// slice returns the references of a seed as AnomalyDINO's code draws them: of the pictures, sorted by their paths, as many
// as there are shots, behind those of all seeds before. Without so many it is nil.
func (s shots) slice(train []dataset.Item, seed uint32) []dataset.Item {
	if !s.draws() {
		return train
	}
	from := int64(seed) * int64(s)
	if from+int64(s) > int64(len(train)) {
		return nil
	}
	return train[from:][:s]
}

// permutation is numpy.random.RandomState(seed).permutation(n), NumPy's legacy one, which does not change between its
// versions: Fisher and Yates's shuffle from the end, with numbers of the Mersenne Twister cut to as many bits as the
// place has and drawn again where they are above it.
func permutation(seed uint32, n int) []int {
	mt := prng.NewMT19937()
	mt.Seed(uint64(seed))
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		bits := uint32(1)
		for bits < uint32(i) {
			bits = bits<<1 | 1
		}
		j := mt.Uint32() & bits
		for j > uint32(i) {
			j = mt.Uint32() & bits
		}
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// named returns the pictures of each category that --references names: by their paths, or their places in the data
// set.
func named(data string, names []string, all []dataset.Category) (map[string][]dataset.Item, error) {
	found := map[string][]dataset.Item{}
	for _, name := range names {
		category, item := locate(data, name, all)
		if item == nil {
			return nil, fmt.Errorf("--references: %s is no normal picture for training of the categories that are judged, want such as %s", name, example(all))
		}
		if slices.Contains(found[category], *item) {
			return nil, fmt.Errorf("--references has %s twice, want each once", item.Picture)
		}
		found[category] = append(found[category], *item)
	}
	return found, nil
}

// locate finds a picture for training by its name, nil if there is none.
func locate(data, name string, all []dataset.Category) (category string, item *dataset.Item) {
	names := []string{filepath.ToSlash(filepath.Clean(name))}
	if root, err := filepath.Abs(data); err == nil {
		if path, err := filepath.Abs(name); err == nil {
			if within, err := filepath.Rel(root, path); err == nil {
				names = append(names, filepath.ToSlash(within))
			}
		}
	}
	for _, c := range all {
		for i, it := range c.Train {
			if slices.Contains(names, it.Picture) {
				return c.Name, &c.Train[i]
			}
		}
	}
	return "", nil
}

// example is a picture that may be a reference.
func example(all []dataset.Category) string {
	for _, c := range all {
		if len(c.Train) > 0 {
			return c.Train[0].Picture
		}
	}
	return "CATEGORY/train/good/000.png"
}

// picturesOf are the paths of items.
func picturesOf(items []dataset.Item) (paths []string) {
	for _, it := range items {
		paths = append(paths, it.Picture)
	}
	return paths
}

// few are some of many names.
func few(names []string) string {
	const most = 8
	if n := len(names) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n)
	}
	return strings.Join(names, ", ")
}
