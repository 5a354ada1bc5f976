package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// index is the file index.json of an output directory: all pictures of this
// program in it, those that failed and were not kept, and every file that the
// program has written there. It is kept in memory; the directory is held.
type index struct {
	Pictures int // those of Entries that are finished
	Failed   int
	Usable   int
	Entries  []entry        // by their names
	Files    files.Holdings // that are not of one picture alone

	encoded map[string][]byte // entries as the file has them, by their names
	unshown int               // how many have changed since the page was written
	stale   bool              // the page may show some that are not there
}

const indexFormat = "anomalyany index 1"

// entry is a picture of the index. Names are of files in the directory, empty
// where the picture failed and was not kept.
type entry struct {
	Name       string            `json:"name"`
	Generator  string            `json:"generator,omitempty"` // empty for AnomalyAny
	Object     string            `json:"object"`
	Anomaly    string            `json:"anomaly"`
	Prompt     string            `json:"prompt"`
	Seed       uint64            `json:"seed"`
	Picture    string            `json:"picture"`
	Mask       string            `json:"mask"`
	Heat       string            `json:"heat_map"`
	Record     string            `json:"record"`
	Own        string            `json:"model_picture,omitempty"` // as the model made it, where that is kept
	Photograph string            `json:"photograph"`              // as it was compared; empty without one
	Scores     anomalyany.Scores `json:"scores"`
	Failed     []string          `json:"failed"` // why; empty for a good one
	Decision   decision          `json:"decision,omitempty"`
	Notes      []string          `json:"notes,omitempty"`
	Seconds    float64           `json:"seconds"`
	Identity   string            `json:"identity"` // the same for pictures that only their seed tells apart
	Files      files.Holdings    `json:"files,omitempty"`

	unfinished bool // some of its files are not there, so it is not shown
}

// Good reports whether the picture passed.
func (e entry) Good() bool { return len(e.Failed) == 0 }

// entry is a picture for the index, by the limits of this run. What somebody has
// decided about it stays.
func (j *job) entry(r record, id files.Identity) entry {
	name := filepath.Base(j.stem(r.Seed))
	return entry{
		Name: name, Generator: j.spec.generatorNoted(), Object: j.spec.Object, Anomaly: strings.Join(j.spec.defects(), ", "), Prompt: r.Prompt, Seed: r.Seed,
		Picture: name + parts[0], Mask: name + parts[1], Heat: name + parts[2], Record: name + parts[3],
		Photograph: j.photographName(), Scores: r.Scores, Failed: j.spec.judge(r.Scores), Notes: r.Notes, Seconds: r.Seconds, Identity: id.Hash(),
		Decision: j.folder.index.decided(name, id.Hash(), r.Hashes[kinds[parts[0]]]),
	}
}

// Heading is what the picture is called for people.
func (e entry) Heading() string { return heading(e.Generator, e.Object, e.Prompt) }

// Called is what the generator is called by its authors.
func (e entry) Called() string { return methods[e.Generator].called }

// photographName is the file that shows the photograph as the pictures are
// compared with it, for one photograph, size and crop always the same; empty
// without a photograph.
func (j *job) photographName() string {
	h, ok := j.inputs["image"]
	if !ok {
		return ""
	}
	profile := ""
	if j.profiled { // of an earlier version there may be one without
		profile = "-profile"
	}
	return fmt.Sprintf("photograph-%s-%dx%d%s.png", h[:8], j.size.X, j.size.Y, profile)
}

// photograph is that file, unless it is there.
func (j *job) photograph() ([]shared, error) {
	if name := j.photographName(); name == "" || files.Exists(j.folder.Path(name)) {
		return nil, nil
	}
	s, err := j.photographFile()
	return []shared{s}, err
}

// photographFile has the photograph read where it is not at hand: where pictures are
// finished and it alone is missing.
func (j *job) photographFile() (shared, error) {
	if j.canvas == nil {
		of := j.with(j.model)
		if err := of.open(context.Background()); err != nil {
			return shared{}, err
		}
		j = of
	}
	colours := j.canvas.Colours
	colours.Grey = colours.Grey && j.profiled // those of earlier versions had three channels
	data, err := colours.EncodePNG(j.canvas.Photograph(), nil)
	return shared{j.photographName(), data}, err
}

// find is the place of a name among the entries.
func (x *index) find(name string) (at int, found bool) {
	return slices.BinarySearchFunc(x.Entries, name, func(e entry, name string) int { return strings.Compare(e.Name, name) })
}

// entry is the entry of a name, nil if there is none.
func (x *index) entry(name string) *entry {
	if i, found := x.find(name); found {
		return &x.Entries[i]
	}
	return nil
}

// links reports whether the page links to a file.
func (x *index) links(name string) bool {
	return name != "" && slices.ContainsFunc(x.Entries, func(e entry) bool {
		return !e.unfinished && slices.Contains([]string{e.Picture, e.Mask, e.Heat, e.Record, e.Own, e.Photograph}, name)
	})
}

// filesOf is a copy of what there may be of a picture's files.
func (x *index) filesOf(name string) files.Holdings {
	held := files.Holdings{}
	if e := x.entry(name); e != nil {
		maps.Copy(held, e.Files)
	}
	return held
}

// put adds a picture, or takes the place of the one of its name.
func (x *index) put(e entry) {
	if i, found := x.find(e.Name); found {
		x.Entries[i] = e
	} else {
		x.Entries = slices.Insert(x.Entries, i, e)
	}
	delete(x.encoded, e.Name)
	x.unshown++
	x.count()
}

// written says that a picture's files are on the disk, and others removed.
func (x *index) written(name string, parts []files.File) {
	held := x.entry(name).Files
	for _, p := range parts {
		held.Written(filepath.Base(p.Path), p.Remove)
	}
	delete(x.encoded, name)
}

// count counts the pictures that are shown.
func (x *index) count() {
	x.Pictures, x.Failed, x.Usable = 0, 0, 0
	for _, e := range x.Entries {
		if e.unfinished {
			continue
		}
		x.Pictures++
		if !e.Good() {
			x.Failed++
		}
		if e.Usable() {
			x.Usable++
		}
	}
}

// encode is the index as its file has it, an entry a line. Only entries that
// have changed are encoded anew, so that the index of many pictures costs no
// more than to write it.
func (x *index) encode() ([]byte, error) {
	var b bytes.Buffer
	held, err := oneLine(x.Files)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "{\n\"format\": %q,\n\"pictures\": %d,\n\"failed\": %d,\n\"usable\": %d,\n\"files\": %s,\n\"entries\": [", indexFormat, x.Pictures, x.Failed, x.Usable, held)
	for i, e := range x.Entries {
		line, ok := x.encoded[e.Name]
		if !ok {
			if line, err = oneLine(e); err != nil {
				return nil, err
			}
			x.encoded[e.Name] = line
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]\n}\n")
	return b.Bytes(), nil
}

// oneLine is v as JSON in one line, without escapes that only HTML needs.
func oneLine(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
