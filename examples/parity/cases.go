package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// listed is an entry of the list of --cases. Paths are relative to the list.
type listed struct {
	Name   string   `json:"name"`
	Run    string   `json:"run"` // a component
	Model  string   `json:"model"`
	In     string   `json:"in"`
	Ref    string   `json:"ref"`
	Config string   `json:"config"`
	Rtol   *float64 `json:"rtol"`
	Error  []string `json:"error"` // in place of Ref: words of the message with which the case must fail

	Embedding  []string `json:"embedding"` // FILE or FILE:WORD
	LoRA       []string `json:"lora"`
	ControlNet string   `json:"controlnet"`
	Guess      bool     `json:"guess"`
	TAESD      string   `json:"taesd"`
	Like       string   `json:"like"`
}

// errNotThere is what a list may ask for and this program has not.
var errNotThere = errors.New("this program has it not")

// runCases runs the list of --cases, prints a line for each and returns an error that names those that failed. What
// needs something that this program has not is passed over.
func runCases(ctx context.Context, w io.Writer, o options) error {
	all, err := readCases(o.Cases)
	if err != nil {
		return err
	}
	var failed []string
	ran, skipped := 0, 0
	for _, c := range all {
		if matches, err := path.Match(cmp.Or(o.Only, "*"), c.Name); err != nil || !matches {
			continue
		}
		worst, err := c.runWith(ctx, o)
		var line string
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errNotThere):
			skipped++
			line = fmt.Sprintf("passed over  %s: %v", c.Name, err)
		case err != nil:
			ran, failed = ran+1, append(failed, c.Name)
			line = fmt.Sprintf("FAILED       %s: %v", c.Name, err)
		case c.Error != nil:
			ran++
			line = "ok           " + c.Name + ": it fails as it must"
		default:
			ran++
			line = fmt.Sprintf("ok           %s: %.1e of the largest value, at most %g", c.Name, worst, c.rtol(o))
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	switch {
	case ran+skipped == 0:
		return fmt.Errorf("%s has no case whose name matches --only %s", o.Cases, cmp.Or(o.Only, "*"))
	case len(failed) > 0:
		return fmt.Errorf("%d of %d cases failed: %s", len(failed), ran, strings.Join(failed, ", "))
	}
	_, err = fmt.Fprintf(w, "%d cases ran, %d were passed over\n", ran, skipped)
	return err
}

func readCases(file string) ([]listed, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []listed
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s: want a list of {\"name\": …, \"run\": COMPONENT, \"model\": …, \"in\": …, \"ref\": …}: %w", file, err)
	}
	for i, c := range all {
		switch {
		case c.Name == "" || c.Run == "" || c.Model == "":
			return nil, fmt.Errorf("%s: case %d, %q, has no name, no run or no model", file, i, c.Name)
		case (c.Ref == "") == (c.Error == nil):
			return nil, fmt.Errorf("%s: case %s wants either a reference, ref, or the words of an error", file, c.Name)
		}
	}
	return all, nil
}

// rtol is the case's own or that of --rtol.
func (c *listed) rtol(o options) float64 {
	if c.Rtol != nil {
		return *c.Rtol
	}
	return o.Rtol
}

// runWith runs the case and returns how far it is from its reference, as --rtol counts.
func (c *listed) runWith(ctx context.Context, o options) (worst float64, err error) {
	if err := c.missing(); err != nil {
		return 0, err
	}
	if err := c.fill(&o); err != nil {
		return 0, err
	}
	o.lines = io.Discard
	o.compared = func(all []comparison) {
		for _, one := range all {
			worst = max(worst, float64(one.Ratio))
		}
	}
	err = runOne(ctx, o)
	if c.Error == nil || errors.Is(err, errNotThere) || ctx.Err() != nil {
		return worst, err
	}
	if err == nil {
		return 0, fmt.Errorf("it runs, and must fail with an error that says %q", c.Error)
	}
	for _, word := range c.Error {
		if !strings.Contains(err.Error(), word) {
			return 0, fmt.Errorf("the error must say %q, and is: %w", word, err)
		}
	}
	return 0, nil
}

// missing names what the case needs and this program has not.
func (c *listed) missing() error {
	if !slices.Contains(names(), c.Run) {
		return fmt.Errorf("there is no component %q%.0w", c.Run, errNotThere)
	}
	for _, need := range []struct {
		is   bool
		what string
	}{
		{len(c.LoRA) > 0, "lora"}, {c.ControlNet != "", "controlnet"}, {c.Guess, "guess"}, {c.Like != "", "like"},
	} {
		if need.is {
			return fmt.Errorf("there is no --%s%.0w", need.what, errNotThere)
		}
	}
	return nil
}

// fill sets the options of a run to those of the case.
func (c *listed) fill(o *options) error {
	beside := func(file string) string {
		if file == "" || filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(filepath.Dir(o.Cases), filepath.FromSlash(file))
	}
	o.Run, o.Model, o.TAESD, o.Config = c.Run, beside(c.Model), beside(c.TAESD), beside(c.Config)
	o.In, o.Ref, o.Rtol = beside(c.In), beside(c.Ref), c.rtol(*o)
	for _, text := range c.Embedding {
		var w cli.WordFile
		if err := w.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("embedding: %w", err)
		}
		w.Path = beside(w.Path)
		o.Embedding = append(o.Embedding, w)
	}
	return nil
}
