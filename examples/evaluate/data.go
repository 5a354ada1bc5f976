package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// layouts are the readers of data sets, by their names.
var layouts = map[string]func(fs.FS) ([]dataset.Category, []string, error){
	"mvtec": dataset.MVTecAD, "visa": dataset.VisA, "btad": dataset.BTAD, "mpdd": dataset.MPDD, "folder": dataset.Folder,
}

// readData lists the categories that are to be judged, and says what was passed over.
func (d *Detection) readData() (fs.FS, []dataset.Category, error) {
	if _, err := os.ReadDir(d.Data); err != nil {
		return nil, nil, fmt.Errorf("--data: %w", err)
	}
	root := os.DirFS(d.Data)
	all, notes, err := layouts[d.Layout](root)
	if err != nil {
		return nil, nil, fmt.Errorf("--data %s, --layout %s: %w", d.Data, d.Layout, err)
	}
	for _, note := range notes {
		fmt.Fprintln(os.Stderr, note)
	}
	if all, err = choose(all, d.Categories); err != nil {
		return nil, nil, err
	}
	var judged []dataset.Category
	for _, c := range all {
		if len(c.Test) == 0 {
			fmt.Fprintf(os.Stderr, "%s is passed over: it has no pictures for testing\n", c.Name)
			continue
		}
		judged = append(judged, c)
	}
	if len(judged) == 0 {
		return nil, nil, fmt.Errorf("--data %s: there are no pictures for testing", d.Data)
	}
	return root, judged, nil
}

// choose returns the categories of the names, or all where there are none.
func choose(all []dataset.Category, names []string) (chosen []dataset.Category, err error) {
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, c := range all {
		known = append(known, c.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--categories: there is no %.100q, want some of %s%s", name, strings.Join(known, ", "), cli.DidYouMean(name, known))
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(c dataset.Category) bool { return !slices.Contains(names, c.Name) }), nil
}

// fingerprint is the same for the same names and sizes of files: enough to know whether rows are about the same
// pictures, without reading them.
func fingerprint(root fs.FS, lists ...[]dataset.Item) (string, error) {
	h := sha256.New()
	for _, items := range lists {
		fmt.Fprintf(h, "%d pictures\n", len(items))
		for _, it := range items {
			for _, name := range []string{it.Picture, it.Mask} {
				if name == "" {
					continue
				}
				info, err := fs.Stat(root, name)
				if err != nil {
					return "", err
				}
				fmt.Fprintf(h, "%q %d\n", name, info.Size())
			}
		}
	}
	return files.Short(hex.EncodeToString(h.Sum(nil))), nil
}

// bytesAPixel is the memory that the figures of one pixel take (metric.Pixels), with that of the picture at hand.
const bytesAPixel = 9

// tellMemory says how much memory pixel figures will take, of the category with the most pixels, as far as its first
// picture tells.
func (d *Detection) tellMemory(ctx context.Context, root fs.FS, all []dataset.Category, to resolution) error {
	most, of, size, count := 0.0, "", image.Point{}, 0
	for _, c := range all {
		picture, err := images.ReadFS(ctx, root, c.Test[0].Picture)
		if err != nil {
			return err
		}
		at := to.pixels(picture.Rect.Size())
		if need := float64(len(c.Test)) * float64(at) * bytesAPixel; need > most {
			most, of, size, count = need, c.Name, picture.Rect.Size(), len(c.Test)
		}
	}
	line := fmt.Sprintf("memory of pixel figures: up to %s, for %s (%s of %d×%d)", gigabytes(most), of, counted(count, "picture"), size.X, size.Y)
	if small := (resolution{side: smallSide}); to.native() && most > muchMemory {
		line += fmt.Sprintf("; with --resolution %d %s", smallSide, gigabytes(float64(count)*float64(small.pixels(size))*bytesAPixel))
	}
	fmt.Fprintln(os.Stderr, line)
	return nil
}

const (
	smallSide  = 512 // what is offered where memory may be short
	muchMemory = 1e9
)

// gigabytes is a number of bytes for people.
func gigabytes(bytes float64) string {
	if bytes < 0.95e9 {
		return fmt.Sprintf("%.0f MB", max(1, bytes/1e6))
	}
	return fmt.Sprintf("%.1f GB", bytes/1e9)
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
