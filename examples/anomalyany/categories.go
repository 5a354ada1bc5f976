package main

import (
	"cmp"
	_ "embed" // the file of categories
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

//go:embed categories.yaml
var ownCategories []byte

// categories are the parts and defects of a file, by name.
type categories map[string]category

type category struct {
	Object  string            `yaml:"object"`
	Defects map[string]defect `yaml:"defects"`
}

type defect struct {
	Prompt string   `yaml:"prompt"`
	Words  []string `yaml:"words"`
	Detail string   `yaml:"detail"`
}

// readCategories reads a file, or "" for the program's own.
func readCategories(path string) (categories, error) {
	if path == "" {
		return parseCategories("categories.yaml", ownCategories)
	}
	data, err := files.Read(path, maxCategories)
	if err != nil {
		return nil, fmt.Errorf("--categories: %w", err)
	}
	return parseCategories(path, data)
}

// parseCategories reads and checks a file; errors begin with its name, the line
// and the column.
func parseCategories(path string, data []byte) (_ categories, err error) {
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
	var all categories
	if err := yaml.UnmarshalWithOptions(data, &all, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return nil, placed(path, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s:1:1: there is no category", path)
	}
	var first *wrong // in the file's order
	for name, c := range all {
		for _, w := range c.check(name) {
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
	return cmp.Or(cmp.Compare(w.at.Line, v.at.Line), cmp.Compare(w.at.Column, v.at.Column)) < 0
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
func (c category) check(name string) (all []*wrong) {
	if strings.TrimSpace(c.Object) == "" {
		all = append(all, &wrong{path: []string{name, "object"}, says: fmt.Sprintf("category %q has no object: the words for what the photograph shows", name)})
	}
	if len(c.Defects) == 0 {
		all = append(all, &wrong{path: []string{name, "defects"}, says: fmt.Sprintf("category %q has no defects", name)})
	}
	for of, d := range c.Defects {
		path := []string{name, "defects", of}
		for field, says := range d.check() {
			all = append(all, &wrong{path: append(slices.Clone(path), field), says: fmt.Sprintf("defect %q of %q: %s", of, name, says)})
		}
	}
	return all
}

// check returns what is wrong with a defect, by field. The words are looked for
// with CLIP's tokenizer, which Stable Diffusion 1.x has.
func (d defect) check() map[string]string {
	all := map[string]string{}
	t := clip.DefaultTokenizer()
	for field, text := range map[string]string{"prompt": d.Prompt, "detail": d.Detail} {
		if strings.TrimSpace(text) == "" {
			all[field] = field + " is missing"
		} else if left := t.Truncated(text); len(left) > 0 {
			all[field] = fmt.Sprintf("the text is too long for the model's %d tokens, left out would be: %s", t.Length(), strings.Join(left, " "))
		}
	}
	if len(d.Words) == 0 {
		all["words"] = "words is missing: which words of the prompt name the defect"
	}
	for _, w := range d.Words {
		if _, err := t.FindWord(d.Prompt, w); err != nil && all["prompt"] == "" {
			all["words"] = strings.TrimPrefix(err.Error(), "clip: ")
		}
	}
	return all
}

// find returns a defect; the error lists those that there are.
func (all categories) find(name, of string) (category, defect, error) {
	c, ok := all[name]
	if !ok {
		return c, defect{}, fmt.Errorf("there is no category %q; there are: %s", name, names(all))
	}
	d, ok := c.Defects[of]
	if !ok {
		return c, d, fmt.Errorf("category %q has no defect %q; it has: %s", name, of, names(c.Defects))
	}
	return c, d, nil
}

func names[T any](all map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(all)), ", ")
}

// list writes each category with its defects.
func (all categories) list(w io.Writer) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, err := fmt.Fprintf(w, "%s: %s\n", name, names(all[name].Defects)); err != nil {
			return err
		}
	}
	return nil
}
