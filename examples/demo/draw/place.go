package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// captionsName is the file that is in a dataset when all others are.
const captionsName = "captions.jsonl"

// place is where a dataset goes, and the directory beside it where it is
// written until it is complete.
type place struct{ out, dir string }

// reserve makes the directory beside out, unless something else than a dataset
// of this program lies at out.
func reserve(out string) (place, error) {
	out = filepath.Clean(out)
	if err := replaceable(out); err != nil {
		return place{}, err
	}
	parent, name := filepath.Split(out)
	if name == "." || name == ".." || name == "" {
		return place{}, fmt.Errorf("--out %s: name a directory to be made, such as drawn", out)
	}
	if parent != "" {
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return place{}, err
		}
	} else {
		parent = "."
	}
	dir, err := os.MkdirTemp(parent, "."+name+".unfinished.*")
	if err != nil {
		return place{}, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // MkdirTemp's are for the owner alone
		return place{}, errors.Join(err, os.Remove(dir))
	}
	return place{out, dir}, nil
}

// replaceable returns an error unless at out there is nothing, an empty
// directory, or a dataset and nothing else.
func replaceable(out string) error {
	entries, err := os.ReadDir(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	ours := []string{captionsName}
	for _, s := range world.Subjects() {
		ours = append(ours, world.FileName(s.Name))
	}
	complete := len(entries) == 0
	for _, e := range entries {
		if !slices.Contains(ours, e.Name()) {
			return fmt.Errorf("--out %s: it holds %s, which is not of a drawn dataset; choose an empty directory or a new one", out, e.Name())
		}
		complete = complete || e.Name() == captionsName
	}
	if !complete {
		return fmt.Errorf("--out %s: it is not empty and holds no %s, so it is not a drawn dataset; choose an empty directory or a new one", out, captionsName)
	}
	return nil
}

// commit moves the complete dataset to its place.
func (p place) commit() error {
	if err := replaceable(p.out); err != nil { // it may have changed meanwhile
		return err
	}
	old := p.dir + ".old"
	if err := os.Rename(p.out, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(p.dir, p.out); err != nil {
		return errors.Join(err, os.Rename(old, p.out))
	}
	return os.RemoveAll(old)
}

// discard removes what was written and not moved.
func (p place) discard() { os.RemoveAll(p.dir) }
