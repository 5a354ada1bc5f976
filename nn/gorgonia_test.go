package nn

import (
	"sync"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// foreignCases are gorgonia's own operations between two of ours, so that they
// read arena memory and ours read what they return.
var foreignCases = []struct {
	name   string
	f      forward
	shapes []gt.Shape
}{
	{"Add", binary(must2(G.Add)), shapes(gt.Shape{2, 3}, gt.Shape{2, 3})},
	{"Sub", binary(must2(G.Sub)), shapes(gt.Shape{2, 3}, gt.Shape{2, 3})},
	{"HadamardProd", binary(must2(G.HadamardProd)), shapes(gt.Shape{2, 3}, gt.Shape{2, 3})},
	{"HadamardDiv", binary(func(a, b *G.Node) *G.Node { return G.Must(G.HadamardDiv(a, Affine(G.Must(G.Square(b)), 1, 1))) }), shapes(gt.Shape{2, 3}, gt.Shape{2, 3})},
	{"Neg", unary(must(G.Neg)), shapes(gt.Shape{2, 3})},
	{"Sigmoid", unary(must(G.Sigmoid)), shapes(gt.Shape{2, 3})},
	{"Tanh", unary(must(G.Tanh)), shapes(gt.Shape{2, 3})},
	{"Exp", unary(must(G.Exp)), shapes(gt.Shape{2, 3})},
	{"Log", unary(func(x *G.Node) *G.Node { return G.Must(G.Log(Affine(G.Must(G.Square(x)), 1, 1))) }), shapes(gt.Shape{2, 3})},
	{"Square", unary(must(G.Square)), shapes(gt.Shape{2, 3})},
	{"Sqrt", unary(func(x *G.Node) *G.Node { return G.Must(G.Sqrt(Affine(G.Must(G.Square(x)), 1, 1))) }), shapes(gt.Shape{2, 3})},
	{"Sum", unary(func(x *G.Node) *G.Node { return G.Must(G.Sum(x)) }), shapes(gt.Shape{2, 3})},
	{"Sum over an axis", unary(func(x *G.Node) *G.Node { return G.Must(G.Sum(x, 1)) }), shapes(gt.Shape{2, 3})},
	{"Sum over the first axis", unary(func(x *G.Node) *G.Node { return G.Must(G.Sum(x, 0)) }), shapes(gt.Shape{2, 3, 4})},
	{"Mean", unary(func(x *G.Node) *G.Node { return G.Must(G.Mean(x)) }), shapes(gt.Shape{2, 3})},
	{"Mean over an axis", unary(func(x *G.Node) *G.Node { return G.Must(G.Mean(x, 0)) }), shapes(gt.Shape{2, 3})},
	{"Reshape", unary(func(x *G.Node) *G.Node { return G.Must(G.Reshape(x, gt.Shape{3, 2})) }), shapes(gt.Shape{2, 3})},
	{"Reshape of Reshape", unary(func(x *G.Node) *G.Node { return Reshape(G.Must(G.Reshape(Reshape(x, 6), gt.Shape{3, 2})), 1, 6) }), shapes(gt.Shape{2, 3})},
	{"Slice of rows", unary(func(x *G.Node) *G.Node { return G.Must(G.Slice(x, G.S(1, 3))) }), shapes(gt.Shape{4, 3})},
	{"Slice of columns", unary(func(x *G.Node) *G.Node { return G.Must(G.Slice(x, nil, G.S(1, 3))) }), shapes(gt.Shape{4, 3})},
	{"Slice of one", unary(func(x *G.Node) *G.Node { return G.Must(G.Slice(x, G.S(1))) }), shapes(gt.Shape{4, 3})},
	{"Slice inside", unary(func(x *G.Node) *G.Node { return G.Must(G.Slice(x, nil, G.S(1, 3), G.S(0, 2))) }), shapes(gt.Shape{2, 4, 3})},
	{"Transpose", unary(func(x *G.Node) *G.Node { return G.Must(G.Transpose(x)) }), shapes(gt.Shape{4, 3})},
	{"Transpose of three", unary(func(x *G.Node) *G.Node { return G.Must(G.Transpose(x, 2, 0, 1)) }), shapes(gt.Shape{2, 3, 4})},
	{"Transpose, Slice, Reshape", unary(func(x *G.Node) *G.Node {
		return Reshape(G.Must(G.Slice(G.Must(G.Transpose(x)), G.S(1, 3))), 8)
	}), shapes(gt.Shape{4, 3})},
	{"Concat", binary(func(a, b *G.Node) *G.Node { return G.Must(G.Concat(0, a, b)) }), shapes(gt.Shape{2, 3}, gt.Shape{1, 3})},
	{"scalar times tensor", binary(must2(G.Mul)), shapes(gt.Shape{}, gt.Shape{2, 3})},
	{"constant times tensor", unary(func(x *G.Node) *G.Node { return G.Must(G.Mul(G.NewConstant(float32(1.5)), x)) }), shapes(gt.Shape{2, 3})},
	{"mean times tensor", unary(func(x *G.Node) *G.Node { return scaleBy(G.Must(G.Mean(x)), x) }), shapes(gt.Shape{2, 3})},
	{"BroadcastAdd", binary(func(a, b *G.Node) *G.Node { return G.Must(G.BroadcastAdd(a, b, nil, []byte{0})) }), shapes(gt.Shape{2, 3}, gt.Shape{1, 3})},
	{"BroadcastHadamardProd", binary(func(a, b *G.Node) *G.Node { return G.Must(G.BroadcastHadamardProd(a, b, nil, []byte{0})) }), shapes(gt.Shape{2, 3}, gt.Shape{1, 3})},
	{"SoftMax", unary(func(x *G.Node) *G.Node { return G.Must(G.SoftMax(x)) }), shapes(gt.Shape{2, 3})},
	{"matrix product", binary(must2(G.Mul)), shapes(gt.Shape{2, 3}, gt.Shape{3, 4})},
}

func must(f func(*G.Node) (*G.Node, error)) func(*G.Node) *G.Node {
	return func(x *G.Node) *G.Node { return G.Must(f(x)) }
}

func must2(f func(a, b *G.Node) (*G.Node, error)) func(a, b *G.Node) *G.Node {
	return func(a, b *G.Node) *G.Node { return G.Must(f(a, b)) }
}

// between puts f between operations of ours, some of which take the memory that
// f has read before its result is used.
func between(f forward) forward {
	return func(b *Build, in G.Nodes) *G.Node {
		inner := make(G.Nodes, len(in))
		for i, x := range in {
			inner[i] = Scale(Affine(x, 0.5, 0.1), 1.5)
		}
		y := f(b, inner)
		other := Mean(Softmax(Affine(in[len(in)-1], 3, 1)))
		return scaleBy(other, SiLU(Affine(y, -2, 0.25)))
	}
}

// gorgonia's own operations may be mixed with ours, and what they return, views
// of arena memory among it, survives the reuse of that memory.
func TestForeignOperations(t *testing.T) {
	for _, c := range foreignCases {
		t.Run(c.name, func(t *testing.T) {
			in := randomTensors(c.shapes)
			build := withInputs(between(c.f), in, every(len(in)))
			p := compile(t, build)
			want := onTapeMachine(t, build, byName(in))
			checkSame(t, "first run", runNumbers(t, p, byName(in)), want)
			checkSame(t, "second run", runNumbers(t, p, byName(in)), want)
			checkGradAt(t, between(c.f), in, every(len(in)))

			bare := withInputs(c.f, in, nil) // reads the caller's own tensors, which must stay as they are
			p = compile(t, bare)
			runNumbers(t, p, byName(in))
			checkSame(t, "on the inputs themselves", runNumbers(t, p, byName(in)), onTapeMachine(t, bare, byName(randomTensors(c.shapes))))
		})
	}
}

func TestForeignForward(t *testing.T) {
	for name, f := range map[string]forward{
		"Max":              unary(func(x *G.Node) *G.Node { return G.Must(G.Max(x)) }),
		"Max over an axis": unary(func(x *G.Node) *G.Node { return G.Must(G.Max(x, 1)) }),
		"Gt":               unary(func(x *G.Node) *G.Node { return G.Must(G.Gt(x, G.NewConstant(float32(0)), true)) }),
	} {
		t.Run(name, func(t *testing.T) {
			in := randomTensors(shapes(gt.Shape{4, 3}))
			build := withInputs(between(f), in, nil)
			checkSame(t, "forward", runNumbers(t, compile(t, build), byName(in)), onTapeMachine(t, build, byName(in)))
		})
	}
}

// What gorgonia does behind one's back, and the ways round it.

func TestTypeIsNewEachTime(t *testing.T) {
	b := NewBuild()
	o := SiLU(b.Input("x", 2)).Op()
	if o.Type() == o.Type() {
		t.Error("Type returned one value twice; gorgonia takes apart what it gets")
	}
}

func TestIdenticalOperationsAreTwoNodes(t *testing.T) {
	b := NewBuild()
	x := b.Input("x", 2)
	first := SiLU(x)
	// Make the next operation's hash the same as the first's.
	serials.Store(first.Op().(*op).serial - 1)
	second := SiLU(x)
	third := Scale(x, 2)
	if first == second || first.ID() == second.ID() {
		t.Error("gorgonia merged two operations")
	}
	checkChildren(t, b, second, x)
	checkChildren(t, b, third, x)
}

func checkChildren(t *testing.T, b *Build, n *G.Node, want ...*G.Node) {
	t.Helper()
	it := b.Graph.From(n.ID())
	for _, w := range want {
		if !it.Next() || it.Node().ID() != w.ID() {
			t.Errorf("%v has other children than it was made with", n)
		}
	}
}

func TestBackwardOperationsHaveNoGradient(t *testing.T) {
	b := NewBuild()
	x := b.Input("x", 2)
	dx := b.Grad(Mean(SiLU(x)), x)[0]
	o := dx.Op().(G.SDOp)
	for i, d := range o.DiffWRT(2) {
		if d {
			t.Errorf("the gradient of silu says that it is differentiable in input %d", i)
		}
	}
	if _, err := o.SymDiff(nil, nil, nil); err == nil {
		t.Error("a gradient of the gradient of silu is no error")
	}
}

// gorgonia's own slices are merged when their bounds agree in their last byte;
// ours never are.
func TestSlicesAreNotMerged(t *testing.T) {
	x := normal(1, 512*2)
	p := compile(t, func(b *Build) []*G.Node {
		n := b.Input("x", 1, 512, 2)
		return G.Nodes{SlicePositions(n, 0, 256), SlicePositions(n, 256, 512)}
	})
	got := runNumbers(t, p, map[string]*gt.Dense{"x": dense(x, gt.Shape{1, 512, 2})})
	checkSame(t, "halves", got, [][]float32{x[:512], x[512:]})
}

// A gradient pass starts at the loss and leaves out what lies beyond it.
func TestOnlyWhatIsNeededRuns(t *testing.T) {
	chain := func(want func(b *Build, x *G.Node, all G.Nodes) []*G.Node) int {
		return compile(t, func(b *Build) []*G.Node {
			x := b.Input("x", 2, 3)
			all := G.Nodes{x}
			for range 10 {
				all = append(all, SiLU(all[len(all)-1]))
			}
			return want(b, x, all)
		}).Instructions()
	}
	for _, c := range []struct {
		name string
		want int
		f    func(b *Build, x *G.Node, all G.Nodes) []*G.Node
	}{
		{"everything", 10, func(_ *Build, _ *G.Node, all G.Nodes) []*G.Node { return all[10:] }},
		{"the fourth", 4, func(_ *Build, _ *G.Node, all G.Nodes) []*G.Node { return all[4:5] }},
		{"an input", 0, func(_ *Build, x *G.Node, _ G.Nodes) []*G.Node { return G.Nodes{x} }},
		// Four activations less one whose value the gradient does not read, the mean's gradient, and four gradients.
		{"gradient of the fourth", 8, func(b *Build, x *G.Node, all G.Nodes) []*G.Node { return b.Grad(Mean(all[4]), x) }},
		{"loss and gradient of the fourth", 10, func(b *Build, x *G.Node, all G.Nodes) []*G.Node {
			loss := Mean(all[4])
			return append(b.Grad(loss, x), loss)
		}},
		{"gradient of the fourth, and the tenth", 15, func(b *Build, x *G.Node, all G.Nodes) []*G.Node {
			return append(b.Grad(Mean(all[4]), x), all[10])
		}},
	} {
		if got := chain(c.f); got != c.want {
			t.Errorf("%s: %d instructions, want %d", c.name, got, c.want)
		}
	}
}

// gorgonia shares constant nodes among graphs; graphs may be built at one time
// all the same.
func TestCompilingAtOneTime(t *testing.T) {
	w := newTower(t, 1)
	in := randomTensors(shapes(gt.Shape{2, 3}))
	mixed := withInputs(func(_ *Build, in G.Nodes) *G.Node {
		return G.Must(G.Tanh(G.Must(G.Sigmoid(G.Must(G.Neg(in[0]))))))
	}, in, []int{0})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, build := range []func(*Build) []*G.Node{w.gradient, mixed} {
				if _, err := Compile(build); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
