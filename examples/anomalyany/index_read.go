package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// What an index may have: others may have written it.
const (
	maxIndex   = 128 << 20 // bytes
	maxEntries = 100_000   // pictures, and files that are not of one alone
	maxEntry   = 256 << 10 // bytes
	maxNesting = 8
)

// readIndex reads a directory's index, without pictures of which nothing is
// left. A directory without an index has an empty one; a file of this name that
// is not of this program is an error, for it would be lost.
func readIndex(dir string) (*index, error) {
	path := filepath.Join(dir, "index.json")
	x := &index{Files: files.Holdings{}, encoded: map[string][]byte{}}
	f, err := files.OpenPlain(path)
	if errors.Is(err, fs.ErrNotExist) {
		return x, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	defer f.Close()
	if err := x.decode(bufio.NewReader(f)); err != nil {
		return nil, fmt.Errorf("%s is not an index of this program (%s): %w; it would be overwritten: give another --out", path, indexFormat, err)
	}
	all := len(x.Entries)
	x.Entries = slices.DeleteFunc(x.Entries, func(e entry) bool { return e.gone(dir) })
	x.stale = len(x.Entries) < all
	for i := range x.Entries {
		e := &x.Entries[i]
		e.unfinished = !e.complete(dir)
		x.stale = x.stale || e.unfinished
	}
	x.count()
	return x, nil
}

// decode reads an index entry by entry, and refuses what no program of ours has
// written.
func (x *index) decode(r io.Reader) error {
	d := json.NewDecoder(files.NewBoundedJSON(r, maxNesting, maxEntry, maxIndex))
	if err := wantDelim(d, '{'); err != nil {
		return err
	}
	format := ""
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		switch key {
		case "format":
			err = nn.ShortJSON(d.Decode(&format))
		case "entries":
			err = x.decodeEntries(d)
		case "files":
			err = x.decodeFiles(d)
		default:
			err = skip(d)
		}
		if err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if format != indexFormat {
		return fmt.Errorf("its format is %.100q", format)
	}
	slices.SortStableFunc(x.Entries, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	return x.Files.CheckNames()
}

func (x *index) decodeEntries(d *json.Decoder) error {
	if null, err := wantList(d); null || err != nil {
		return err
	}
	names := map[string]bool{}
	for n := 0; d.More(); n++ {
		var e entry
		err := nn.ShortJSON(d.Decode(&e))
		if err == nil {
			err = e.check()
		}
		if err == nil && n == maxEntries {
			err = fmt.Errorf("want at most %d", maxEntries)
		}
		if err == nil && names[e.Name] {
			err = fmt.Errorf("there are two of the name %.100q", e.Name)
		}
		if err != nil {
			return fmt.Errorf("number %d: %w", n+1, err)
		}
		names[e.Name] = true
		x.Entries = append(x.Entries, e)
	}
	_, err := d.Token()
	return err
}

func (x *index) decodeFiles(d *json.Decoder) error {
	if err := wantDelim(d, '{'); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var hashes []string
		if err := nn.ShortJSON(d.Decode(&hashes)); err != nil {
			return err
		}
		if x.Files[name.(string)] = hashes; len(x.Files) > maxEntries {
			return fmt.Errorf("want at most %d", maxEntries)
		}
	}
	_, err := d.Token()
	return err
}

// wantDelim reads a token that must be a certain bracket.
func wantDelim(d *json.Decoder, want json.Delim) error {
	got, err := d.Token()
	if err == nil && got != want {
		err = fmt.Errorf("%.100q in place of %v", fmt.Sprint(got), want)
	}
	return err
}

// wantList is wantDelim for a list, which may be null.
func wantList(d *json.Decoder) (null bool, err error) {
	got, err := d.Token()
	switch {
	case err != nil || got == nil:
		return true, err
	case got != json.Delim('['):
		return false, fmt.Errorf("%.100q in place of a list", fmt.Sprint(got))
	}
	return false, nil
}

// skip passes over a value without keeping it.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// check refuses names of other files than the picture's own.
func (e *entry) check() error {
	if err := files.CheckPlain(e.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	for i, f := range []struct{ field, name string }{{"picture", e.Picture}, {"mask", e.Mask}, {"heat_map", e.Heat}, {"record", e.Record}} {
		if want := e.Name + parts[i]; f.name != "" && f.name != want {
			return fmt.Errorf("%s: it is %.300q, want %q", f.field, f.name, want)
		}
	}
	if want := e.Name + modelPart; e.Own != "" && e.Own != want {
		return fmt.Errorf("model_picture: it is %.300q, want %q", e.Own, want)
	}
	if e.Photograph != "" {
		if err := files.CheckPlain(e.Photograph); err != nil {
			return fmt.Errorf("photograph: %w", err)
		}
	}
	if err := e.Decision.check(); err != nil {
		return err
	}
	for name := range e.Files {
		if !slices.Contains(parts, strings.TrimPrefix(name, e.Name)) {
			return fmt.Errorf("files: %.300q is not one of the picture's", name)
		}
	}
	return e.Files.CheckNames()
}

// gone reports whether a picture that was kept has no file any more.
func (e *entry) gone(dir string) bool {
	return e.Picture != "" && !slices.ContainsFunc(parts, func(part string) bool { return files.Exists(filepath.Join(dir, e.Name+part)) })
}

// complete reports whether all files of a picture are there, of one that was not
// kept none.
func (e *entry) complete(dir string) bool {
	return e.Picture == "" || !slices.ContainsFunc(parts, func(part string) bool { return !files.Exists(filepath.Join(dir, e.Name+part)) })
}
