package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
)

// Photographs is the part of a Spec that says what pictures are made of: all
// photographs that are asked for, and, of the Spec of a job, the one that it is about.
type Photographs struct {
	Images []string `name:"image" sep:"none" placeholder:"PATH" help:"The normal photograph: PNG, JPEG, GIF, BMP, TIFF or WebP; of a folder all that it has. Several by repeating the flag, or as arguments." json:"-"`

	Image string `kong:"-" json:"image"`
	Label string `kong:"-" json:"-"` // in the names of its pictures; empty where it is the only one
	Run   int    `kong:"-" json:"-"` // likewise, from 2 on, where other runs have the names
}

// Making is the arguments of the command that makes pictures.
type Making struct {
	Photograph []string `arg:"" optional:"" placeholder:"PATH" help:"More photographs and folders, like --image."`
}

// add adds photographs that are given as arguments. One that is not there may be a
// command that was mistyped: one of those that there are.
func (p *Photographs) add(arguments, commands []string) error {
	for _, path := range arguments {
		if !files.Exists(path) {
			return fmt.Errorf("%q is no command (--help lists them), and there is no file or folder of this name%s", path, cli.DidYouMean(path, commands))
		}
	}
	p.Images = append(p.Images, arguments...)
	return nil
}

// useImages leaves in Images what is not the only one, so that of one file the Spec is
// that of its job.
func (p *Photographs) useImages() {
	if len(p.Images) == 0 {
		return
	}
	if p.Image = p.Images[0]; len(p.Images) == 1 {
		p.Images = nil
	}
}

// each is the Spec of every photograph that is asked for. What is passed over is
// said on standard error.
func (s *Spec) each(ctx context.Context) ([]Spec, error) {
	return cli.Await(ctx, func() ([]Spec, error) {
		given := s.Images
		if len(given) == 0 {
			if !photos.IsFolder(s.Image) {
				return []Spec{*s}, nil
			}
			given = []string{s.Image}
		}
		paths, err := photos.List(os.Stderr, given)
		if err != nil {
			return nil, fmt.Errorf("--image: %w", err)
		}
		all, err := s.labelled(paths)
		if err != nil {
			return nil, err
		}
		if n := len(all); n > mostPictures/s.N {
			return nil, fmt.Errorf("--n is %d and there are %d photographs: want at most %d pictures", s.N, n, mostPictures)
		}
		return all, matchMasks(all, s.Mask)
	})
}

// labelled are the Specs of photographs, labelled by their names; those of one name
// by what is in them, too. Copies of one name are passed over.
func (s *Spec) labelled(paths []string) (all []Spec, err error) {
	times := map[string]int{}
	for _, path := range paths {
		times[files.Name(photos.Stem(path))]++
	}
	used, copies := map[string]bool{}, 0
	for _, path := range paths {
		of := *s
		of.Images, of.Image, of.Label = nil, path, files.Name(photos.Stem(path))
		if times[of.Label] > 1 || of.Label == "" {
			hash, err := files.Hash(path)
			if err != nil {
				return nil, fmt.Errorf("--image: %w", err)
			}
			of.Label = strings.TrimPrefix(of.Label+"-"+hash[:8], "-")
		}
		if used[of.Label] {
			copies++
			continue
		}
		used[of.Label], all = true, append(all, of)
	}
	if copies > 0 {
		fmt.Fprintf(os.Stderr, "%s of others, of the same name, passed over\n", photos.Counted(copies, "photograph"))
	}
	return all, nil
}

// matchMasks gives each photograph the mask of its name in a folder: NAME_mask,
// NAME-mask or NAME, of any kind of picture. Where one has none, all have the folder,
// whose masks are then taken in turn. Other masks than a folder's stay as they are.
func matchMasks(all []Spec, folder string) error {
	if folder == "" || folder == autoMask || !photos.IsFolder(folder) {
		return nil
	}
	pictures := make([]string, len(all))
	for i, of := range all {
		pictures[i] = of.Image
	}
	masks, err := photos.Masks(pictures, folder)
	if err != nil {
		return fmt.Errorf("--mask: %w", err)
	}
	matched, without := 0, ""
	for i, mask := range masks {
		switch {
		case mask != "":
			matched++
		case without == "":
			without = pictures[i]
		}
	}
	if matched < len(all) {
		if matched > 0 {
			fmt.Fprintf(os.Stderr, "masks: %d of %d photographs have one of their name in %s, %s has none: so they are taken in turn, whatever their names\n", matched, len(all), folder, without)
		}
		return nil
	}
	for i := range all {
		all[i].Mask = masks[i]
	}
	return nil
}
