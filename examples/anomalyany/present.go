package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// parts are the files of a picture, as its name goes on. The record comes last:
// where it is, the others are those that it is about.
var parts = []string{".png", "-mask.png", "-heat.png", ".json"}

// What to do about something that is taken.
const (
	wouldBeLost = "it would be overwritten: move it away, or give another --out"
	otherOut    = "give another --out, or --overwrite to replace it"
)

// present is what there is of a seed's picture.
type present struct {
	stem   string
	hashes map[string]string // SHA-256 of the files that are there, by what parts has
	record *record           // nil if there is none that can be read
	own    *Provenance       // that the picture carries, nil if it carries none
	entry  *entry            // of the index, nil if there is none
}

// look finds what there is of a seed's picture; nil if that is nothing. What is
// no file, or no file of this program, or has been changed since, is taken.
func (j *job) look(seed uint64) (*present, error) {
	p := &present{stem: j.stem(seed), hashes: map[string]string{}, entry: j.entryOf(seed)}
	for _, part := range parts {
		hash, err := files.HashPlain(p.stem + part)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, &taken{err, wouldBeLost}
		}
		p.hashes[part] = hash
	}
	if len(p.hashes) == 0 {
		return nil, nil
	}
	if p.hashes[".json"] != "" {
		if r, err := readRecordOf(p.stem, seed); err == nil {
			p.record = r
		} else if _, held := p.held(".json"); !held {
			return nil, &taken{err, wouldBeLost}
		}
	}
	if p.hashes[".png"] != "" {
		if c, err := readCarried(p.stem + ".png"); err == nil {
			p.own, _ = c.whole() // what cannot be read is not this program's
		}
	}
	for _, part := range parts {
		if p.hashes[part] == "" {
			continue
		}
		if path := p.stem + part; !p.owns(part) {
			if _, held := p.held(part); held || p.record != nil && len(p.record.Hashes) > 0 {
				return nil, &taken{fmt.Errorf("%s was changed since this program wrote it", path), wouldBeLost}
			}
			return nil, &taken{fmt.Errorf("%s is not known to be a file of this program", path), wouldBeLost}
		}
	}
	return p, nil
}

// held are the hashes that the index has of a part.
func (p *present) held(part string) ([]string, bool) {
	if p.entry == nil {
		return nil, false
	}
	hashes, ok := p.entry.Files[filepath.Base(p.stem)+part]
	return hashes, ok
}

// owns reports whether a part that is there is as this program wrote it: the index
// says so, or the picture's record. Those of an earlier version have no hashes;
// there it is enough that they name a picture which says whose it is.
func (p *present) owns(part string) bool {
	hashes, known := p.held(part)
	if slices.Contains(hashes, p.hashes[part]) {
		return true
	}
	if p.record != nil && len(p.record.Hashes) > 0 {
		if part == ".json" {
			return !known
		}
		return p.record.Hashes[kinds[part]] == p.hashes[part]
	}
	earlier := p.record != nil || p.entry != nil && p.entry.Picture != "" && len(p.entry.Files) == 0
	return !known && earlier && p.own != nil
}

// kinds are what the record calls the parts.
var kinds = map[string]string{".png": "picture", "-mask.png": "mask", "-heat.png": "heat map"}

// differences tells in which options the picture that is there differs from the
// one with identity id. Where it does not say how it was made, the index may.
func (p *present) differences(id files.Identity) ([]string, error) {
	var made []*Provenance
	if p.record != nil {
		made = append(made, &p.record.Provenance)
	}
	if p.own != nil {
		made = append(made, p.own)
	}
	for _, m := range made {
		before, err := m.identity()
		if err != nil {
			return nil, err
		}
		if all := differencesOf(id, before); len(all) > 0 {
			return all, nil
		}
	}
	if len(made) == 0 && (p.entry == nil || p.entry.Identity != id.Hash()) {
		return []string{"which ones nothing says, for picture and record are not there"}, nil
	}
	return nil, nil
}

// complete reports whether the record is there and about the files that are.
func (p *present) complete() bool {
	if p.record == nil || len(p.hashes) < len(parts) {
		return false
	}
	for part, kind := range kinds {
		if h, ok := p.record.Hashes[kind]; len(p.record.Hashes) > 0 && (!ok || h != p.hashes[part]) {
			return false
		}
	}
	return len(p.record.Hashes) > 0 || p.own != nil // of an earlier version
}

// maxRecord is the size up to which records are read, in bytes; others may have
// written them.
const maxRecord = 2 << 20

// readRecordOf reads the record of a seed's picture, whose files begin with
// stem. One that names other files, or another seed, is an error.
func readRecordOf(stem string, seed uint64) (*record, error) {
	path := stem + ".json"
	data, err := files.Read(path, maxRecord)
	if err != nil {
		return nil, err
	}
	var r record
	if err := nn.UnmarshalJSON(data, &r); err != nil {
		return nil, fmt.Errorf("%s is not a record of this program: %w", path, err)
	}
	if r.Seed != seed {
		return nil, fmt.Errorf("%s is not the record of this picture: seed: it is %d, want %d", path, r.Seed, seed)
	}
	for part, kind := range kinds {
		if want := filepath.Base(stem) + part; r.Files[kind] != want {
			return nil, fmt.Errorf("%s is not the record of this picture: files: %s: it is %.300q, want %q", path, kind, r.Files[kind], want)
		}
		if h, ok := r.Hashes[kind]; ok && !files.IsSHA256(h) {
			return nil, fmt.Errorf("%s is not a record of this program: files_sha256: %s: it is %.100q, want a SHA-256 in hexadecimal", path, kind, h)
		}
	}
	return &r, nil
}

// checkOptions refuses what was made with other options, unless it is to be
// replaced.
func (j *job) checkOptions(p *present, id files.Identity) (same bool, err error) {
	d, err := p.differences(id)
	if err != nil {
		return false, err
	}
	if len(d) > 0 && !j.spec.Overwrite {
		return false, &taken{fmt.Errorf("%s is a picture that was made with other options: %s", p.stem+".png", strings.Join(d, "; ")), otherOut}
	}
	return len(d) == 0, nil
}
