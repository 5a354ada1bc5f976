package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/imageio"
)

// index is the file index.json of an output directory: all pictures of this
// program in it, and those that failed and were not kept.
type index struct {
	Format   string  `json:"format"`
	Pictures int     `json:"pictures"`
	Failed   int     `json:"failed"`
	Entries  []entry `json:"entries"`
}

const indexFormat = "anomalyany index 1"

// entry is a picture of the index. Names are of files in the directory, empty
// where the picture failed and was not kept.
type entry struct {
	Name       string   `json:"name"`
	Object     string   `json:"object"`
	Anomaly    string   `json:"anomaly"`
	Prompt     string   `json:"prompt"`
	Seed       uint64   `json:"seed"`
	Picture    string   `json:"picture"`
	Mask       string   `json:"mask"`
	Heat       string   `json:"heat_map"`
	Record     string   `json:"record"`
	Photograph string   `json:"photograph"` // as it was compared; empty without one
	Scores     scores   `json:"scores"`
	Failed     []string `json:"failed"` // why; empty for a good one
	Notes      []string `json:"notes,omitempty"`
	Seconds    float64  `json:"seconds"`
	Identity   string   `json:"identity"` // the same for pictures that only their seed tells apart
}

// Good tells whether the picture passed.
func (e entry) Good() bool { return len(e.Failed) == 0 }

// entry is a seed's picture for the index, by the limits of this run.
func (j *job) entry(seed uint64, r record, id identity) entry {
	return entry{
		Name: filepath.Base(j.name(seed)), Object: j.flags.Object, Anomaly: strings.Join(j.flags.Anomaly, ", "), Prompt: r.Prompt, Seed: seed,
		Picture: r.Files["picture"], Mask: r.Files["mask"], Heat: r.Files["heat map"], Record: filepath.Base(j.name(seed)) + ".json",
		Photograph: j.photographName(), Scores: r.Scores, Failed: r.Scores.judge(j.flags.Series), Notes: r.Notes, Seconds: r.Seconds, Identity: id.hash(),
	}
}

// photographName is the file that shows the photograph as the pictures are
// compared with it, for one photograph, size and crop always the same; empty
// without a photograph.
func (j *job) photographName() string {
	h, ok := j.inputs["image"]
	if !ok {
		return ""
	}
	size := j.canvas.whole.Bounds().Size()
	return fmt.Sprintf("photograph-%s-%dx%d.png", h[:8], size.X, size.Y)
}

// photograph is that file, unless it is there.
func (j *job) photograph() ([]files.File, error) {
	path := filepath.Join(j.flags.Out, j.photographName())
	if j.photographName() == "" || files.Exists(path) {
		return nil, nil
	}
	data, err := imageio.EncodePNG(j.canvas.whole, nil)
	return []files.File{{Path: path, Data: data}}, err
}

// pageMark is what tells a page of this program from others.
const pageMark = `<meta name="generator" content="sdgraph anomalyany">`

// readIndex reads a directory's index, without pictures that are gone. A
// directory without an index has an empty one; files of these names that are
// not of this program are an error, for they would be lost.
func readIndex(dir string) (index, error) {
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err == nil && !bytes.Contains(page, []byte(pageMark)) {
		return index{}, fmt.Errorf("%s is a page of something else, and would be overwritten: give another --out", filepath.Join(dir, "index.html"))
	}
	path := filepath.Join(dir, "index.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return index{Format: indexFormat}, nil
	}
	if err != nil {
		return index{}, err
	}
	var x index
	if err := json.Unmarshal(data, &x); err != nil || x.Format != indexFormat {
		return index{}, fmt.Errorf("%s is not an index of this program (%s), and would be overwritten: give another --out", path, indexFormat)
	}
	x.Entries = slices.DeleteFunc(x.Entries, func(e entry) bool {
		return e.Picture != "" && !files.Exists(filepath.Join(dir, e.Picture))
	})
	return x, nil
}

// put adds a picture, or takes the place of the one of its name.
func (x *index) put(e entry) {
	x.Entries = append(slices.DeleteFunc(x.Entries, func(old entry) bool { return old.Name == e.Name }), e)
	slices.SortFunc(x.Entries, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	x.Pictures, x.Failed = len(x.Entries), 0
	for _, e := range x.Entries {
		if !e.Good() {
			x.Failed++
		}
	}
}

// files are the index and its page.
func (x *index) files(dir string) ([]files.File, error) {
	data, err := readable(x)
	if err != nil {
		return nil, err
	}
	page, err := x.page()
	return []files.File{{Path: filepath.Join(dir, "index.json"), Data: data}, {Path: filepath.Join(dir, "index.html"), Data: page}}, err
}

//go:embed index.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
	"signed":  func(v float64) string { return fmt.Sprintf("%+.3f", v) },
	"plain":   func(v float64) string { return fmt.Sprintf("%.2f", v) },
}).Parse(pageText))

// group is the pictures of one prompt and photograph.
type group struct {
	entry           // the first
	Entries []entry // those whose files are there
	Good    int
	Failed  int
	Missing []entry // failed and not kept
}

// page is the index as HTML: one file, no scripts, links relative.
func (x *index) page() ([]byte, error) {
	var groups []*group
	for _, e := range x.Entries {
		i := slices.IndexFunc(groups, func(g *group) bool { return g.Prompt == e.Prompt && g.Photograph == e.Photograph })
		if i < 0 {
			i, groups = len(groups), append(groups, &group{entry: e})
		}
		g := groups[i]
		switch {
		case e.Good():
			g.Good++
		case e.Picture == "":
			g.Missing = append(g.Missing, e)
			g.Failed++
		default:
			g.Failed++
		}
		if e.Picture != "" {
			g.Entries = append(g.Entries, e)
		}
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		*index
		Mark   template.HTML
		Groups []*group
		Good   int
	}{x, pageMark, groups, x.Pictures - x.Failed})
	return b.Bytes(), err
}
