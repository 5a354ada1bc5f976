package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/sdgraph/sdgraph/tensor"
)

const (
	visaSplit = "split_csv/1cls.csv"
	maxSplit  = 64 << 20 // bytes; the published file has about one million
)

// VisA reads the data set of Zou, Jeong, Pemula, Zhang and Dabeer (SPot-the-Difference, ECCV 2022): as it
// is published, by split_csv/1cls.csv, with the defect "anomaly"; or as its authors' program reorganises
// it, CATEGORY/train/good, CATEGORY/test/good, CATEGORY/test/bad and CATEGORY/ground_truth/bad/NAME.png,
// here or in a folder 1cls, with the defect "bad". Its masks have small numbers in the place of white.
//
// Notes and errors are as MVTecAD says. A row of the file that is not as it should be, or has a path that
// leads out of the data set, is an error that says where (tensor.ErrDamaged).
func VisA(root fs.FS) (categories []Category, notes []string, err error) {
	if root == nil {
		return nil, nil, errNoFiles
	}
	f, err := root.Open(visaSplit)
	if errors.Is(err, fs.ErrNotExist) {
		dir := "."
		if l := (&lister{root: root}); l.isFolder("1cls") {
			dir = "1cls"
		}
		return readTree(root, dir, "good", ", or the file "+visaSplit)
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, nil, err
	} else if info.Size() > maxSplit {
		return nil, nil, badSet("%s has %d bytes, want at most %d", visaSplit, info.Size(), maxSplit)
	}
	if categories, err = readVisA(root, f); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", visaSplit, err)
	}
	return sorted(categories), nil, nil
}

// readVisA reads the file that lists pictures. Its columns may be in any order.
func readVisA(root fs.FS, file io.Reader) ([]Category, error) {
	r := csv.NewReader(file)
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return nil, badSet("want a first row object,split,label,image,mask: %w", err)
	}
	v := visa{root: root, column: map[string]int{}, number: map[string]int{}, line: map[string]int{}}
	for i, name := range head {
		v.column[strings.TrimPrefix(name, "\ufeff")] = i
	}
	for _, name := range []string{"object", "split", "label", "image", "mask"} {
		if _, there := v.column[name]; !there {
			return nil, badSet("its first row has no column %q, want object,split,label,image,mask", name)
		}
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, badSet("%w", err)
		}
		line, _ := r.FieldPos(0)
		if err := v.add(row, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	if len(v.all) == 0 {
		return nil, badSet("it lists no pictures")
	}
	return v.all, nil
}

// visa is what was read of the file.
type visa struct {
	root   fs.FS
	column map[string]int // by its name
	all    []Category
	number map[string]int // where in all an object is
	line   map[string]int // where a picture, or a mask, was listed
}

// add adds a row.
func (v *visa) add(row []string, line int) error {
	field := func(name string) string { return row[v.column[name]] }
	object, split, label := field("object"), field("split"), field("label")
	it := Item{Picture: field("image"), Mask: field("mask")}
	switch {
	case object == "" || object[0] == '.' || strings.ContainsAny(object, `/\`):
		return badSet("object %.100q, want the name of a folder", object)
	case split != "train" && split != "test":
		return badSet("split %.100q, want train or test", split)
	case label == "normal" && it.Mask != "":
		return badSet("normal picture %.300q has a mask, %.300q", it.Picture, it.Mask)
	case label == "anomaly" && it.Mask == "":
		return badSet("picture %.300q is an anomaly and has no mask", it.Picture)
	case label == "anomaly" && split == "train":
		return badSet("picture %.300q is an anomaly and for training, which is on normal pictures alone", it.Picture)
	case label == "anomaly":
		it.Defect = label
	case label != "normal":
		return badSet("label %.100q, want normal or anomaly", label)
	}
	if err := v.check(it, line); err != nil {
		return err
	}
	if _, known := v.number[object]; !known {
		v.number[object] = len(v.all)
		v.all = append(v.all, Category{Name: object})
	}
	c := &v.all[v.number[object]]
	if split == "train" {
		c.Train = append(c.Train, it)
	} else {
		c.Test = append(c.Test, it)
	}
	return nil
}

// check is an error if a file of an item is not there, is not in the data set, or was listed before.
func (v *visa) check(it Item, line int) error {
	for _, name := range []string{it.Picture, it.Mask} {
		if name == "" && it.Mask == "" && it.Picture != "" {
			continue
		}
		if !fs.ValidPath(name) {
			return badSet("%.300q is no path in the data set", name)
		}
		if before := v.line[name]; before > 0 {
			return badSet("%s was on line %d already", name, before)
		}
		v.line[name] = line
		if err := v.isFile(name); err != nil && name == it.Mask {
			return fmt.Errorf("the mask of %s: %w", it.Picture, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// isFile is an error if a file is not there, or is something else.
func (v *visa) isFile(name string) error {
	info, err := fs.Stat(v.root, name)
	if err == nil && !info.Mode().IsRegular() {
		err = badSet("%s is %s, want a file", name, tensor.Kind(info.Mode()))
	}
	return err
}
