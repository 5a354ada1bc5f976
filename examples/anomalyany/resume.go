package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// parts are the files of a picture, as its name goes on. The record comes last:
// where it is, the others are.
var parts = []string{".png", "-mask.png", "-heat.png", ".json"}

// left returns the seeds that are to be made: all of them, or with --resume
// those that are not finished.
func (j *job) left(ctx context.Context) ([]uint64, error) {
	var seeds []uint64
	for i := range j.flags.N {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		seed := j.flags.Seed + uint64(i)
		done := false
		if j.flags.Resume {
			var err error
			if done, err = j.finished(seed); err == nil && !done {
				_, err = j.readState(seed) // better refused now than hours later
			}
			if err != nil {
				return nil, err
			}
		} else if path := j.statePath(seed); files.Exists(path) {
			fmt.Fprintf(os.Stderr, "%s is of an interrupted run; this one begins again (--resume goes on)\n", path)
		}
		if !done {
			seeds = append(seeds, seed)
		}
	}
	if n := j.flags.N - len(seeds); n > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d pictures are finished\n", n, j.flags.N)
	}
	return seeds, nil
}

// finished tells whether a seed's picture is there, or failed and is not to be
// kept. A picture that was made with other options is an error.
func (j *job) finished(seed uint64) (bool, error) {
	id, err := j.identity()
	if err != nil {
		return false, err
	}
	e := j.entryOf(seed)
	for _, part := range parts {
		if !files.Exists(j.name(seed) + part) {
			return e != nil && e.Picture == "" && e.Identity == id.hash() && len(e.Scores.judge(j.flags.Series)) > 0 && j.flags.Keep == "good", nil
		}
	}
	path := j.name(seed) + ".json"
	var r record
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return false, fmt.Errorf("--resume: %s: %w", path, err)
	}
	before, err := identityOf(r.Options, r.Inputs, r.Model)
	if err != nil {
		return false, err
	}
	if d := id.differences(before); len(d) > 0 {
		return false, fmt.Errorf("--resume: %s is the record of a picture with other options: %s; give another --out, or leave --resume away to make it again", path, strings.Join(d, "; "))
	}
	// A run that was killed between two names lacks the index only.
	return true, errors.Join(j.adopt(seed, r, id), j.removeState(seed))
}

// entryOf is a seed's entry in the index, nil if there is none.
func (j *job) entryOf(seed uint64) *entry {
	name := filepath.Base(j.name(seed))
	for i := range j.index.Entries {
		if j.index.Entries[i].Name == name {
			return &j.index.Entries[i]
		}
	}
	return nil
}

// adopt enters a finished picture into the index, by the limits of this run.
func (j *job) adopt(seed uint64, r record, id identity) error {
	return j.settle(j.entry(seed, r, id), nil)
}

// keeps tells whether a picture's files are kept.
func (j *job) keeps(e entry) bool { return e.Good() || j.flags.Keep != "good" }

// settle writes a picture's files and the index, in one piece. Of a failed
// picture with --keep good only the index is written, and what there is of it
// is removed.
func (j *job) settle(e entry, made []files.File) error {
	stem := filepath.Join(j.flags.Out, e.Name)
	keep := j.keeps(e)
	if !keep {
		made = nil
		e.Picture, e.Mask, e.Heat, e.Record = "", "", "", ""
	}
	x, err := readIndex(j.flags.Out) // another run may have written it
	if err != nil {
		return err
	}
	x.put(e)
	list, err := x.files(j.flags.Out)
	if err != nil {
		return err
	}
	j.index = x
	if err := files.WriteAll(append(made, list...)...); err != nil || keep {
		return err
	}
	for _, part := range parts {
		if rm := os.Remove(stem + part); rm != nil && !errors.Is(rm, os.ErrNotExist) {
			err = errors.Join(err, rm)
		}
	}
	return err
}
