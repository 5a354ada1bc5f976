package dataset

import (
	"io/fs"
	"maps"
	"path"
	"slices"
)

// Folder reads pictures of one's own: normal ones for training in the folder good, others for testing
// in good_test, if it is there, and defective ones in a folder DEFECT each, whose masks are
// masks/DEFECT/NAME.png or masks/NAME.png, or NAME_mask.png. In the place of good it may be called
// normal, in that of masks mask or ground_truth. What Write writes as Anomalib is in this form, with
// "abnormal" for all defects.
//
// The folders are in the root, whose category is called "part", or there is one more folder around them
// for each category. Names, notes and errors are as MVTecAD says.
func Folder(root fs.FS) (categories []Category, notes []string, err error) {
	if root == nil {
		return nil, nil, errNoFiles
	}
	l := &lister{root: root}
	folders, err := l.folders(".")
	if err != nil {
		return nil, nil, err
	}
	if own, err := l.only(".", "good", "normal"); err != nil {
		return nil, nil, err
	} else if own != "" {
		folders = []string{"."}
	}
	for _, dir := range folders {
		normal, err := l.only(dir, "good", "normal")
		if err != nil {
			return nil, nil, err
		}
		if normal == "" {
			l.note("%s is passed over: it has no folder good or normal", dir)
			continue
		}
		c, err := l.plain(dir, normal)
		if err != nil {
			return nil, nil, err
		}
		categories = append(categories, c)
	}
	if len(categories) == 0 {
		return nil, nil, missing("no category is here, want a folder good or normal with its normal pictures, here or in folders of each")
	}
	return sorted(categories), l.notes, nil
}

// only returns which of some folders there is; "" if there is none of them.
func (l *lister) only(dir string, names ...string) (found string, err error) {
	for _, name := range names {
		switch {
		case !l.isFolder(path.Join(dir, name)):
		case found != "":
			return "", badSet("folder %s has %s and %s: which is meant?", dir, found, name)
		default:
			found = name
		}
	}
	return found, nil
}

// plain reads the folder of a category.
func (l *lister) plain(dir, normal string) (Category, error) {
	c := Category{Name: path.Base(dir)}
	if dir == "." {
		c.Name = "part"
	}
	masks, err := l.only(dir, "masks", "mask", "ground_truth")
	if err != nil {
		return c, err
	}
	if masks == "" {
		masks = "masks" // which errors name
	}
	folders, err := l.folders(dir)
	if err != nil {
		return c, err
	}
	given := map[string]*maskFolder{}
	for _, folder := range folders {
		name := path.Base(folder)
		if name == masks {
			continue
		}
		pictures, err := l.pictures(folder)
		if err != nil {
			return c, err
		}
		switch name {
		case normal:
			c.Train = normals(pictures)
		case normal + "_test":
			c.Test = append(c.Test, normals(pictures)...)
		default:
			at := path.Join(dir, masks, name)
			if !l.isFolder(at) {
				at = path.Dir(at)
			}
			if given[at] == nil {
				if given[at], err = l.masks(at); err != nil {
					return c, err
				}
			}
			items, err := given[at].pair(name, pictures)
			if err != nil {
				return c, err
			}
			c.Test = append(c.Test, items...)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(given)) {
		given[at].surplus(l)
	}
	if len(c.Train) == 0 {
		l.note("%s has no pictures", path.Join(dir, normal))
	}
	return c, nil
}
