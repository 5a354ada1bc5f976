package dataset

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// provenanceName is the file that says how a data set came about: in its first line the data set
// (head), in each of the others a picture (line), as JSON.
const provenanceName = "provenance.jsonl"

// format is what a head begins with, and tells a data set of this package from others.
const format = "sdgraph data set 1"

// head says what the whole data set is.
type head struct {
	Format  string            `json:"format"`
	Layout  Layout            `json:"layout"`
	Train   float64           `json:"train"`
	Seed    uint64            `json:"seed"`
	Classes []string          `json:"classes"`
	Files   map[string]string `json:"files_sha256"` // those that are not of one picture alone
}

// line says what a picture is. Names are of files in the data set, with slashes.
type line struct {
	Picture    string            `json:"picture"`
	Mask       string            `json:"mask,omitempty"`  // MVTec, Anomalib
	Label      string            `json:"label,omitempty"` // YOLO
	Part       string            `json:"part"`
	Defect     string            `json:"defect,omitempty"` // none of a normal picture
	Training   bool              `json:"training"`
	Regions    []region          `json:"regions,omitempty"`
	Name       string            `json:"name"` // before it came into the data set
	Photograph string            `json:"photograph,omitempty"`
	Source     string            `json:"source"`
	Made       *made             `json:"made,omitempty"` // nil for a normal picture
	Files      map[string]string `json:"files_sha256"`

	item    *Entry
	regions []Region
}

// region is a Region without its polygon.
type region struct {
	Box  [4]int `json:"bbox"` // x, y, width, height
	Area int    `json:"area"`
}

// made is how a picture was made.
type made struct {
	Prompt string `json:"prompt"`
	Seed   uint64 `json:"seed"`
	Scores any    `json:"scores,omitempty"`
}

func box(r Region) [4]int { return [4]int{r.Box.Min.X, r.Box.Min.Y, r.Box.Dx(), r.Box.Dy()} }

// provenance is the file's content.
func (w *writer) provenance() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(head{format, w.Layout, w.Train, w.Seed, w.classes.words, w.written})
	for _, l := range w.lines {
		if err == nil {
			err = e.Encode(l)
		}
	}
	return b.Bytes(), err
}

// checkOwn refuses to replace what lies at dir, unless it is nothing, an empty folder, or a data set
// of the same layout with nothing added and nothing changed since it was written.
func checkOwn(dir string, l Layout) error {
	const advice = "move it away, or choose another folder"
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder, and would be overwritten: %s", dir, advice)
	}
	own, err := readOwn(filepath.Join(dir, provenanceName), l)
	if err != nil {
		return fmt.Errorf("%s is not a data set of this program in layout %s (%w), and would be overwritten: %s", dir, l, err, advice)
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); name == provenanceName && own != nil || d.Type().IsRegular() && cache(l, name) {
			return nil
		}
		hash, known := own[name]
		if !known || !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a file of this data set, and would be lost: %s", path, advice)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != hash {
			return fmt.Errorf("%s was changed since the data set was written, and would be lost: %s", path, advice)
		}
		return nil
	})
}

// cache reports whether a file is one that trainers leave in a data set, and make again.
func cache(l Layout, name string) bool {
	return l == YOLO && slices.Contains([]string{"labels/train.cache", "labels/val.cache"}, name)
}

// longestLine is the length of a line of provenance.jsonl up to which it is read, in bytes; others
// may have written it.
const longestLine = 4 << 20

// readOwn returns the files of a data set with their SHA-256, nil if there is no provenance.jsonl.
func readOwn(path string, l Layout) (map[string]string, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return decodeOwn(f, l)
}

func decodeOwn(r io.Reader, l Layout) (map[string]string, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, longestLine)
	own := map[string]string{}
	for n := 1; s.Scan(); n++ {
		var of struct {
			Format string            `json:"format"`
			Layout Layout            `json:"layout"`
			Files  map[string]string `json:"files_sha256"`
		}
		if err := json.Unmarshal(s.Bytes(), &of); err != nil {
			return nil, fmt.Errorf("line %d of %s is not of this program", n, provenanceName)
		}
		switch {
		case n == 1 && of.Format != format:
			return nil, fmt.Errorf("the format in %s is %.100q, want %q", provenanceName, of.Format, format)
		case n == 1 && of.Layout != l:
			return nil, fmt.Errorf("it is one in layout %.100q", of.Layout)
		}
		maps.Copy(own, of.Files)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", provenanceName, err)
	}
	return own, nil
}
