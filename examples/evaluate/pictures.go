package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Photographs are the flags of fit and score that name pictures.
type Photographs struct {
	Images     []string `name:"image" group:"data" sep:"none" placeholder:"PATH" help:"A picture, or a folder of them: normal parts to fit, what is to be scored. Several by repeating the flag, or as arguments."`
	Photograph []string `arg:"" optional:"" placeholder:"PATH" help:"More pictures and folders, like --image."`
}

func (p *Photographs) check() error {
	if len(p.Images)+len(p.Photograph) == 0 {
		return errors.New("no picture: want --image PATH, or paths as arguments")
	}
	return nil
}

// list is every picture that is meant.
func (p *Photographs) list() ([]string, error) {
	return pictures("--image", append(slices.Clone(p.Images), p.Photograph...))
}

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
