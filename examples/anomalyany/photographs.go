package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
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
			if !isFolder(s.Image) {
				return []Spec{*s}, nil
			}
			given = []string{s.Image}
		}
		paths, err := photographs(given)
		if err != nil {
			return nil, err
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

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// pictureEndings are those of the files that are photographs in a folder.
var pictureEndings = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

func isPicture(name string) bool {
	return name[0] != '.' && slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(name)))
}

// photographs are the files among paths and those of the folders among them, in
// the order of the bytes of their names, each once.
func photographs(paths []string) (all []string, err error) {
	seen := map[string]bool{}
	add := func(path string) {
		whole, err := filepath.Abs(path)
		if err != nil {
			whole = path
		}
		if !seen[whole] {
			seen[whole], all = true, append(all, path)
		}
	}
	for _, path := range paths {
		if !isFolder(path) {
			add(path)
			continue
		}
		inside, err := picturesIn(path)
		if err != nil {
			return nil, fmt.Errorf("--image: %w", err)
		}
		if len(inside) == 0 {
			return nil, fmt.Errorf("--image: there is no picture in the folder %s, no file that ends in %s", path, strings.Join(pictureEndings, ", "))
		}
		for _, p := range inside {
			add(p)
		}
	}
	return all, nil
}

// picturesIn are the pictures of a folder. It says what else is there.
func picturesIn(dir string) (pictures []string, err error) {
	entries, err := os.ReadDir(dir) // in the order of their names
	if err != nil {
		return nil, err
	}
	var others, hidden, folders int
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.Name()[0] == '.':
			hidden++
		case isFolder(path):
			folders++
		case isPicture(e.Name()):
			pictures = append(pictures, path)
		default:
			others++
		}
	}
	if hidden+folders+others > 0 {
		fmt.Fprintf(os.Stderr, "%s: %s; passed over: %d hidden, %d folders, %d other files\n", dir, counted(len(pictures), "photograph"), hidden, folders, others)
	}
	return pictures, nil
}

// counted is a number of things, whose plural has an s.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// stemOf is a file's name without its ending.
func stemOf(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

// labelled are the Specs of photographs, labelled by their names; those of one name
// by what is in them, too. Copies of one name are passed over.
func (s *Spec) labelled(paths []string) (all []Spec, err error) {
	times := map[string]int{}
	for _, path := range paths {
		times[files.Name(stemOf(path))]++
	}
	used, copies := map[string]bool{}, 0
	for _, path := range paths {
		of := *s
		of.Images, of.Image, of.Label = nil, path, files.Name(stemOf(path))
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
		fmt.Fprintf(os.Stderr, "%s of others, of the same name, passed over\n", counted(copies, "photograph"))
	}
	return all, nil
}

// matchMasks gives each photograph the mask of its name in a folder: NAME_mask,
// NAME-mask or NAME, of any kind of picture. Where one has none, all have the folder,
// whose masks are then taken in turn. Other masks than a folder's stay as they are.
func matchMasks(all []Spec, folder string) error {
	if folder == "" || folder == autoMask || !isFolder(folder) {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("--mask: %w", err)
	}
	by := map[string]string{}
	for _, e := range entries {
		if stem := stemOf(e.Name()); isPicture(e.Name()) && by[stem] == "" {
			by[stem] = filepath.Join(folder, e.Name())
		}
	}
	masks, matched := make([]string, len(all)), 0
	var without string
	for i, of := range all {
		for _, ending := range []string{"_mask", "-mask", ""} {
			if m := by[stemOf(of.Image)+ending]; masks[i] == "" && m != "" && !sameFile(m, of.Image) {
				masks[i] = m
				matched++
			}
		}
		if masks[i] == "" && without == "" {
			without = of.Image
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

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return errors.Join(err1, err2) == nil && os.SameFile(x, y)
}
