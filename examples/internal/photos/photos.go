// Package photos finds the photographs that a command line names, and the masks that belong to them.
package photos

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// endings are those of the files that are photographs in a folder.
var endings = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

func isPicture(name string) bool {
	return name[0] != '.' && slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}

// IsFolder reports whether there is a folder at a path.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Stem is a file's name without its ending.
func Stem(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

// List returns the files among paths and the pictures in the folders among them, in the order of the bytes of their names,
// each once. A folder without a picture is an error. What of a folder is passed over is told w.
func List(w io.Writer, paths []string) (all []string, err error) {
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
		if !IsFolder(path) {
			add(path)
			continue
		}
		inside, err := In(w, path)
		if err != nil {
			return nil, err
		}
		if len(inside) == 0 {
			return nil, fmt.Errorf("there is no picture in the folder %s, no file that ends in %s", path, strings.Join(endings, ", "))
		}
		for _, p := range inside {
			add(p)
		}
	}
	return all, nil
}

// In returns the pictures of a folder, and tells w what else is there.
func In(w io.Writer, dir string) (pictures []string, err error) {
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
		case IsFolder(path):
			folders++
		case isPicture(e.Name()):
			pictures = append(pictures, path)
		default:
			others++
		}
	}
	if hidden+folders+others > 0 {
		fmt.Fprintf(w, "%s: %s; passed over: %d hidden, %d folders, %d other files\n", dir, Counted(len(pictures), "photograph"), hidden, folders, others)
	}
	return pictures, nil
}

// Counted is a number of things, whose plural has an s.
func Counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Masks returns for each photograph the mask of its name in a folder: NAME_mask, NAME-mask or NAME, of any kind of picture;
// "" where there is none.
func Masks(photographs []string, folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	by := map[string]string{}
	for _, e := range entries {
		if stem := Stem(e.Name()); isPicture(e.Name()) && by[stem] == "" {
			by[stem] = filepath.Join(folder, e.Name())
		}
	}
	masks := make([]string, len(photographs))
	for i, photograph := range photographs {
		for _, ending := range []string{"_mask", "-mask", ""} {
			if m := by[Stem(photograph)+ending]; masks[i] == "" && m != "" && !sameFile(m, photograph) {
				masks[i] = m
			}
		}
	}
	return masks, nil
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return errors.Join(err1, err2) == nil && os.SameFile(x, y)
}
