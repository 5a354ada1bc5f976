package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// FuzzRows: whatever lies in the place of rows is an error, or rows that are written as they were read and fit into the
// tables.
func FuzzRows(f *testing.F) {
	row := &Row{Format: rowFormat, key: key{"nut", "padim", 8, 3, true}, Options: files.Identity{"--reading": "official"}, References: []string{"a.png"},
		Picture: &PictureFigures{AUROC: 0.5}, Pixel: &PixelFigures{AUPRO30: 0.25}, Scores: []Score{{"b.png", 1, true}}, Curves: Curves{ROC: []Point{{0, 0}, {1, 1}}}}
	line, err := oneLine(row)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(append(line, '\n'), line...))
	f.Add([]byte(`{"evaluate":1,"shots":"all","category":"x"}`))
	f.Add([]byte(`{"evaluate":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := decodeRows(data)
		if err != nil {
			return
		}
		report := Report{Summaries: summarize(rows)}
		report.tables(io.Discard, rows)
		var b bytes.Buffer
		for _, row := range rows {
			line, err := oneLine(row)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(line, '\n'))
		}
		again, err := decodeRows(b.Bytes())
		if err != nil {
			t.Fatalf("rows that were written are not read: %v", err)
		}
		if len(again) != len(rows) {
			t.Fatalf("%d rows of %d", len(again), len(rows))
		}
		for i := range rows {
			if diff := cmp.Diff(rows[i].key, again[i].key, cmp.AllowUnexported(key{})); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// FuzzSources: whatever lies in the place of provenance.jsonl, photographs are told by what may be a SHA-256.
func FuzzSources(f *testing.F) {
	f.Add([]byte(`{"format":"sdgraph data set 1"}` + "\n" + `{"picture":"a.png","source":"d486132e30d8f22a33bef2f7c0b25f6989b18d8b1a575c9fdd8bc2db72a78549"}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		of, err := decodeSources(bytes.NewReader(data))
		if err != nil {
			return
		}
		for picture, source := range of {
			if picture == "" || !files.IsSHA256(source) {
				t.Errorf("%q is of %q", picture, source)
			}
		}
	})
}
