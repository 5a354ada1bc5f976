package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// Report is results.json: all figures, and what they are figures of.
type Report struct {
	Format     int         `json:"evaluate"`
	Layout     string      `json:"layout"`
	Network    string      `json:"network"`
	Clip       string      `json:"clip,omitempty"`
	Reading    string      `json:"reading"`
	Resolution string      `json:"resolution"`
	Decoder    string      `json:"decoder"`
	Summaries  []*Summary  `json:"summaries"`
	Published  []Published `json:"published,omitempty"` // by others, of the same data set
	Rows       []untimed   `json:"rows"`

	text, path string // the tables, and where they are written
}

// untimed is a row without what differs between two runs of the same.
type untimed struct {
	Row
	Seconds *Seconds `json:"seconds,omitempty"`
}

// report writes the tables beside the rows.
func (d *Detection) report(p *plan, rows []*Row) (*Report, error) {
	report := &Report{Format: rowFormat, Layout: d.Layout, Network: p.detectors.network, Clip: p.detectors.clip, Reading: d.Reading, Resolution: d.resolutions(p), Decoder: decoder(), Summaries: summarize(rows)}
	for _, r := range rows {
		report.Rows = append(report.Rows, untimed{Row: *r})
	}
	report.Published = publishedBeside(report.names(), slices.ContainsFunc(report.Summaries, func(s *Summary) bool { return s.Shots == 1 }))
	data, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	report.tables(&b, rows)
	report.text, report.path = b.String(), filepath.Join(d.Out, "table.md")
	all, err := d.plots(report.Summaries, rows)
	if err != nil {
		return nil, err
	}
	all = append(all, files.File{Path: filepath.Join(d.Out, "results.json"), Data: append(data, '\n')}, files.File{Path: report.path, Data: b.Bytes()})
	tellSpeed(rows)
	return report, files.WriteAll(all...)
}

// print prints the tables.
func (r *Report) print() error {
	_, err := fmt.Printf("%s\n%s\n", r.text, r.path)
	return err
}

// resolutions says at which resolution pixels are judged, of each detector where that differs.
func (d *Detection) resolutions(p *plan) string {
	if !p.resolution.method {
		return p.resolution.String()
	}
	var all []string
	for _, name := range d.Detector {
		all = append(all, fmt.Sprintf("of %s %s", name, p.resolution.of(name, d.Reading)))
	}
	return strings.Join(all, "; ")
}

// plots are the files of curves, whose folder is made.
func (d *Detection) plots(all []*Summary, rows []*Row) ([]files.File, error) {
	if d.plain {
		return nil, nil
	}
	dir := filepath.Join(d.Out, "plots")
	drawn, err := plots(dir, all, rows)
	if err == nil && len(drawn) > 0 {
		err = os.MkdirAll(dir, 0o777)
	}
	return drawn, err
}

// tellSpeed says how long a picture took.
func tellSpeed(rows []*Row) {
	for _, name := range detectorNames {
		pictures, took := 0, Seconds{}
		for _, r := range rows {
			if r.Detector == name {
				pictures += r.Normal + r.Defective
				took.Detect += r.Seconds.Detect
			}
		}
		if pictures > 0 {
			fmt.Fprintf(os.Stderr, "%s: %.0f ms a picture\n", name, 1000*took.Detect/float64(pictures))
		}
	}
}

// oneLine is v as JSON in one line, without escapes that only HTML needs.
func oneLine(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
