package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Layout is the form of a data set.
type Layout string

// The layouts. Each has a folder of its own, in which provenance.jsonl lies. Names begin with 000
// (or 0000, where there are so many); PART and DEFECT are the entries' words, in small letters of
// ASCII.
const (
	// MVTec has PART/train/good, PART/test/good, PART/test/DEFECT and, of each picture 000.png of
	// these, PART/ground_truth/DEFECT/000_mask.png. Detectors are trained on normal pictures alone,
	// so defective ones of photographs for training are left out. The split is one of each part's
	// photographs.
	MVTec Layout = "mvtec"

	// Anomalib has PART/normal, PART/normal_test, PART/abnormal and PART/mask: the arguments
	// normal_dir, normal_test_dir, abnormal_dir and mask_dir of anomalib's Folder. A mask has its
	// picture's name, DEFECT-000.png. All else is as in MVTec.
	Anomalib Layout = "anomalib"

	// YOLO has images/train, images/val, of each picture a text in labels/train or labels/val, and
	// data.yaml. A line of a text is a region of the mask: the number of its class, and its polygon
	// in shares of width and height, from which a detector's reader takes the box. The text of a
	// normal picture is empty.
	YOLO Layout = "yolo"

	// COCO has images/train and images/val, and annotations/instances_train.json and
	// instances_val.json with an annotation for each region: polygon, area, bbox (x, y, width,
	// height) in pixels, and iscrowd 0. Numbers of pictures, annotations and categories begin with 1.
	COCO Layout = "coco"
)

// Layouts returns the layouts that there are.
func Layouts() []Layout { return []Layout{MVTec, Anomalib, YOLO, COCO} }

// Options say how a data set is written.
type Options struct {
	Layout Layout

	// Train is the share of the photographs that are for training, 0 to 1, the others are for
	// testing. Between 0 and 1 each side has one at least, but where there is one photograph alone:
	// then all is for training in YOLO and COCO, and for testing in MVTec and Anomalib.
	Train float64

	Seed     uint64              // draws which photographs are for training
	Progress func(done, all int) // is told how many entries are done, if not nil
}

func (o *Options) validate() error {
	if !slices.Contains(Layouts(), o.Layout) {
		return fmt.Errorf("layout %.100q, want one of %v", o.Layout, Layouts())
	}
	if !(o.Train >= 0 && o.Train <= 1) {
		return fmt.Errorf("the share for training is %v, want 0 to 1", o.Train)
	}
	return nil
}

// Summary is what a data set has.
type Summary struct {
	Train, Test Count    // Test is what YOLO and COCO call val
	Empty       int      // pictures that were left out since their masks are empty
	Unused      int      // defective ones that were left out since their photographs are for training (MVTec, Anomalib)
	Classes     []string // the words of the defects, in the order of their numbers
	Notes       []string // what a person should know before training, in sentences without a full stop
}

// Count counts what is on one side of a split.
type Count struct{ Photographs, Normal, Defective int }

// Write writes entries as a data set into the folder dir, whose parent is made if it is not there. All
// of it is written beside dir and then takes its name, so that nothing half-written is ever there.
// What an earlier Write has put there, in the same layout, is replaced; it is an error if there is
// anything else, or a file that was changed since. The same entries in the same order give the same
// files. It is an error if no picture with a defect is left to be written. Write ends when ctx does.
func Write(ctx context.Context, dir string, entries []Entry, o Options) (*Summary, error) {
	if dir == "" {
		return nil, errors.New("the folder of the data set has no name")
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := checkEntries(entries); err != nil {
		return nil, err
	}
	if err := checkOwn(dir, o.Layout); err != nil {
		return nil, err
	}
	w, err := newWriter(dir, entries, o)
	if err != nil {
		return nil, err
	}
	defer w.discard()
	for i := range entries {
		if err := w.add(ctx, &entries[i]); err != nil {
			return nil, fmt.Errorf("picture %d of the data set, %.300s: %w", i+1, entries[i].Name, err)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(entries))
		}
	}
	if err := w.finish(); err != nil {
		return nil, err
	}
	return &w.summary, ctx.Err()
}

// mostEntries is how many pictures a data set may have.
const mostEntries = 1_000_000

func checkEntries(entries []Entry) error {
	switch {
	case len(entries) > mostEntries:
		return fmt.Errorf("%d pictures for a data set, want at most %d", len(entries), mostEntries)
	case !slices.ContainsFunc(entries, func(it Entry) bool { return it.Defect != "" }):
		return errors.New("no picture for the data set has a defect")
	}
	return nil
}
