package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"os"
	"path"
	"path/filepath"

	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// writer writes a data set into a temporary folder.
type writer struct {
	Options
	dir, temporary string

	split   split
	classes classes
	layout  layout
	digits  int            // of numbers in names
	numbers map[string]int // the next one of each kind of name
	written map[string]string
	lines   []line
	summary Summary
	counted map[photograph]bool
}

// layout is how a layout's files are written.
type layout interface {
	// add writes the files of an entry, whose regions are those of its mask, and names them in the
	// line. It reports whether the layout has a place for the item.
	add(w *writer, it *Entry, c content, l *line) (bool, error)

	// end writes what is not of one item alone.
	end(w *writer) error
}

func newWriter(dir string, entries []Entry, o Options) (*writer, error) {
	w := &writer{Options: o, dir: filepath.Clean(dir), classes: classesOf(entries), numbers: map[string]int{}, written: map[string]string{}, counted: map[photograph]bool{}}
	w.digits = max(3, len(fmt.Sprint(len(entries)-1)))
	w.split, w.summary.Notes = o.split(entries)
	w.summary.Classes = w.classes.words
	switch o.Layout {
	case MVTec:
		w.layout = mvtec{}
	case Anomalib:
		w.layout = anomalib{}
	case YOLO:
		w.layout = yolo{}
	case COCO:
		w.layout = &coco{}
	}
	if note := pathNote(w.dir, o.Layout); note != "" {
		w.summary.Notes = append(w.summary.Notes, note)
	}
	if err := os.MkdirAll(filepath.Dir(w.dir), 0o777); err != nil {
		return nil, err
	}
	var err error
	w.temporary, err = temporaryFolder(filepath.Dir(w.dir))
	return w, err
}

// pathNote is a note about a path that anomalib refuses.
func pathNote(dir string, l Layout) string {
	whole, err := filepath.Abs(dir)
	if err != nil || l != MVTec && l != Anomalib {
		return ""
	}
	for _, r := range whole {
		if r > 127 {
			return fmt.Sprintf("anomalib refuses paths with letters outside of ASCII, such as the %q in %s: move the folder before training", r, whole)
		}
	}
	return ""
}

// temporaryFolder makes a folder for what is not complete yet, under a name that tensor.IsTemporary
// knows.
func temporaryFolder(parent string) (string, error) {
	f, err := tensor.CreateTemporary(parent)
	if err != nil {
		return "", err
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return "", err
	}
	return f.Name(), os.Mkdir(f.Name(), 0o777)
}

// discard removes the temporary folder, unless it has got its name.
func (w *writer) discard() {
	if w.temporary != "" {
		os.RemoveAll(w.temporary)
	}
}

// add writes an entry, unless it is left out.
func (w *writer) add(ctx context.Context, it *Entry) error {
	c, err := it.read(ctx)
	if err != nil {
		return err
	}
	p := w.photographOf(it)
	l := line{item: it, Part: it.Part, Defect: it.Defect, Training: w.split[p], Source: it.Source, Photograph: it.Photograph, Name: it.Name}
	if c.mask != nil {
		l.Made = &made{it.Prompt, it.Seed, it.Scores}
		if l.regions, err = Trace(c.mask); err != nil {
			return err
		}
		if len(l.regions) == 0 {
			w.summary.Empty++
			return nil
		}
		for _, r := range l.regions {
			l.Regions = append(l.Regions, region{box(r), r.Area})
		}
	}
	w.written = map[string]string{}
	placed, err := w.layout.add(w, it, c, &l)
	if err != nil {
		return err
	}
	if !placed {
		w.summary.Unused++
		return nil
	}
	l.Files = w.written
	w.lines = append(w.lines, l)
	w.count(it, p)
	return nil
}

// count counts an entry that was written.
func (w *writer) count(it *Entry, p photograph) {
	side := &w.summary.Test
	if w.split[p] {
		side = &w.summary.Train
	}
	if !w.counted[p] {
		w.counted[p] = true
		side.Photographs++
	}
	if it.Defect == "" {
		side.Normal++
	} else {
		side.Defective++
	}
}

// finish writes the rest and gives the folder its name.
func (w *writer) finish() error {
	if w.summary.Train.Defective+w.summary.Test.Defective == 0 {
		return fmt.Errorf("no picture with a defect is left for the data set: %d have an empty mask, and the photographs of %d are for training, for which layout %s has no place",
			w.summary.Empty, w.summary.Unused, w.Layout)
	}
	w.written = map[string]string{}
	if err := w.layout.end(w); err != nil {
		return err
	}
	data, err := w.provenance()
	if err == nil {
		err = w.put(provenanceName, data)
	}
	if err != nil {
		return err
	}
	return w.swap()
}

// swap gives the folder its name, in the place of an earlier data set.
func (w *writer) swap() error {
	if err := checkOwn(w.dir, w.Layout); err != nil { // once more: that was long ago
		return err
	}
	parent, earlier := filepath.Dir(w.dir), ""
	if _, err := os.Lstat(w.dir); err == nil {
		if earlier, err = temporaryFolder(parent); err != nil {
			return err
		}
		if err := errors.Join(os.Remove(earlier), os.Rename(w.dir, earlier)); err != nil {
			return err
		}
	}
	if err := os.Rename(w.temporary, w.dir); err != nil {
		if earlier != "" {
			err = errors.Join(err, os.Rename(earlier, w.dir))
		}
		return err
	}
	w.temporary = ""
	if earlier != "" {
		if err := os.RemoveAll(earlier); err != nil {
			return err
		}
	}
	return tensor.SyncDir(parent)
}

// number is the next number of names that begin with a prefix, with zeros in front.
func (w *writer) number(prefix string) string {
	n := w.numbers[prefix]
	w.numbers[prefix]++
	return fmt.Sprintf("%0*d", w.digits, n)
}

// put writes a file to the disk, under a slash-separated name in the data set.
func (w *writer) put(name string, data []byte) error {
	if err := w.folder(path.Dir(name)); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(w.temporary, filepath.FromSlash(name)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	sum := sha256.Sum256(data)
	w.written[name] = hex.EncodeToString(sum[:])
	return errors.Join(err, f.Close())
}

// folder makes a folder of the data set, unless it is there.
func (w *writer) folder(name string) error {
	return os.MkdirAll(filepath.Join(w.temporary, filepath.FromSlash(name)), 0o777)
}

// putMask writes a mask.
func (w *writer) putMask(name string, mask *image.Gray) error {
	data, err := images.EncodePNG(mask, nil)
	if err != nil {
		return err
	}
	return w.put(name, data)
}
