package main

import (
	"io/fs"
	"maps"
	"slices"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// reuse gives units the images that a folder has of the same sources, by the same compilers with the same options, and
// the index their kernels. Nothing is taken from a folder that is incomplete: its files are only a saving of time.
func reuse(units []unit, index *modules.Index, folder fs.FS) {
	old, err := modules.ReadIndex(folder)
	if err != nil || !maps.Equal(old.Compilers, index.Compilers) || !slices.Equal(old.Flags, index.Flags) {
		return
	}
	images, err := old.Unpack(folder)
	if err != nil {
		return
	}
	same := func(source string) bool { return old.Sources[source] == index.Sources[source] }
	for i := range units {
		u := &units[i]
		m, err := old.Module(u.source, u.target)
		if !same(u.source) || err != nil {
			continue
		}
		if u.image, err = m.Image(images); err != nil {
			for j := range units { // some are damaged
				units[j].image = nil
			}
			return
		}
	}
	for _, k := range old.Kernels {
		if _, ok := index.Sources[k.Source]; ok && same(k.Source) {
			index.Kernels = append(index.Kernels, k)
		}
	}
}
