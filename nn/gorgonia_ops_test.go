package nn

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// gorgoniaCase is one of gorgonia's operations in one of its forms. It is right,
// in value and gradient, unless Compile says what is wrong.
type gorgoniaCase struct {
	name       string // the exported function; after a space, what is special about this case
	shapes     []gt.Shape
	build      func(in G.Nodes) *G.Node
	want       reference
	positive   bool   // its inputs are above 0
	flat       string // the operation that no gradient passes, because there is none but 0
	refused    string // part of the error, where the value is not right
	noGradient string // part of the error, where only the gradient is not right
	first      bool   // that is so for the first input alone
}

type gorgoniaTable []*gorgoniaCase

func (t *gorgoniaTable) add(name string, shapes []gt.Shape, build func(in G.Nodes) *G.Node, want reference) *gorgoniaCase {
	c := &gorgoniaCase{name: name, shapes: shapes, build: build, want: want}
	*t = append(*t, c)
	return c
}

func allOfGorgonia() gorgoniaTable {
	var t gorgoniaTable
	t.pointwise()
	t.pairs()
	t.broadcasts()
	t.reductions()
	t.softmaxes()
	t.products()
	t.reshaping()
	t.slices()
	t.choosing()
	t.pictures()
	t.norms()
	t.others()
	return t
}

// inputs are numbers away from 0, where many of the operations have corners.
func (c *gorgoniaCase) inputs() []*gt.Dense {
	r := rand.New(rand.NewPCG(7, 7))
	var in []*gt.Dense
	for _, s := range c.shapes {
		f := make([]float32, s.TotalSize())
		for i := range f {
			f[i] = 0.3 + 1.5*r.Float32()
			if !c.positive && r.IntN(2) == 0 {
				f[i] = -f[i]
			}
		}
		in = append(in, dense(f, s))
	}
	return in
}

func arrays(t *testing.T, in []*gt.Dense) []array {
	var a []array
	for i, f := range numbers(t, in) {
		x := array{shape: in[i].Shape()}
		for _, v := range f {
			x.v = append(x.v, float64(v))
		}
		a = append(a, x)
	}
	return a
}

// The value and gradient of every operation, in every form of the tables, are
// what float64 and its differences say, or Compile refuses it.
func TestGorgoniasOperations(t *testing.T) {
	for _, c := range allOfGorgonia() {
		t.Run(c.name, func(t *testing.T) {
			c.checkValue(t)
			for i := range c.shapes {
				if i == 0 || c.flat != "" {
					c.checkGradient(t, i, false)
				}
				c.checkGradient(t, i, true)
			}
		})
	}
}

// checkValue computes the operation twice from the caller's tensors and twice
// from memory of the arena, and looks at what it was given afterwards.
func (c *gorgoniaCase) checkValue(t *testing.T) {
	in := c.inputs()
	x := arrays(t, in)
	want := c.want(x)
	for _, copied := range []bool{false, true} {
		p, err := Compile(func(b *Build) []*G.Node {
			var given G.Nodes
			for i, d := range in {
				n := b.Input(fmt.Sprint("in", i), d.Shape()...)
				if copied {
					n = Scale(n, 1)
				}
				given = append(given, n)
			}
			out := []*G.Node{c.build(given)}
			for _, n := range given {
				out = append(out, Scale(n, 1))
			}
			return out
		})
		if !expected(t, "value", err, c.refused) {
			return
		}
		for range 2 {
			out, err := p.Run(t.Context(), byName(in))
			if err != nil {
				t.Fatal(err)
			}
			if !out[0].Shape().Eq(want.shape) {
				t.Fatalf("shape %v, want %v", out[0].Shape(), want.shape)
			}
			got := numbers(t, out)
			checkAgainst(t, "value", got[0], want.v)
			for i := range in {
				checkAgainst(t, fmt.Sprint("input ", i, " afterwards"), got[1+i], x[i].v)
			}
		}
	}
}

// checkGradient compares the gradient of the operation's product with a fixed
// cotangent with respect to input i. Where a gradient gets lost without a word,
// it does so beside another one.
func (c *gorgoniaCase) checkGradient(t *testing.T, i int, beside bool) {
	in := c.inputs()
	p, err := Compile(func(b *Build) []*G.Node {
		var given, read G.Nodes
		for i, d := range in {
			given = append(given, b.Input(fmt.Sprint("in", i), d.Shape()...))
			read = append(read, Scale(given[i], 1))
		}
		y := c.build(read)
		loss := Dot(y, b.Constant("cotangent", cotangent(y.Shape()), y.Shape()...))
		if beside {
			loss = Add(loss, Mean(given[i]))
		}
		return b.Grad(loss, given[i])
	})
	message := c.refused + c.noGradient
	if c.first && i > 0 {
		message = c.refused
	}
	if c.flat != "" && !beside {
		message = "no gradient passes gorgonia." + c.flat
	}
	if !expected(t, "gradient", err, message) {
		return
	}
	x := arrays(t, in)
	want := differences(c.want, x, i)
	if beside {
		for k := range want {
			want[k] += 1 / float64(len(want))
		}
	}
	for range 2 {
		checkAgainst(t, fmt.Sprint("gradient of input ", i), runNumbers(t, p, byName(in))[0], want)
	}
}

