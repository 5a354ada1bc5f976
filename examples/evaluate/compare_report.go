package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// CompareReport is compare.json.
type CompareReport struct {
	Format  int             `json:"evaluate"`
	Program string          `json:"program"`
	Model   string          `json:"model,omitempty"` // of the user's, with which pictures of photographs are made
	Seeds   []uint32        `json:"seeds"`
	Grounds []*GroundReport `json:"grounds"`
}

// GroundReport is what methods came to on unseen or seen pairs, or on photographs.
type GroundReport struct {
	Name     string          `json:"name"`
	Parts    []string        `json:"parts"`
	Pictures int             `json:"pictures_of_each_reference"`
	Methods  []*MethodReport `json:"generators"`
	Scale    *scale          `json:"scale,omitempty"`
	Floor    *Summary        `json:"patchcore"` // what a detector learns of the references alone
}

// MethodReport is what one method came to. Figures are fractions.
type MethodReport struct {
	Name       string            `json:"name"`
	Wanted     int               `json:"pictures_wanted"`
	Passed     int               `json:"pictures_passed"`
	Tries      int               `json:"tries"`
	Figures    *figures          `json:"figures,omitempty"`    // what its pictures are like
	Learned    *Summary          `json:"learned"`              // what the probe learns of them
	Difference map[string]Spread `json:"difference,omitempty"` // of that from what it learns of AnomalyAny's
}

// count counts what became of the pictures.
func (m *MethodReport) count(all []errand) error {
	for _, e := range all {
		record, err := e.record()
		if err != nil {
			return err
		}
		for _, p := range record.Pictures {
			m.Wanted++
			m.Tries += p.Tries
			if p.Passed {
				m.Passed++
			}
		}
	}
	return nil
}

// of is the report of a method, nil where there is none.
func (r *GroundReport) of(name string) *MethodReport {
	for _, m := range r.Methods {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// differ computes the differences from AnomalyAny, seed by seed.
func (r *GroundReport) differ() {
	from := r.of(anomalyAnyName)
	for _, m := range r.Methods {
		if from != nil && m != from {
			m.Difference = m.Learned.differences(from.Learned)
		}
	}
}

// compareName is that of the files.
const compareName = "compare"

// write prints the tables, and writes them with the figures.
func (r *CompareReport) write(dir string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, g := range r.Grounds {
		g.tables(&b)
	}
	for _, line := range append(slices.Clone(learnedLegend), figureLegend...) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	if r.Model != "" {
		fmt.Fprintf(&b, "- AnomalyAny and SDAS have the model %s\n", r.Model)
	}
	table := filepath.Join(dir, compareName+".md")
	err = files.WriteAll(files.File{Path: filepath.Join(dir, compareName+".json"), Data: append(data, '\n')}, files.File{Path: table, Data: b.Bytes()})
	if err == nil {
		_, err = fmt.Printf("%s\n%s\n", b.String(), table)
	}
	return err
}

// comparedMetrics are the figures of detection in the table.
var comparedMetrics = []struct{ name, short string }{
	{"picture_auroc", "pictures: AUROC"}, {"pixel_auroc", "pixels: AUROC"}, {"aupro_0.3", "AUPRO 0.3"},
}

// tables are the report for people.
func (r *GroundReport) tables(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.title())
	learned := [][]string{{"learns from"}}
	for _, m := range comparedMetrics {
		learned[0] = append(learned[0], m.short, "difference")
	}
	for _, m := range r.Methods {
		learned = append(learned, append([]string{m.Name}, learnedCells(m.Learned.Figures, m.Difference)...))
	}
	learned = append(learned, append([]string{"nothing (PatchCore)"}, learnedCells(r.Floor.Figures, nil)...))
	writeRows(w, learned)
	if r.Scale != nil {
		writeRows(w, r.likeness())
	}
}

// title says what a table is about.
func (r *GroundReport) title() string {
	of := r.Name + " pairs"
	if r.Name == photographs {
		of = r.Name
	}
	return fmt.Sprintf("On %s: %s, %s of each, %s of a reference", of, counted(len(r.Parts), "part"), counted(len(r.Floor.Seeds), "reference"), counted(r.Pictures, "picture"))
}

// likeness are the rows that say what pictures are like.
func (r *GroundReport) likeness() [][]string {
	rows := [][]string{append([]string{"pictures of", "passed", "tries"}, figureTitles...)}
	for _, m := range r.Methods {
		rows = append(rows, append([]string{m.Name, fmt.Sprintf("%d of %d", m.Passed, m.Wanted), fmt.Sprint(m.Tries)}, m.Figures.cells()...))
	}
	return append(rows, append([]string{"true defects", none, none}, r.Scale.True.cells()...), append([]string{"nothing done", none, none}, r.Scale.Nothing.cells()...))
}

// none is a cell of what is not defined.
const none = "–"

// writeRows writes rows below their titles, without columns in which nothing is defined.
func writeRows(w io.Writer, rows [][]string) {
	t := show.NewTable(w)
	for i, row := range rows {
		var cells, rule []string
		for c := range row {
			if c > 0 && !slices.ContainsFunc(rows[1:], func(r []string) bool { return r[c] != none }) {
				continue
			}
			cells, rule = append(cells, row[c]), append(rule, "---:")
		}
		t.Row(cells...)
		if rule[0] = "---"; i == 0 {
			t.Row(rule...)
		}
	}
	t.Flush()
	fmt.Fprintln(w)
}

// learnedCells are figures, and their differences from AnomalyAny's.
func learnedCells(learned, difference map[string]Spread) (cells []string) {
	for _, m := range comparedMetrics {
		pair := [2]string{none, none}
		if s, ok := learned[m.name]; ok {
			pair[0] = percent(s)
		}
		if s, ok := difference[m.name]; ok {
			pair[1] = more(s)
		}
		cells = append(cells, pair[:]...)
	}
	return cells
}

// learnedLegend says what the figures of detection mean.
var learnedLegend = []string{
	"learns from: the probe learns from a reference and from what was made of it, and is tested on true defects; in percent, means over parts, ± the deviation over draws of references; difference: from what it learns of AnomalyAny's pictures, reference by reference",
	"AnomalyAny, AnomalyDiffusion, and ideal, the true defects drawn on the very references, are asked for the defects that are tested; the others make what they make",
	"AnomalyDiffusion alone has seen such defects: it has learned a word for each of a part from true drawings (--examples), none of which are tested",
	"passed: pictures that their method's own scores let pass, of those that were wanted; the others were tried " + fmt.Sprint(compareTries) + " times, and are left out but where all of a reference are such",
}
