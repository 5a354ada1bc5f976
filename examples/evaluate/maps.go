package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// mapsName is the folder of maps.
const mapsName = "maps"

// keepMap writes what a detector sees in a picture, where that is asked for: maps/ROW/PICTURE.npy, an array of float32 of
// the picture's size, of a row's name and the picture's path in the data set.
func (r *runner) keepMap(c *testCase, picture string, m anomaly.Map) error {
	if !r.d.Maps {
		return nil
	}
	path := filepath.Join(r.d.Out, mapsName, c.key.file(), filepath.FromSlash(picture)+".npy")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return files.Write(path, encodeNPY(m))
}

// file is the name of a row's folder.
func (k key) file() string {
	name := fmt.Sprintf("%s-%s-seed-%d", k.Detector, strings.ReplaceAll(k.Shots.words(), " ", "-"), k.Seed)
	if k.Generated {
		name += "-generated"
	}
	return name
}
