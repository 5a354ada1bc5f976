package dataset

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// MVTecAD reads a data set in the layout of MVTec AD: CATEGORY/train/good, CATEGORY/test/good,
// CATEGORY/test/DEFECT and, of a picture NAME.png of the last, CATEGORY/ground_truth/DEFECT/NAME_mask.png
// or NAME.png. Write writes it as MVTec.
//
// As in all of these layouts, pictures and masks may be of any format that images.Read reads, whatever
// the case of their extensions, and belong together by their names. Hidden files and Thumbs.db are
// passed over in silence. A folder without train/good, files that are no pictures and masks of no
// picture are passed over with a note, a sentence without a full stop. It is an error if a defective
// picture has no mask (fs.ErrNotExist, naming both), if a mask may be that of two pictures
// (tensor.ErrDamaged), or if no category is found (fs.ErrNotExist). No picture is opened.
func MVTecAD(root fs.FS) (categories []Category, notes []string, err error) {
	return readTree(root, ".", "good", "")
}

// MPDD reads the data set of metal parts by Jezek, Jonak, Burget, Dvorak and Skotak (2021), in the
// layout of MVTecAD.
func MPDD(root fs.FS) (categories []Category, notes []string, err error) { return MVTecAD(root) }

// BTAD reads the data set of Mishra, Verk, Fornasier, Piciarelli and Foresti (VT-ADL, 2021), whose
// layout is that of MVTecAD but that normal is called "ok", and defective "ko"; masks are NAME.png.
func BTAD(root fs.FS) (categories []Category, notes []string, err error) {
	return readTree(root, ".", "ok", "")
}

// readTree reads the categories in a folder, whose normal pictures are in folders of that name. The error
// about none says what else might be there.
func readTree(root fs.FS, dir, normal, orElse string) ([]Category, []string, error) {
	if root == nil {
		return nil, nil, errNoFiles
	}
	l := &lister{root: root}
	folders, err := l.folders(dir)
	if err != nil {
		return nil, nil, err
	}
	var all []Category
	for _, folder := range folders {
		if train := path.Join(folder, "train", normal); !l.isFolder(train) {
			l.note("%s is passed over: it has no folder train/%s", folder, normal)
			continue
		}
		c, err := l.category(folder, normal)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, nil, missing("no category is here, want folders with their normal pictures in CATEGORY/train/%s%s", normal, orElse)
	}
	return sorted(all), l.notes, nil
}

// category reads the folder of one.
func (l *lister) category(dir, normal string) (Category, error) {
	c := Category{Name: path.Base(dir)}
	train := path.Join(dir, "train", normal)
	pictures, err := l.pictures(train)
	if err != nil {
		return c, err
	}
	if c.Train = normals(pictures); len(c.Train) == 0 {
		l.note("%s has no pictures", train)
	}
	test := path.Join(dir, "test")
	if !l.isFolder(test) {
		l.note("%s has no folder test", dir)
		return c, nil
	}
	folders, err := l.folders(test)
	if err != nil {
		return c, err
	}
	for _, folder := range folders {
		kind := path.Base(folder)
		pictures, err := l.pictures(folder)
		if err != nil {
			return c, err
		}
		if kind == normal {
			c.Test = append(c.Test, normals(pictures)...)
			continue
		}
		masks, err := l.masks(path.Join(dir, "ground_truth", kind))
		if err != nil {
			return c, err
		}
		defective, err := masks.pair(kind, pictures)
		if err != nil {
			return c, err
		}
		masks.surplus(l)
		c.Test = append(c.Test, defective...)
	}
	return c, nil
}

// normals are items of normal pictures.
func normals(pictures []string) []Item {
	var all []Item
	for _, p := range pictures {
		all = append(all, Item{Picture: p})
	}
	return all
}

// sorted sorts categories by their names, and items by their paths: those of whole folders are not in
// order one after another, since "a-b/c" comes before "a/c".
func sorted(all []Category) []Category {
	byPath := func(a, b Item) int { return cmp.Compare(a.Picture, b.Picture) }
	for _, c := range all {
		slices.SortFunc(c.Train, byPath)
		slices.SortFunc(c.Test, byPath)
	}
	slices.SortFunc(all, func(a, b Category) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// note is said to who reads the data set.
func (l *lister) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}
