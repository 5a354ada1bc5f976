package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// record is a picture's JSON file: how it was made, and what came out.
type record struct {
	Provenance
	Tokens    []string               `json:"tokens,omitempty"`         // of the prompt, without padding
	Anomaly   []int                  `json:"anomaly_tokens,omitempty"` // positions in the prompt
	Size      [2]int                 `json:"size"`                     // width, height
	MapSize   [2]int                 `json:"map_size,omitzero"`        // of the attention maps
	Fit       string                 `json:"photograph"`               // what the model sees of it, and its colours
	Steps     int                    `json:"steps_run,omitempty"`
	Refine    int                    `json:"steps_refined,omitempty"`
	MaskShare float64                `json:"mask_share"`      // of the picture's area
	Place     *place                 `json:"place,omitempty"` // where the defect was to be, where each picture has a place of its own
	Notes     []string               `json:"notes,omitempty"` // what the model does not know, and what was done about a thin mask
	Scores    anomalyany.Scores      `json:"scores"`
	Seconds   float64                `json:"seconds"` // of the run that finished it
	Files     map[string]string      `json:"files"`
	Hashes    map[string]string      `json:"files_sha256"`
	Generated any                    `json:"generated,omitempty"` // how another generator made it, with its draws
	Trace     []anomalyany.StepTrace `json:"trace,omitempty"`
}

// encoded is a picture's files before they are written.
type encoded struct {
	id    files.Identity
	rec   record
	files []files.File // the PNG files, in the order of parts, and the record
	asked []shared     // those that it has only where they are asked for
}

// encode encodes a picture, its mask, its heat map and its record. It takes long enough for several pictures to be
// encoded at the same time.
func (m *outcome) encode() (f *encoded, err error) {
	j, f := m.job, &encoded{}
	how, id, err := j.provenance(m.seed)
	if err != nil {
		return nil, err
	}
	if f.files, err = j.pictures(how, m.sample, m.soft); err != nil {
		return nil, err
	}
	f.id, f.rec = id, j.record(m, how, m.sample, f.files)
	data, err := readable(f.rec)
	if err != nil {
		return nil, err
	}
	f.files = append(f.files, files.File{Path: j.stem(m.seed) + ".json", Data: data})
	f.asked, err = j.asked(m)
	return f, err
}

// write saves a picture's files, and the index, and returns the picture's paths.
func (j *job) write(m *outcome, f *encoded) ([]string, error) {
	e, saved := j.entry(f.rec, f.id), f.files
	if m.own != nil {
		e.Own = f.asked[0].name
	}
	if err := j.commit(e, saved, f.asked...); err != nil {
		return nil, err
	}
	var paths []string
	for _, f := range saved {
		if j.keeps(e) {
			paths = append(paths, f.Path)
		}
	}
	return append(paths, filepath.Join(j.spec.Out, "index.html")), nil
}

// pictures are a picture's PNG files, in the order of parts.
func (j *job) pictures(how Provenance, made anomaly.Sample, soft anomaly.Map) ([]files.File, error) {
	heat, err1 := soft.HeatMap(made.Picture)
	texts, err2 := how.texts()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	colours := j.canvas.Colours
	var all []files.File
	for i, encode := range []func() ([]byte, error){
		func() ([]byte, error) { return colours.EncodePNG(made.Picture, texts) },
		func() ([]byte, error) { return images.EncodePNG(made.Mask, nil) },
		func() ([]byte, error) { return colours.EncodePNG(heat, nil) },
	} {
		path := j.stem(how.Seed) + parts[i]
		data, err := encode()
		if err != nil {
			return nil, fmt.Errorf("picture %s: %w", path, err)
		}
		all = append(all, files.File{Path: path, Data: data})
	}
	return all, nil
}

// record is the record of a picture whose PNG files are saved.
func (j *job) record(m *outcome, how Provenance, made anomaly.Sample, saved []files.File) record {
	size := made.Picture.Bounds().Size()
	r := record{
		Provenance: how, Size: [2]int{size.X, size.Y}, Fit: j.canvas.String(),
		MaskShare: float64(bytes.Count(made.Mask.Pix, []byte{255})) / float64(len(made.Mask.Pix)),
		Place:     j.place, Notes: j.notes(), Scores: m.scores, Seconds: m.took.Seconds(),
		Files: map[string]string{}, Hashes: map[string]string{},
	}
	m.how(&r)
	for i, f := range saved {
		kind := kinds[parts[i]]
		r.Files[kind], r.Hashes[kind] = filepath.Base(f.Path), files.SHA256(f.Data)
	}
	return r
}

// readable is v as JSON for people.
func readable(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return shortLists(b.Bytes()), err
}

// longestList is the length up to which a list is one line, in bytes.
const longestList = 120

// shortLists has every short list of numbers and texts in one line.
func shortLists(indented []byte) []byte {
	var out []byte
	for at := 0; at < len(indented); {
		switch c := indented[at]; c {
		case '"':
			n := textLength(indented[at:])
			out = append(out, indented[at:at+n]...)
			at += n
		case '[':
			line, n := listLine(indented[at:])
			out = append(out, line...)
			at += n
		default:
			out = append(out, c)
			at++
		}
	}
	return out
}

// textLength is how long a JSON text is, with its quotes.
func textLength(from []byte) int {
	for i := 1; i < len(from); i++ {
		switch from[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(from)
}

// listLine is a list in one line, and how long it was; its bracket alone where it is no short list.
func listLine(from []byte) (line []byte, n int) {
	depth := 0
	for n < len(from) && len(line) <= longestList {
		switch c := from[n]; c {
		case '{':
			return from[:1], 1
		case '"':
			text := textLength(from[n:])
			line = append(line, from[n:n+text]...)
			n += text
			continue
		case '\n', ' ':
		case ',':
			line = append(line, ", "...)
		case '[':
			depth++
			line = append(line, c)
		case ']':
			line = append(line, c)
			if depth--; depth == 0 {
				return line, n + 1
			}
		default:
			line = append(line, c)
		}
		n++
	}
	return from[:1], 1
}

// promptTokens are the prompt's tokens from the start to the end token.
func (j *job) promptTokens() []string {
	t := j.model.Tokenizer
	ids, end := t.Encode(j.options.Prompt), t.Encode("")[1]
	return t.Tokens(ids[:slices.Index(ids[1:], end)+2])
}
