package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// step is a part of the work, and what came of it: the record that is kept, and a section of the report.
type step struct {
	Name     string          `json:"step"`
	Title    string          `json:"title"`
	State    state           `json:"state"`
	Why      string          `json:"why,omitempty"` // it was left out, or failed
	Key      string          `json:"key"`           // of all that the results depend on
	Seconds  float64         `json:"seconds"`       // of the run that did it; one that was interrupted before is not in it
	Commands []called        `json:"commands,omitempty"`
	Results  json.RawMessage `json:"results,omitempty"`
	Tables   string          `json:"tables,omitempty"` // for people, Markdown
	Pictures []figure        `json:"pictures,omitempty"`

	title   string            // for progress
	depends map[string]string // on what, beside the model and the program
	lacks   func() string     // why it cannot be done, "" where it can; asked when its turn comes
	do      func(ctx context.Context, s *step) error
}

// figure is a picture of the report.
type figure struct {
	Caption string `json:"caption"`
	File    string `json:"file"` // relative to OUT
}

type state string

const (
	stateDone    state = "done"
	stateLeftOut state = "left out"
	stateFailed  state = "failed"
	stateWaiting state = "not begun"
)

// run is one run of the program.
type run struct {
	options
	private private
	model   model
	data    *data // nil without one
	subject subject
	steps   []*step
}

// begin finds out what there is, and lists the steps.
func begin(ctx context.Context, o options) (*run, error) {
	r := &run{options: o, private: newPrivate(o)}
	if err := r.identify(ctx); err != nil {
		return nil, err
	}
	if err := r.readData(ctx); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(o.Out, recordFolder), 0o777); err != nil {
		return nil, err
	}
	r.steps = slices.Concat(r.paritySteps(), r.presetSteps(), r.tableSteps())
	for _, s := range r.steps {
		s.title, s.State, s.Key = s.Title, stateWaiting, r.key(s)
	}
	return r, nil
}

// key is the same for steps of the same results.
func (r *run) key(s *step) string {
	id := files.Identity{"step": s.Name, "program": version(), "model": r.model.hash, "device": r.Device}
	for name, value := range s.depends {
		id["of "+name] = value
	}
	return id.Hash()
}

// recordFolder is where records are kept, workFolder what they are of.
const (
	recordFolder = "steps"
	workFolder   = "work"
)

// folder is where a step works: one of its own for everything that it depends on.
func (r *run) folder(s *step) string { return filepath.Join(r.Out, workFolder, s.Name+"-"+s.Key) }

// take does a step, unless it was done, and writes the report. The error is of the context or of the report; the step's own
// is in the report.
func (r *run) take(ctx context.Context, s *step, said string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if kept, err := r.record(s); err != nil {
		return err
	} else if kept {
		fmt.Fprintf(os.Stderr, "%s: done before, in %.1f s\n", said, s.Seconds)
		return r.write()
	}
	if why := s.lacks(); why != "" {
		s.State, s.Why = stateLeftOut, why
		fmt.Fprintf(os.Stderr, "%s: left out: %s\n", said, why)
		return r.write()
	}
	fmt.Fprintf(os.Stderr, "%s\n", said)
	begun := time.Now()
	err := os.MkdirAll(r.folder(s), 0o777)
	if err == nil {
		err = s.do(ctx, s)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.Seconds, s.State = since(begun), stateDone
	if err != nil {
		s.State, s.Why = stateFailed, r.private.text(err.Error())
		fmt.Fprintf(os.Stderr, "%s: failed: %v\n", said, err)
		return r.write()
	}
	data, err := json.MarshalIndent(s, "", " ")
	if err == nil {
		err = files.Write(r.recordPath(s), append(data, '\n'))
	}
	return cmp.Or(err, r.write())
}

func (r *run) recordPath(s *step) string {
	return filepath.Join(r.Out, recordFolder, s.Name+".json")
}

// mostRecord bounds what is read again.
const mostRecord = 64 << 20

// record takes what an earlier run has left of the same step.
func (r *run) record(s *step) (kept bool, err error) {
	data, err := files.Read(r.recordPath(s), mostRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	was := *s
	if err == nil {
		err = json.Unmarshal(data, &was)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w; remove it, and the step is done again", r.recordPath(s), err)
	}
	if was.Key != s.Key || was.State != stateDone {
		return false, nil
	}
	*s = was
	return true, nil
}

// lacking is the first reason that there is.
func lacking(reasons ...string) func() string {
	return func() string { return cmp.Or(reasons...) }
}

// when is a reason where it holds.
func when(lacks bool, why string) string {
	if lacks {
		return why
	}
	return ""
}

// version is that of the program, as far as it knows.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" && s.Value == "true" {
			text += " " + s.Key[len("vcs."):] + " " + s.Value
		}
	}
	return text
}
