// Package sdgraph_test checks what holds for the whole tree: which package may import which,
// that files stay short, and that everything exported says what it is.
package sdgraph_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sdgraph/sdgraph"

// layers lists the top folders from the bottom up: a package imports from its own folder and from
// lower layers only, so the folders of one layer (the three models) never import each other.
var layers = [][]string{
	{"kernels"},
	{"tensor"},
	{"nn"},
	{"unet", "vae", "clip"},
	{"diffusion"},
	{"examples"},
}

// layer returns the height of a top folder, -1 for one that has no place yet.
func layer(folder string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, folder) })
}

// folder returns the top folder of a package of this module, "" for the root and for other modules.
func folder(importPath string) string {
	rest, ours := strings.CutPrefix(importPath, module+"/")
	if !ours {
		return ""
	}
	top, _, _ := strings.Cut(rest, "/")
	return top
}

type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

func TestImportDirection(t *testing.T) {
	for _, p := range listPackages(t) {
		from := folder(p.ImportPath)
		if from == "" {
			continue
		}
		if layer(from) < 0 {
			t.Errorf("%s: the folder %s has no place among the layers of this test", p.ImportPath, from)
			continue
		}
		for _, q := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if to := folder(q); to != "" && to != from && layer(to) >= layer(from) {
				t.Errorf("%s imports %s, which is not below it", p.ImportPath, q)
			}
		}
		for _, q := range p.Deps {
			// Package cu is no part of gorgonia, but the bindings to NVIDIA's driver.
			if from == "kernels" && strings.HasPrefix(q, "gorgonia.org/") && q != "gorgonia.org/cu" {
				t.Errorf("%s depends on %s: kernels take slices and know no gorgonia", p.ImportPath, q)
			}
		}
	}
}

// TestDiffusionIsLight: who wants Stable Diffusion alone carries no HTTP, markup, image codecs, fonts or command lines.
func TestDiffusionIsLight(t *testing.T) {
	heavy := []string{
		"net/http", "html/template", "image/png", "image/jpeg", "image/gif", "golang.org/x/image", "golang.org/x/term",
		"github.com/goccy/go-yaml", "gopkg.in/yaml", "github.com/alecthomas/kong", "github.com/schollz/progressbar", "github.com/gofrs/flock",
	}
	found := false
	for _, p := range listPackages(t) {
		if p.ImportPath != module+"/diffusion" {
			continue
		}
		found = true
		for _, q := range p.Deps {
			if slices.ContainsFunc(heavy, func(h string) bool { return q == h || strings.HasPrefix(q, h+"/") || strings.HasPrefix(q, h+".") }) {
				t.Errorf("diffusion depends on %s", q)
			}
		}
	}
	if !found {
		t.Error("there is no package diffusion")
	}
}

// sources calls f for every source file of the tree with its slash-separated path.
func sources(t *testing.T, f func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "out") {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".go", ".s", ".cu", ".py"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			f(filepath.ToSlash(path), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestReadmeExampleCompiles compares the README's Go code with example_test.go, which is compiled and run.
func TestReadmeExampleCompiles(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("README.md shows no Go code")
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !strings.Contains(withoutSpace(string(example)), withoutSpace(code)) {
			t.Errorf("example_test.go has not this code of README.md:\n%s", code)
		}
	}
}

func withoutSpace(s string) string { return strings.Join(strings.Fields(s), " ") }

// generated reports whether one of the first lines says so, as Go's tools expect it.
func generated(text []byte) bool {
	s := bufio.NewScanner(bytes.NewReader(text))
	for i := 0; i < 5 && s.Scan(); i++ {
		if strings.HasPrefix(s.Text(), "// Code generated ") {
			return true
		}
	}
	return false
}

func TestFilesStayShort(t *testing.T) {
	const most = 600
	sources(t, func(path string, text []byte) {
		if n := bytes.Count(text, []byte("\n")); n > most && filepath.Ext(path) != ".s" && !generated(text) {
			t.Errorf("%s has %d lines, more than %d", path, n, most)
		}
	})
}

func TestExportedIsDocumented(t *testing.T) {
	packages := map[string]bool{} // by folder: whether a file has the package comment
	sources(t, func(path string, text []byte) {
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || generated(text) {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		packages[dir] = packages[dir] || file.Doc != nil
		for _, name := range undocumented(file) {
			t.Errorf("%s: %s has no doc comment", fset.Position(name.Pos()), name.Name)
		}
	})
	for dir, documented := range packages {
		if !documented {
			t.Errorf("%s: no file has a package comment", dir)
		}
	}
}

// undocumented returns the exported names of a file's top level that have no comment of their own
// and stand in no commented group.
func undocumented(file *ast.File) []*ast.Ident {
	var names []*ast.Ident
	add := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil }) {
			names = append(names, name)
		}
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || exportedReceiver(d.Recv.List[0].Type) && !standardMethods[d.Name.Name] {
				add(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					add(s.Name, s.Doc, d.Doc)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						add(name, s.Doc, s.Comment, d.Doc)
					}
				}
			}
		}
	}
	return names
}

// TestFieldsLeadOn: the type of an exported struct's exported field is exported, so that godoc leads from unet.Model
// to every key of its checkpoint.
func TestFieldsLeadOn(t *testing.T) {
	sources(t, func(path string, text []byte) {
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "examples/") || strings.Contains(path, "/internal/") {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			named, ok := n.(*ast.TypeSpec)
			if !ok || !named.Name.IsExported() {
				return true
			}
			if s, ok := named.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, hidden := range hiddenTypes(f) {
						t.Errorf("%s: %s has a field of type %s, which is not exported", fset.Position(f.Pos()), named.Name.Name, hidden)
					}
				}
			}
			return true
		})
	})
}

// hiddenTypes are the types of this package that an exported field is made of and godoc does not show.
func hiddenTypes(f *ast.Field) []string {
	if !slices.ContainsFunc(f.Names, (*ast.Ident).IsExported) {
		return nil
	}
	var names []string
	ast.Inspect(f.Type, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr, *ast.FuncType: // another package's, and parameters' names
			return false
		case *ast.Ident:
			if !n.IsExported() && types.Universe.Lookup(n.Name) == nil {
				names = append(names, n.Name)
			}
		}
		return true
	})
	return names
}

// standardMethods need no words: their interface says what they do.
var standardMethods = map[string]bool{"Error": true, "String": true, "Unwrap": true, "Close": true}

func exportedReceiver(t ast.Expr) bool {
	switch t := t.(type) {
	case *ast.StarExpr:
		return exportedReceiver(t.X)
	case *ast.IndexExpr:
		return exportedReceiver(t.X)
	case *ast.Ident:
		return t.IsExported()
	}
	return false
}
