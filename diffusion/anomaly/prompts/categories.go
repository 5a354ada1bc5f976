// Package prompts has words for parts and their defects: of MVTec AD and VisA, or
// read from a file of one's own.
//
//	object, crack, err := prompts.Default().Lookup("hazelnut", "crack")
//	// "hazelnut", and crack.Prompt is "a photo of a hazelnut with a crack in its shell"
package prompts

import (
	"cmp"
	_ "embed" // the file of categories
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/sdgraph/sdgraph/tensor"
)

// Categories are kinds of parts, by name.
type Categories map[string]Category

// Category is a kind of part, and what may be wrong with it.
type Category struct {
	Object  string            `yaml:"object"`  // what a photograph of it shows, such as "metal nut"
	Defects map[string]Defect `yaml:"defects"` // by name
}

// Defect is how a defect is put into words.
type Defect struct {
	Prompt string   `yaml:"prompt"` // what a picture of it shows
	Words  []string `yaml:"words"`  // the words or phrases of Prompt that name the defect
	Detail string   `yaml:"detail"` // the same as Prompt, in detail
}

// Tokenizer is that of the model which will read the texts, such as a
// *clip.Tokenizer.
type Tokenizer interface {
	Length() int                               // of a text in tokens, at most
	Truncated(text string) []string            // what of a text is beyond that
	FindWord(text, word string) ([]int, error) // an error where the text lacks the word
}

//go:embed categories.yaml
var own []byte

// Default returns the parts and defects of MVTec AD and VisA, under the names that
// the data sets have for them. Its texts are checked with CLIP's tokenizer, which
// Stable Diffusion 1.x has.
func Default() Categories {
	all, err := Parse("categories.yaml", own, nil)
	if err != nil {
		panic("prompts: " + err.Error()) // a test parses it
	}
	return all
}

// Read reads a YAML file of at most 256 KiB in the form of categories.yaml, whose
// first lines explain it, and checks it as Parse does.
func Read(path string, t Tokenizer) (Categories, error) {
	data, err := tensor.OnDisk(filepath.Dir(path)).ReadUpTo(filepath.Base(path), maxFile)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, t)
}

// Parse checks a file's contents. It is an error if a field is missing or not known,
// and with a tokenizer, which may be nil, also if a text is too long or a prompt lacks
// one of its words. Errors begin with the path, which is not opened, the line and the
// column.
func Parse(path string, data []byte, t Tokenizer) (_ Categories, err error) {
	defer func() { // the library has bugs with odd tags and anchors
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: this is no YAML that can be read (%v)", path, p)
		}
	}()
	if err := checkBounds(path, data); err != nil {
		return nil, err
	}
	tokens, err := tokensOf(path, data)
	if err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, placed(path, err)
	}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%s: the file has %d documents, divided by ---, want one", path, len(file.Docs))
	}
	var all Categories
	if err := yaml.UnmarshalWithOptions(data, &all, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return nil, placed(path, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s:1:1: there is no category", path)
	}
	var first *wrong // in the file's order
	for category, c := range all {
		for _, w := range c.check(category, t) {
			w.find(file)
			if first == nil || w.before(first) {
				first = w
			}
		}
	}
	if first != nil {
		return nil, fmt.Errorf("%s:%d:%d: %s", path, first.at.Line, first.at.Column, first.says)
	}
	return all, nil
}

// placed puts the file, line and column before what the parser says.
func placed(path string, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p := at.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s", path, p.Line, p.Column, at.GetMessage())
}

// wrong is a mistake at a place of the file.
type wrong struct {
	path []string
	says string
	at   token.Position
}

func (w *wrong) before(v *wrong) bool {
	return cmp.Or(cmp.Compare(w.at.Line, v.at.Line), cmp.Compare(w.at.Column, v.at.Column), cmp.Compare(w.says, v.says)) < 0
}

// find looks the place up, or the nearest one above it that is there.
func (w *wrong) find(file *ast.File) {
	w.at = token.Position{Line: 1, Column: 1}
	for n := len(w.path); n > 0; n-- {
		b := (&yaml.PathBuilder{}).Root()
		for _, name := range w.path[:n] {
			b = b.Child(name)
		}
		if node, err := b.Build().FilterFile(file); err == nil && node != nil {
			w.at = *node.GetToken().Position
			return
		}
	}
}

// check returns what is wrong with a category.
func (c Category) check(name string, t Tokenizer) (all []*wrong) {
	if strings.TrimSpace(c.Object) == "" {
		all = append(all, &wrong{path: []string{name, "object"}, says: fmt.Sprintf("category %q has no object: the words for what the photograph shows", name)})
	}
	if len(c.Defects) == 0 {
		all = append(all, &wrong{path: []string{name, "defects"}, says: fmt.Sprintf("category %q has no defects", name)})
	}
	for of, d := range c.Defects {
		path := []string{name, "defects", of}
		for field, says := range d.check(t) {
			all = append(all, &wrong{path: append(slices.Clone(path), field), says: fmt.Sprintf("defect %q of %q: %s", of, name, says)})
		}
	}
	return all
}

// check returns what is wrong with a defect, by field.
func (d Defect) check(t Tokenizer) map[string]string {
	all := map[string]string{}
	texts := map[string]string{"prompt": d.Prompt, "detail": d.Detail}
	for field, text := range texts {
		if strings.TrimSpace(text) == "" {
			all[field] = field + " is missing"
		}
	}
	if len(d.Words) == 0 {
		all["words"] = "words is missing: which words of the prompt name the defect"
	}
	if t == nil {
		return all
	}
	for field, text := range texts {
		if left := t.Truncated(text); len(left) > 0 {
			all[field] = fmt.Sprintf("the text is too long for the model's %d tokens, left out would be: %s", t.Length(), strings.Join(left, " "))
		}
	}
	for _, w := range d.Words {
		if _, err := t.FindWord(d.Prompt, w); err != nil && all["prompt"] == "" {
			all["words"] = strings.TrimPrefix(err.Error(), "clip: ")
		}
	}
	return all
}

// Lookup returns what a category's photographs show, and one of its defects. Where
// there is none of the name, the error lists those that there are.
func (all Categories) Lookup(category, defect string) (object string, d Defect, err error) {
	c, ok := all[category]
	if !ok {
		return "", d, fmt.Errorf("there is no category %q; there are: %s", category, names(all))
	}
	d, ok = c.Defects[defect]
	if !ok {
		return "", d, fmt.Errorf("category %q has no defect %q; it has: %s", category, defect, names(c.Defects))
	}
	return c.Object, d, nil
}

func names[T any](all map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(all)), ", ")
}
