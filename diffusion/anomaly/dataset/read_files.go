package dataset

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// lister lists the files of a data set.
type lister struct {
	root  fs.FS
	notes []string
}

// extensions are those of the pictures that package images reads.
var extensions = []string{".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif"}

// entries are the paths of what is in a folder, but for what is hidden, and whether it is a folder.
func (l *lister) entries(dir string) (paths []string, folder map[string]bool, err error) {
	all, err := fs.ReadDir(l.root, dir)
	if err != nil {
		return nil, nil, err
	}
	folder = map[string]bool{}
	for _, e := range all {
		if name := e.Name(); !strings.HasPrefix(name, ".") && !strings.EqualFold(name, "Thumbs.db") {
			p := path.Join(dir, name)
			paths = append(paths, p)
			folder[p] = e.IsDir() || e.Type()&fs.ModeSymlink != 0 && l.isFolder(p)
		}
	}
	return paths, folder, nil
}

// isFolder reports whether a path is that of a folder, or of a link to one.
func (l *lister) isFolder(dir string) bool {
	info, err := fs.Stat(l.root, dir)
	return err == nil && info.IsDir()
}

// folders are the paths of the folders in a folder, sorted.
func (l *lister) folders(dir string) ([]string, error) {
	paths, folder, err := l.entries(dir)
	return slices.DeleteFunc(paths, func(p string) bool { return !folder[p] }), err
}

// pictures are the paths of the pictures in a folder, sorted. What else is there is noted.
func (l *lister) pictures(dir string) (pictures []string, err error) {
	paths, folder, err := l.entries(dir)
	if err != nil {
		return nil, err
	}
	var others []string
	for _, p := range paths {
		if !folder[p] && slices.Contains(extensions, strings.ToLower(path.Ext(p))) {
			pictures = append(pictures, p)
		} else {
			others = append(others, p)
		}
	}
	if n := len(others); n > 0 {
		l.note("%s has what is no picture, passed over: %s", dir, andMore(others[0], n-1))
	}
	return pictures, nil
}

// maskFolder is the masks of a folder, by their names without extension.
type maskFolder struct {
	dir   string
	named map[string]string // the path of each
	of    map[string]string // the picture that each was given to, by the mask's path
}

// masks lists the masks of a folder, none if it is not there.
func (l *lister) masks(dir string) (*maskFolder, error) {
	m := &maskFolder{dir, map[string]string{}, map[string]string{}}
	if !l.isFolder(dir) {
		return m, nil
	}
	paths, err := l.pictures(dir)
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		if other, double := m.named[stem(p)]; double {
			return nil, badSet("masks %s and %s have one name: which is meant?", other, p)
		}
		m.named[stem(p)] = p
	}
	return m, nil
}

// pair gives pictures of a defect their masks. It is by names, not by places among the sorted ones: "2",
// "10" and "2_mask", "10_mask" may sort differently.
func (m *maskFolder) pair(defect string, pictures []string) (items []Item, err error) {
	var without []string
	for _, p := range pictures {
		mask := m.named[stem(p)+"_mask"]
		if mask == "" {
			mask = m.named[stem(p)]
		}
		if mask == "" {
			without = append(without, p)
			continue
		}
		if other, taken := m.of[mask]; taken {
			return nil, badSet("mask %s may be that of %s and of %s: give pictures names that differ without their extensions", mask, other, p)
		}
		m.of[mask] = p
		items = append(items, Item{Picture: p, Mask: mask, Defect: defect})
	}
	if n := len(without); n > 0 {
		name := path.Join(m.dir, stem(without[0]))
		return nil, missing("picture %s has no mask, want %s_mask.png or %s.png", andMore(without[0], n-1), name, name)
	}
	return items, nil
}

// surplus notes masks that were given to no picture.
func (m *maskFolder) surplus(l *lister) {
	var left []string
	for _, p := range m.named {
		if m.of[p] == "" {
			left = append(left, p)
		}
	}
	if n := len(left); n > 0 {
		l.note("masks of no picture, passed over: %s", andMore(slices.Min(left), n-1))
	}
}

// stem is the name of a file without folder and extension.
func stem(p string) string { return strings.TrimSuffix(path.Base(p), path.Ext(p)) }

// andMore is one of several.
func andMore(one string, others int) string {
	if others == 0 {
		return one
	}
	return fmt.Sprintf("%s (and %d more)", one, others)
}