// differences is the gradient of f's product with the cotangent, by central
// differences at x.
func differences(f reference, x []array, i int) []float64 {
	loss := func() float64 {
		y, s := f(x), 0.0
		for k, v := range cotangent(y.shape) {
			s += float64(v) * y.v[k]
		}
		return s
	}
	grad := make([]float64, len(x[i].v))
	for k, v := range x[i].v {
		const h = 1e-5
		x[i].v[k] = v + h
		up := loss()
		x[i].v[k] = v - h
		grad[k] = (up - loss()) / (2 * h)
		x[i].v[k] = v
	}
	return grad
}

// expected tells whether there is no error, and fails unless that is what the
// message, empty for no error, says.
func expected(t *testing.T, what string, err error, message string) bool {
	t.Helper()
	switch {
	case err != nil && message == "":
		t.Errorf("%s: %v", what, err)
	case err == nil && message != "":
		t.Errorf("%s: no error, want one with %q", what, message)
	case err != nil && !strings.Contains(err.Error(), message):
		t.Errorf("%s: error %v, want one with %q", what, err, message)
	}
	return err == nil && message == ""
}

func checkAgainst(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	scale := 0.01
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for k := range want {
		if d := math.Abs(float64(got[k]) - want[k]); !(d <= 1e-4*scale) {
			t.Errorf("%s: element %d is %g, want %g", what, k, got[k], want[k])
		}
	}
}

// elsewhere are the exported functions of gorgonia that make nodes and are not
// in the tables.
var elsewhere = map[string]string{
	"ApplyOp": "what it applies is in the tables", "ApplyOpWithName": "likewise", "Broadcast": "all that is called Broadcast",
	"NewScalar": "a variable", "NewVector": "a variable", "NewMatrix": "a variable", "NewTensor": "a variable", "NewUniqueNode": "a variable",
	"NodeFromAny": "a variable", "NodesFromInputs": "makes none", "Must": "makes none", "Sort": "makes none", "UnstableSort": "makes none",
	"NewConstant": "TestConstantsOfGorgonia", "OneHotVector": "TestConstantsOfGorgonia",
	"UniformRandomNode": "TestRandomNumbers", "GaussianRandomNode": "TestRandomNumbers", "BinomialRandomNode": "TestRandomNumbers",
	"Dropout": "TestDropout", "Grad": "TestRefusedOperations", "Backpropagate": "TestRefusedOperations", "Read": "TestRefusedOperations", "Set": "TestRefusedOperations",
	"YOLOv3": "TestRefusedOperations",
}

// Every function of gorgonia's that makes nodes is in the tables, or elsewhere.
func TestNoOperationIsForgotten(t *testing.T) {
	here := map[string]bool{}
	for _, c := range allOfGorgonia() {
		name, _, _ := strings.Cut(c.name, " ")
		here[name] = true
	}
	exported := nodeMakers(t)
	for name := range exported {
		if !here[name] && elsewhere[name] == "" {
			t.Errorf("gorgonia.%s is tested nowhere", name)
		}
	}
	for name := range elsewhere {
		here[name] = true
	}
	for name := range here {
		if !exported[name] {
			t.Errorf("gorgonia has no %s that makes nodes", name)
		}
	}
}

// nodeMakers are the exported functions of gorgonia that return nodes.
func nodeMakers(t *testing.T) map[string]bool {
	add := runtime.FuncForPC(reflect.ValueOf(G.Add).Pointer())
	file, _ := add.FileLine(add.Entry())
	dir := filepath.Dir(file)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Skipf("gorgonia's source is not at hand: %v", err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		fits, err := build.Default.MatchFile(dir, e.Name())
		if err != nil || !fits || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.IsExported() && returnsNodes(fn) {
				names[fn.Name.Name] = true
			}
		}
	}
	return names
}

func returnsNodes(fn *ast.FuncDecl) bool {
	if fn.Type.Results == nil {
		return false
	}
	for _, r := range fn.Type.Results.List {
		switch x := r.Type.(type) {
		case *ast.StarExpr:
			if id, ok := x.X.(*ast.Ident); ok && id.Name == "Node" {
				return true
			}
		case *ast.Ident:
			if x.Name == "Nodes" {
				return true
			}
		}
	}
	return false
}
