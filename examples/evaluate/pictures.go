package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// endings are those of the files that are pictures in a folder.
var endings = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

// pictures are the files that a flag names, and those in the folders that it names: each once, in the order of the
// bytes of their paths.
func pictures(flag string, paths []string) (all []string, err error) {
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			if err != nil {
				return nil, fmt.Errorf("%s: %w", flag, err)
			}
			all = append(all, filepath.Clean(path))
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		before := len(all)
		for _, e := range entries {
			if name := e.Name(); !e.IsDir() && name[0] != '.' && slices.Contains(endings, strings.ToLower(filepath.Ext(name))) {
				all = append(all, filepath.Join(path, name))
			}
		}
		if len(all) == before {
			return nil, fmt.Errorf("%s: there is no picture in the folder %s, no file that ends in %s", flag, path, strings.Join(endings, ", "))
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// normals reads normal pictures as they are used.
func normals(ctx context.Context, paths []string) anomaly.Samples {
	return func(yield func(anomaly.Sample, error) bool) {
		for _, path := range paths {
			picture, err := images.Read(ctx, path)
			if !yield(anomaly.Sample{Picture: picture, Path: path}, err) || err != nil {
				return
			}
		}
	}
}
