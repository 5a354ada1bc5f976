package dataset

import (
	"encoding/json"
	"fmt"
	"image"
	"path"
	"strconv"
	"strings"
)

// yolo is Ultralytics' layout. There is no folder "masks", which would make its readers take masks
// from there.
type yolo struct{}

func (yolo) add(w *writer, it *Entry, c content, l *line) (bool, error) {
	l.Picture = w.flat(it, l.Training)
	l.Label = "labels/" + strings.TrimSuffix(strings.TrimPrefix(l.Picture, "images/"), ".png") + ".txt"
	var text []byte
	for _, r := range l.regions {
		text = strconv.AppendInt(text, int64(w.classes.number(it.Defect)), 10)
		text = append(appendShares(text, r.Polygon, c.size), '\n')
	}
	if err := w.put(l.Picture, c.png); err != nil {
		return true, err
	}
	return true, w.put(l.Label, text)
}

// flat is the name of a picture in images/train or images/val.
func (w *writer) flat(it *Entry, training bool) string {
	class := "good"
	if it.Defect != "" {
		class = slug(it.Defect)
	}
	name := partOf(it) + "-" + class
	return "images/" + sideOf(training, "val") + "/" + name + "-" + w.number(name) + ".png"
}

// appendShares appends points in shares of width and height, as exact as float32 is.
func appendShares(text []byte, points []image.Point, size image.Point) []byte {
	for _, p := range points {
		for _, v := range [2]float64{float64(p.X) / float64(size.X), float64(p.Y) / float64(size.Y)} {
			text = strconv.AppendFloat(append(text, ' '), v, 'f', -1, 32)
		}
	}
	return text
}

// end writes data.yaml. It has no path: readers then take that of the file itself, wherever the
// folder is moved.
func (yolo) end(w *writer) error {
	for _, dir := range []string{"images", "labels"} {
		for _, side := range []string{"train", "val"} {
			if err := w.folder(path.Join(dir, side)); err != nil {
				return err
			}
		}
	}
	var b strings.Builder
	b.WriteString("# Paths are relative to this file.\ntrain: images/train\nval: images/val\nnames:\n")
	for i, words := range w.classes.words {
		quoted, err := json.Marshal(words) // which is YAML, too
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "  %d: %s\n", i, quoted)
	}
	return w.put("data.yaml", []byte(b.String()))
}
