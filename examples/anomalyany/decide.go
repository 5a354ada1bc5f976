package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// Decide is the commands that say which pictures of a folder are to be used.
type Decide struct {
	Names []string `arg:"" name:"name" help:"Names of pictures, as index.html and index.json have them, or of their files."`
}

// run enters a decision about all pictures that are named, or about none if one
// is not there.
func (c *Decide) run(dir string, to decision) error {
	d, err := openMade(dir)
	if err != nil {
		return err
	}
	defer d.Release()
	var all []*entry
	for _, name := range c.Names {
		e, err := d.named(name)
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	for _, e := range all {
		d.index.decide(e, to)
	}
	if err := d.flush(); err != nil {
		return err
	}
	_, err = fmt.Printf("%d of %d pictures are usable\n", d.index.Usable, d.index.Pictures)
	return err
}

// openMade takes a folder in which pictures have been made.
func openMade(dir string) (*folder, error) {
	if err := wantIndex(dir); err != nil {
		return nil, err
	}
	d, err := openFolder(Spec{Out: dir})
	if errors.Is(err, files.ErrHeld) {
		return nil, errBusy
	}
	return d, err
}

var errBusy = errors.New("a run is writing into this folder: decide again when it has ended")

// wantIndex refuses a folder without pictures, before anything is made there.
func wantIndex(dir string) error {
	path := filepath.Join(dir, "index.json")
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--out: there is no %s: want a folder that pictures were made into", path)
	}
	return nil
}

// named is the picture that a person means: by its name, or by one of its files,
// with or without the folder before it.
func (d *folder) named(text string) (*entry, error) {
	dir, name := filepath.Split(text)
	if dir != "" && filepath.Clean(dir) != filepath.Clean(d.dir) {
		return nil, fmt.Errorf("%.300q is not in the folder %s: want names of its pictures", text, d.dir)
	}
	e := d.index.entry(name)
	for _, part := range parts {
		if stem, ok := strings.CutSuffix(name, part); ok && e == nil {
			e = d.index.entry(stem)
		}
	}
	if e == nil {
		return nil, fmt.Errorf("there is no picture %.300q in the folder %s: its index.html has the names", text, d.dir)
	}
	return e, e.decidable()
}

// decidable refuses a decision about a picture that is not there.
func (e *entry) decidable() error {
	switch {
	case e.Picture == "":
		return fmt.Errorf("%s failed and was not kept: --from or the same command with --keep all makes it again", e.Name)
	case e.unfinished:
		return fmt.Errorf("%s is not finished: --resume goes on", e.Name)
	}
	return nil
}
