// Package sdgraph_test checks what holds for the whole tree: which package may import which,
// that files stay short, and that everything exported says what it is.
package sdgraph_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// withTests are the packages that a package and its tests import.
func (p goPackage) withTests() []string {
	return slices.Concat(p.Imports, p.TestImports, p.XTestImports)
}

// wing is the folder of all that is about defects of parts.
const wing = "diffusion/anomaly"

// room is the folder of a package below the wing's, such as "prompts"; "" for all others.
func room(path string) string {
	rest, inside := strings.CutPrefix(path, wing+"/")
	if !inside {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// isBelow reports whether a path is a folder's own or one below it.
func isBelow(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// rule says of a package and one that it imports, or depends on, whether that must not be. Packages of
// this module are without its name.
type rule struct {
	says   string
	of     func(p goPackage) []string
	broken func(from, to string) bool
}

var (
	imports      = func(p goPackage) []string { return p.Imports }
	dependencies = func(p goPackage) []string { return p.Deps }
)

var rules = []rule{
	{"a package imports those below it only", goPackage.withTests, func(from, to string) bool {
		return layer(top(to)) >= 0 && top(from) != top(to) && layer(top(from)) <= layer(top(to))
	}},
	{"kernels take slices and know no gorgonia", dependencies, func(from, to string) bool {
		// Package cu is no part of gorgonia, but the bindings to NVIDIA's driver.
		return isBelow(from, "kernels") && strings.HasPrefix(to, "gorgonia.org/") && to != "gorgonia.org/cu"
	}},
	{"tensor, nn and diffusion import no folder below their own name", imports, func(from, to string) bool {
		return slices.Contains([]string{"tensor", "nn", "diffusion"}, from) && strings.HasPrefix(to, from+"/")
	}},
	{"the wing's ground imports tensor and tensor/images only", imports, func(from, to string) bool {
		return from == wing && layer(top(to)) >= 0 && to != "tensor" && to != "tensor/images"
	}},
	{"the wing's rooms never import each other", goPackage.withTests, func(from, to string) bool {
		return room(from) != "" && room(to) != "" && room(from) != room(to)
	}},
	{"of the wing, anomalyany and generate alone know Stable Diffusion", imports, func(from, to string) bool {
		return isBelow(from, wing) && !slices.Contains([]string{"anomalyany", "generate"}, room(from)) && to == "diffusion"
	}},
	{"metrics and prompts need no network", dependencies, func(from, to string) bool {
		return slices.Contains([]string{"metric", "prompts"}, room(from)) && slices.Contains([]string{"nn", "unet", "vae", "clip", "diffusion"}, top(to)) && !isBelow(to, wing)
	}},
	{"below examples, prompts alone reads YAML", goPackage.withTests, func(from, to string) bool {
		yaml := func(name string) bool { return isBelow(to, name) || strings.HasPrefix(to, name+".") }
		return top(from) != "examples" && room(from) != "prompts" &&
			slices.ContainsFunc([]string{"github.com/goccy/go-yaml", "gopkg.in/yaml", "go.yaml.in/yaml", "sigs.k8s.io/yaml"}, yaml)
	}},
	{"torch's own files are read for nn/vision, and for who imports that", dependencies, func(from, to string) bool {
		return isBelow(to, "github.com/nlpodyssey/gopickle") && from != "tensor/pth" && !isBelow(from, "nn/vision") && room(from) != "detect" && top(from) != "examples"
	}},
	{"programs alone carry trained weights of 10 MB", imports, func(from, to string) bool {
		return to == "nn/vision/lite0" && top(from) != "examples"
	}},
	{"programs alone say which textures they carry", imports, func(from, to string) bool {
		return to == wing+"/generate/textures" && top(from) != "examples"
	}},
	{"tensor/hub alone speaks HTTP, and programs alone import it", imports, func(from, to string) bool {
		return top(from) != "examples" && (isBelow(to, "net/http") && from != "tensor/hub" || to == "tensor/hub")
	}},
	{"the small model knows nothing of anomalies", imports, func(from, to string) bool {
		return from == "diffusion/demo" && isBelow(to, wing)
	}},
}

// top returns the top folder of a path.
func top(path string) string {
	name, _, _ := strings.Cut(path, "/")
	return name
}

// broken lists the rules that a package breaks, and by what.
func broken(p goPackage) (all []string) {
	from := strings.TrimPrefix(p.ImportPath, module+"/")
	for _, r := range rules {
		for _, to := range r.of(p) {
			if to = strings.TrimPrefix(to, module+"/"); r.broken(from, to) {
				all = append(all, fmt.Sprintf("%s has %s: %s", from, to, r.says))
			}
		}
	}
	return all
}

func TestImports(t *testing.T) {
	var found []string
	for _, p := range listPackages(t) {
		if p.ImportPath == module { // this test
			continue
		}
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		found = append(found, name)
		if layer(top(name)) < 0 {
			t.Errorf("%s: the folder %s has no place among the layers of this test", name, top(name))
		}
		for _, says := range broken(p) {
			t.Error(says)
		}
	}
	for _, name := range []string{"tensor", "tensor/hub", "tensor/pth", "nn", "nn/vision", "nn/vision/lite0", "diffusion", "diffusion/demo", wing, wing + "/prompts", wing + "/anomalyany", wing + "/dataset", wing + "/detect", wing + "/metric", wing + "/generate", wing + "/generate/textures"} {
		if !slices.Contains(found, name) {
			t.Errorf("there is no package %s, which the rules are about", name)
		}
	}
}

// TestRules has every rule find an import that breaks it, and none find what may be.
func TestRules(t *testing.T) {
	type made struct{ from, by, to, breaks string }
	cases := []made{
		{"tensor", "import", "nn", "a package imports those below it only"},
		{"clip", "import", "unet", "a package imports those below it only"},
		{"nn", "test", "diffusion/demo", "a package imports those below it only"},
		{wing, "import", "examples/internal/files", "a package imports those below it only"},
		{"kernels/cuda", "dependency", "gorgonia.org/gorgonia", "kernels take slices and know no gorgonia"},
		{"kernels/cuda", "import", "gorgonia.org/cu", ""},
		{"tensor", "import", "tensor/images", "tensor, nn and diffusion import no folder below their own name"},
		{"nn", "import", "nn/vision", "tensor, nn and diffusion import no folder below their own name"},
		{"diffusion", "import", "diffusion/demo", "tensor, nn and diffusion import no folder below their own name"},
		{"nn", "test", "nn/nntest", ""},
		{wing, "import", "tensor/images", ""},
		{wing, "import", "tensor/hub", "the wing's ground imports tensor and tensor/images only"},
		{wing, "import", "nn", "the wing's ground imports tensor and tensor/images only"},
		{wing, "import", wing + "/prompts", "the wing's ground imports tensor and tensor/images only"},
		{wing, "test", "nn/nntest", ""},
		{wing + "/anomalyany", "import", wing, ""},
		{wing + "/anomalyany", "import", "diffusion", ""},
		{wing + "/anomalyany", "import", wing + "/anomalyany/internal/x", ""},
		{wing + "/generate", "import", "diffusion", ""},
		{wing + "/detect", "import", "nn/vision", ""},
		{wing + "/detect", "import", "nn/vision/lite0", "programs alone carry trained weights of 10 MB"},
		{wing + "/detect", "test", "nn/vision/lite0", ""},
		{"examples/evaluate", "import", "nn/vision/lite0", ""},
		{wing + "/generate", "import", wing + "/generate/textures", "programs alone say which textures they carry"},
		{wing + "/generate", "test", wing + "/generate/textures", ""},
		{"examples/anomalyany", "import", wing + "/generate/textures", ""},
		{wing + "/detect", "import", "diffusion", "of the wing, anomalyany and generate alone know Stable Diffusion"},
		{wing + "/dataset", "import", "diffusion", "of the wing, anomalyany and generate alone know Stable Diffusion"},
		{wing + "/prompts", "test", "clip", ""},
		{wing + "/prompts", "import", "github.com/goccy/go-yaml/parser", ""},
		{wing + "/dataset", "import", "github.com/goccy/go-yaml/parser", "below examples, prompts alone reads YAML"},
		{"diffusion", "test", "gopkg.in/yaml.v3", "below examples, prompts alone reads YAML"},
		{"examples/evaluate", "import", "gopkg.in/yaml.v3", ""},
		{"diffusion", "dependency", "github.com/nlpodyssey/gopickle/pickle", "torch's own files are read for nn/vision, and for who imports that"},
		{wing + "/generate", "dependency", "github.com/nlpodyssey/gopickle/pickle", "torch's own files are read for nn/vision, and for who imports that"},
		{wing + "/detect", "dependency", "github.com/nlpodyssey/gopickle/pickle", ""},
		{"nn/vision/lite0", "dependency", "github.com/nlpodyssey/gopickle/types", ""},
		{"diffusion", "dependency", "github.com/nlpodyssey/safetensors", ""},
		{"diffusion", "import", "net/http", "tensor/hub alone speaks HTTP, and programs alone import it"},
		{"nn", "import", "tensor/hub", "tensor/hub alone speaks HTTP, and programs alone import it"},
		{"tensor/hub", "import", "net/http", ""},
		{"examples/anomalyany", "import", "tensor/hub", ""},
		{"diffusion/demo", "import", wing + "/anomalyany", "the small model knows nothing of anomalies"},
		{"diffusion/demo", "test", wing + "/anomalyany", ""},
	}
	rooms := []string{"anomalyany", "generate", "detect", "dataset", "prompts", "metric"}
	for _, from := range rooms {
		for _, to := range rooms {
			for _, by := range []string{"import", "test"} {
				if from != to {
					cases = append(cases, made{wing + "/" + from, by, wing + "/" + to, "the wing's rooms never import each other"})
				}
			}
		}
	}
	for _, from := range []string{"metric", "prompts"} {
		for _, to := range []string{"nn", "nn/vision", "unet", "vae", "clip", "diffusion"} {
			cases = append(cases, made{wing + "/" + from, "dependency", to, "metrics and prompts need no network"})
		}
		cases = append(cases, made{wing + "/" + from, "dependency", wing, ""}, made{wing + "/" + from, "dependency", "tensor/images", ""})
	}
	proved := map[string]bool{}
	for _, c := range cases {
		to := c.to
		if layer(top(to)) >= 0 {
			to = module + "/" + to
		}
		p := goPackage{ImportPath: module + "/" + c.from}
		switch c.by {
		case "import":
			p.Imports, p.Deps = []string{to}, []string{to}
		case "test":
			p.XTestImports = []string{to}
		case "dependency":
			p.Deps = []string{to}
		}
		got := broken(p)
		proved[c.breaks] = true
		if c.breaks == "" && len(got) > 0 || c.breaks != "" && !slices.Contains(got, fmt.Sprintf("%s has %s: %s", c.from, c.to, c.breaks)) {
			t.Errorf("%s and its %s %s: %q, want %q", c.from, c.by, c.to, got, c.breaks)
		}
	}
	for _, r := range rules {
		if !proved[r.says] {
			t.Errorf("no case breaks the rule that %s", r.says)
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
