package main

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

//go:embed page.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what the template shows.
type page struct {
	report
	Parity   []parityRow
	Sections []section
	Count    string
}

// parityRow is a component beside diffusers.
type parityRow struct {
	*step
	Component, Tensors, Worst, Ratio, Allowed, Verdict string
	Reference, Ours                                    string // seconds, with opening the model
	Class                                              string // of the verdict: good, bad or soft
	Blocks                                             []block
}

// section is any other step.
type section struct {
	*step
	Blocks []block
	Shown  []shown
}

// shown is a picture inside the page.
type shown struct {
	Caption string
	URL     template.URL
}

// mostShown bounds a picture of the page, in bytes.
const mostShown = 8 << 20

// page is the report for people, one file without anything from elsewhere.
func (r *run) page(of report) ([]byte, error) {
	p := page{report: of}
	done := 0
	for _, s := range r.steps {
		if s.State == stateDone {
			done++
		}
		if s.parity() {
			row, err := r.parityRow(s)
			if err != nil {
				return nil, err
			}
			p.Parity = append(p.Parity, row)
			continue
		}
		of := section{step: s, Blocks: blocks(s.Tables)}
		for _, f := range s.Pictures {
			if data, err := files.Read(filepath.Join(r.Out, filepath.FromSlash(f.File)), mostShown); err == nil && !r.NoPhotographs {
				of.Shown = append(of.Shown, shown{f.Caption, template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(data))})
			}
		}
		p.Sections = append(p.Sections, of)
	}
	p.Count = fmt.Sprintf("%d of %d steps done", done, len(r.steps))
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return b.Bytes(), err
}

// parityRow says of a component how far it is from diffusers.
func (r *run) parityRow(s *step) (parityRow, error) {
	row := parityRow{step: s, Component: strings.TrimPrefix(s.Title, "parity with diffusers: "), Verdict: string(s.State), Blocks: blocks(s.Tables)}
	for _, c := range s.Commands {
		seconds := fmt.Sprintf("%.1f", c.Seconds)
		if strings.HasPrefix(c.Command, "PYTHON") {
			row.Reference = seconds
		} else {
			row.Ours = seconds
		}
	}
	switch s.State {
	case stateDone:
		row.Verdict, row.Class = "equal", "good"
	case stateFailed:
		row.Class = "bad"
		return row, nil
	default:
		row.Class = "soft"
		return row, nil
	}
	if s.Results == nil {
		return row, nil
	}
	var p parityReport
	if err := json.Unmarshal(s.Results, &p); err != nil {
		return row, fmt.Errorf("%s: %w", s.Name, err)
	}
	worst := p.worst()
	row.Tensors, row.Worst, row.Ratio, row.Allowed = fmt.Sprint(len(p.Tensors)), worst.Name, number(worst.Ratio), fmt.Sprintf("%.0e", p.Rtol)
	if row.Verdict = "within"; len(p.Bad) > 0 {
		row.Verdict, row.Class = "not within", "bad"
	}
	return row, nil
}

// block is a table, or lines between tables.
type block struct {
	Head  []string
	Rows  [][]string
	Lines []string
}

// blocks cuts Markdown, as this module's programs write it, into tables and lines.
func blocks(text string) (all []block) {
	in := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch row := strings.HasPrefix(line, "|"); {
		case line == "":
			in = false
		case row && !in:
			all, in = append(all, block{Head: cells}), true
		case row && strings.Trim(strings.Join(cells, ""), "-: ") == "":
		case row:
			last := &all[len(all)-1]
			last.Rows = append(last.Rows, cells)
		default:
			if in = false; len(all) == 0 || all[len(all)-1].Head != nil {
				all = append(all, block{})
			}
			last := &all[len(all)-1]
			last.Lines = append(last.Lines, strings.TrimPrefix(line, "- "))
		}
	}
	return all
}
