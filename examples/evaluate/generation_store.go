package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// What a network has seen lies in a safetensors file of each category: a tensor, and in the metadata of which pictures, by
// their digests, and by which weights. Of others nothing is taken.
const (
	keptFeatures  = "features"
	keptDistances = "distances"
)

// recall reads what the network has seen of a category before, if it was the same network and saw in the same way.
func (l *looker) recall(file string, c *madeCategory) error {
	numbers, digests, err := readKept(file, keptFeatures, l.sha256, l.sees)
	if err != nil || digests == nil {
		return err
	}
	if len(numbers) != len(digests)*l.width {
		return fmt.Errorf("%s: %d numbers for %d pictures, want %d for each: delete it, and they are computed again", file, len(numbers), len(digests), l.width)
	}
	wanted := map[string]bool{}
	for _, p := range c.specimens() {
		wanted[p.digest] = true
	}
	for i, d := range digests {
		if wanted[d] {
			l.seen[d] = numbers[i*l.width:][:l.width]
		}
	}
	return nil
}

// keep writes what the network has seen of a category.
func (l *looker) keep(file string, c *madeCategory) error {
	var digests []string
	var numbers []float32
	done := map[string]bool{}
	for _, p := range c.specimens() {
		if v := l.seen[p.digest]; v != nil && !done[p.digest] {
			done[p.digest] = true
			digests, numbers = append(digests, p.digest), append(numbers, v...)
		}
	}
	return writeKept(file, keptFeatures, l.sha256, l.sees, digests, tensor.FromFloat32s(numbers, len(digests), l.width))
}

// readKept reads a file of this program: numbers, and what they are of. There is none of another network.
func readKept(file, name, sha256, sees string) (numbers []float32, of []string, err error) {
	f, err := tensor.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	meta := f.Metadata()
	if meta["weights"] != sha256 || meta["sees"] != sees {
		return nil, nil, nil
	}
	d, err := f.Get(name)
	if err != nil {
		return nil, nil, err
	}
	if d.Dtype() != gt.Float32 || tensor.NonFinite(d) >= 0 {
		return nil, nil, fmt.Errorf("%s: %s are %v, want finite numbers of float32%.0w", file, name, d.Dtype(), tensor.ErrDamaged)
	}
	return append([]float32(nil), tensor.Float32s(d)...), strings.Fields(meta["of"]), nil
}

func writeKept(file, name, sha256, sees string, of []string, numbers *gt.Dense) error {
	if len(of) == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return tensor.Save(file, map[string]*gt.Dense{name: numbers}, map[string]string{"weights": sha256, "sees": sees, "of": strings.Join(of, " ")})
}
