package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// provenanceFile says of the pictures of a data set that anomalyany has written which photographs they were made from.
const provenanceFile = "provenance.jsonl"

// Of the file, which may be of others, in bytes.
const (
	longestLine = 4 << 20
	mostLines   = 1 << 28
)

// sources are the SHA-256 of the photographs that pictures were made from, by the pictures' paths; none of those that
// nothing is known of.
func sources(root fs.FS) (map[string]string, error) {
	f, err := root.Open(provenanceFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return decodeSources(f)
}

// decodeSources reads the lines of the file.
func decodeSources(r io.Reader) (map[string]string, error) {
	lines := bufio.NewScanner(io.LimitReader(r, mostLines))
	lines.Buffer(nil, longestLine)
	of := map[string]string{}
	for lines.Scan() {
		var line struct{ Picture, Source string }
		if err := nn.UnmarshalJSON(lines.Bytes(), &line); err != nil {
			return nil, nil // it is of somebody else
		}
		if line.Picture != "" && files.IsSHA256(line.Source) {
			of[line.Picture] = line.Source
		}
	}
	return of, lines.Err()
}

// ofOthers counts the generated pictures whose photographs are none of the references: what they show of normal parts is
// news to a detector, so that a row with them is not only about defects. It is nil where nothing is known.
func (g *generated) ofOthers(root fs.FS, references []dataset.Item) (*int, error) {
	of, err := sources(g.root)
	if err != nil || len(of) == 0 {
		return nil, err
	}
	own := map[string]bool{}
	for _, it := range references {
		data, err := fs.ReadFile(root, it.Picture)
		if err != nil {
			return nil, err
		}
		own[files.SHA256(data)] = true
	}
	n := 0
	for _, it := range g.items {
		if source := of[it.Picture]; source != "" && !own[source] {
			n++
		}
	}
	return &n, nil
}
