package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// results are the rows of a file, on the disk as soon as they are there.
type results struct {
	path      string
	folder    *files.Folder // held against other runs
	overwrite bool
	rows      []*Row          // in the order of their keys
	lines     map[*Row][]byte // as the file has them
}

const (
	resultsName = "results.jsonl"
	mostRows    = 1 << 28 // bytes of a file that are read
)

// nameOf is the file of a shard's rows.
func nameOf(s shard) string {
	if s.of <= 1 {
		return resultsName
	}
	return fmt.Sprintf("results-%d-of-%d.jsonl", s.i, s.of)
}

// openResults takes a folder for this run, or what a shard needs of it, and reads the rows that are there.
func openResults(out string, s shard, overwrite bool) (*results, error) {
	r := &results{path: filepath.Join(out, nameOf(s)), overwrite: overwrite}
	if err := checkFolder(out); err != nil {
		return nil, err
	}
	own := out
	if s.of > 1 { // others write into the folder at the same time
		own = filepath.Join(out, fmt.Sprintf(".shard-%d-of-%d", s.i, s.of))
	}
	folder, err := files.Hold(own)
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	r.folder = folder
	if r.rows, err = readRows(r.path); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *results) close() { r.folder.Release() }

// written are the names under which a run leaves something beside its rows.
var written = []string{"results.json", "table.md", "plots", "sheets", "maps"}

// checkFolder refuses a folder that has files of such names, and no rows that would say that they are this program's.
func checkFolder(out string) error {
	rows, err := filepath.Glob(filepath.Join(out, "results*.jsonl"))
	if err != nil || len(rows) > 0 {
		return err
	}
	for _, name := range written {
		path := filepath.Join(out, name)
		if within, err := os.ReadDir(path); err == nil && len(within) == 0 { // made for what was never written
			continue
		}
		if files.Exists(path) {
			return fmt.Errorf("%s is not known to be of this program, and would be overwritten: move it away, or give another --out", path)
		}
	}
	return nil
}

// readRows reads the rows of a file; none where it is not there.
func readRows(path string) ([]*Row, error) {
	data, err := files.Read(path, mostRows)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := decodeRows(data)
	if err != nil {
		return nil, fmt.Errorf("%s, %w; move it away, or give another --out", path, err)
	}
	return rows, nil
}

// decodeRows reads the lines of a file.
func decodeRows(data []byte) (rows []*Row, err error) {
	for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		row := new(Row)
		if err := nn.UnmarshalJSON(line, row); err != nil {
			return nil, fmt.Errorf("line %d, is no row of this program: %w", i+1, err)
		}
		if row.Format != rowFormat {
			return nil, fmt.Errorf("line %d, is no row of this version of the program: it says \"evaluate\": %d, want %d", i+1, row.Format, rowFormat)
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b *Row) int { return a.compare(b.key) })
	return rows, nil
}

// find is the row of a case, nil if there is none.
func (r *results) find(k key) *Row {
	if i, found := slices.BinarySearchFunc(r.rows, k, func(row *Row, k key) int { return row.compare(k) }); found {
		return r.rows[i]
	}
	return nil
}

// of are the rows of cases, in the order of files. Those that are missing are left out.
func (r *results) of(cases []*testCase) (rows []*Row) {
	for _, c := range cases {
		if row := r.find(c.key); row != nil {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b *Row) int { return a.compare(b.key) })
	return rows
}

// check refuses rows that were made with other options, or with --overwrite forgets them: they say nothing beside
// those of this run.
func (r *results) check(cases []*testCase) error {
	for _, c := range cases {
		row := r.find(c.key)
		if row == nil || row.Identity == c.options.Hash() {
			continue
		}
		if !r.overwrite {
			return fmt.Errorf("%s: the row of %s was made with other options: %s; give another --out, or --overwrite to replace it", r.path, c.key, strings.Join(c.options.Differences(row.Options), "; "))
		}
		r.rows = slices.DeleteFunc(r.rows, func(old *Row) bool { return old == row })
	}
	return nil
}

// add keeps a row, on the disk too, and writes what goes with it.
func (r *results) add(row *Row, with ...files.File) error {
	if old := r.find(row.key); old != nil {
		r.rows = slices.DeleteFunc(r.rows, func(one *Row) bool { return one == old })
	}
	i, _ := slices.BinarySearchFunc(r.rows, row.key, func(one *Row, k key) int { return one.compare(k) })
	r.rows = slices.Insert(r.rows, i, row)
	return r.write(with...)
}

// write writes the file, and what goes with it: all of it, or nothing.
func (r *results) write(with ...files.File) error {
	var b bytes.Buffer
	if r.lines == nil {
		r.lines = map[*Row][]byte{}
	}
	for _, row := range r.rows {
		line, ok := r.lines[row]
		if !ok {
			var err error
			if line, err = oneLine(row); err != nil {
				return err
			}
			r.lines[row] = line
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	all := append([]files.File{{Path: r.path, Data: b.Bytes()}}, with...)
	for _, f := range all {
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o777); err != nil {
			return err
		}
	}
	return files.WriteAll(all...)
}

// merge joins the rows of all shards in the folder, and reports on them. Rows that are missing are an error, after the
// tables of what is there.
func (d *Detection) merge(p *plan) error {
	r, err := openResults(d.Out, shard{}, d.Overwrite)
	if err != nil {
		return err
	}
	defer r.close()
	parts, err := filepath.Glob(filepath.Join(d.Out, "results-*-of-*.jsonl"))
	if err != nil {
		return err
	}
	for _, path := range parts {
		rows, err := readRows(path)
		if err != nil {
			return err
		}
		part := &results{path: path, rows: rows}
		if err := part.check(p.cases); err != nil {
			return err
		}
		for _, row := range rows {
			if r.find(row.key) == nil {
				r.rows = append(r.rows, row)
				slices.SortStableFunc(r.rows, func(a, b *Row) int { return a.compare(b.key) })
			}
		}
	}
	if err := r.check(p.cases); err != nil {
		return err
	}
	if len(r.rows) == 0 {
		return fmt.Errorf("--merge: there are no rows in %s, want results-0-of-N.jsonl and so on", d.Out)
	}
	if err := r.write(); err != nil {
		return err
	}
	report, err := d.report(p, r.of(p.cases))
	if err == nil {
		err = report.print()
	}
	if err != nil {
		return err
	}
	return missing(p.cases, r)
}

// missing is an error that lists the rows which are not there.
func missing(cases []*testCase, r *results) error {
	var names []string
	for _, c := range cases {
		if r.find(c.key) == nil {
			names = append(names, c.key.String())
		}
	}
	if len(names) == 0 {
		return nil
	}
	const most = 20
	text := strings.Join(names[:min(most, len(names))], "\n  ")
	if n := len(names) - most; n > 0 {
		text += fmt.Sprintf("\n  and %d more", n)
	}
	return fmt.Errorf("%d of %d rows are missing:\n  %s", len(names), len(cases), text)
}
