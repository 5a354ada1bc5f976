package nn

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sdgraph/sdgraph/kernels/kerneltest"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// evaluate computes outputs node by node, each value in memory of its own, by
// nothing but the operations' own functions.
func evaluate(t *testing.T, build func(*Build) []*G.Node, in map[string]*gt.Dense) [][]float32 {
	t.Helper()
	b := NewBuild()
	outputs := build(b)
	e := evaluator{t: t, b: b, in: in, foreign: map[int64]G.Value{}, ours: map[value][]float32{}}
	var out [][]float32
	for _, n := range outputs {
		out = append(out, e.floats(value{n.ID(), 0}))
	}
	return out
}

type evaluator struct {
	t       *testing.T
	b       *Build
	in      map[string]*gt.Dense
	foreign map[int64]G.Value
	ours    map[value][]float32
}

func (e evaluator) floats(v value) []float32 {
	n := e.b.Graph.Node(v.node).(*G.Node)
	if _, ok := n.Op().(*op); !ok {
		f, err := floats(e.value(n))
		if err != nil {
			e.t.Fatal(err)
		}
		return f
	}
	if _, ok := e.ours[v]; !ok {
		e.compute(n)
	}
	return e.ours[v]
}

func (e evaluator) compute(n *G.Node) {
	o := n.Op().(*op)
	var children G.Nodes
	for it := e.b.Graph.From(n.ID()); it.Next(); {
		children = append(children, it.Node().(*G.Node))
	}
	if o.view != nil {
		e.ours[value{n.ID(), 0}] = e.floats(value{children[0].ID(), *o.view})
		return
	}
	var in [][]float32
	for _, c := range children {
		in = append(in, e.floats(value{c.ID(), 0}))
	}
	if o.extra != nil {
		in = append(in, e.floats(value{children[o.extra.input].ID(), o.extra.index}))
	}
	out := [][]float32{make([]float32, o.shape.TotalSize())}
	for _, size := range o.extras {
		out = append(out, make([]float32, size))
	}
	on := kerneltest.CPU().Functions
	o.compute(&on, out, in)
	for i, f := range out {
		e.ours[value{n.ID(), i}] = f
	}
}

func (e evaluator) value(n *G.Node) G.Value {
	if d, ok := e.in[n.Name()]; ok && n.Op() == nil {
		return d
	}
	if n.Value() != nil {
		return n.Value()
	}
	if v, ok := e.foreign[n.ID()]; ok {
		return v
	}
	if o, ok := n.Op().(*op); ok {
		return valueOf(append([]float32(nil), e.floats(value{n.ID(), 0})...), o.shape)
	}
	var args []G.Value
	for it := e.b.Graph.From(n.ID()); it.Next(); {
		args = append(args, e.value(it.Node().(*G.Node)))
	}
	v, err := n.Op().Do(args...)
	if err != nil {
		e.t.Fatal(err)
	}
	e.foreign[n.ID()] = v
	return v
}

// checkMemory follows a plan instruction by instruction and fails where one
// reads memory that another has written over.
func checkMemory(t *testing.T, p *plan) {
	t.Helper()
	owner := make([]int, p.arena)
	for i := range owner {
		owner[i] = -1
	}
	cells := func(s int) []int {
		r := p.root(s)
		st := p.slots[r].storage
		if st == nil {
			return nil
		}
		at := st.root().offset
		return owner[at : at+p.slots[r].size]
	}
	owned := func(s int, where string) {
		for _, o := range cells(s) {
			if o != p.root(s) {
				t.Fatalf("%s: slot %d is read where slot %d lies", where, p.root(s), o)
			}
		}
	}
	for _, in := range p.code {
		for _, s := range in.in {
			if s >= 0 {
				owned(s, in.node.Name())
			}
		}
		for i, s := range in.out {
			if s < 0 {
				continue
			}
			checkApart(t, p, in, i)
			for k := range cells(s) {
				cells(s)[k] = s
			}
		}
	}
	for _, s := range p.outputs {
		owned(s, "output")
	}
}

// checkApart fails if output i of an instruction lies in one of its inputs,
// other than the one that it may overwrite and reads nowhere else.
func checkApart(t *testing.T, p *plan, in instruction, i int) {
	t.Helper()
	to := p.slots[in.out[i]].storage
	for k, other := range in.in {
		if other < 0 || to == nil {
			continue
		}
		from := p.slots[p.root(other)].storage
		mayOverwrite := i == 0 && in.op.inPlace == k+1
		if from != nil && !mayOverwrite && from.root().offset < to.root().offset+to.size && to.root().offset < from.root().offset+from.size {
			t.Fatalf("%s: writes into its input %d", in.node.Name(), k)
		}
	}
}

// network makes random graphs of cheap operations on [2, 4, 6].
type network struct {
	r      *rand.Rand
	layers networkLayers
	nodes  G.Nodes
}

type networkLayers struct {
	Linear Linear
	Conv   Conv2D
	Group  GroupNorm
	Layer  LayerNorm
}

func (w *network) pick() *G.Node { return w.nodes[w.r.IntN(len(w.nodes))] }

// recent prefers what was made last, so that graphs get deep.
func (w *network) recent() *G.Node {
	return w.nodes[max(0, len(w.nodes)-1-w.r.IntN(3))]
}

func (w *network) step() *G.Node {
	x, y := w.recent(), w.pick()
	switch m := (FeatureMap{x, 2, 2}); w.r.IntN(18) {
	case 0:
		return Affine(x, 0.7, 0.1)
	case 1:
		return SiLU(x)
	case 2:
		return Softmax(x)
	case 3:
		return Add(x, y)
	case 4:
		return Mul(x, y)
	case 5:
		return Reshape(GELU(Reshape(x, 8, 6)), 2, 4, 6)
	case 6:
		return SliceChannels(Concat(x, y), 3, 9)
	case 7:
		return Attention(x, y, w.pick(), 2, false)
	case 8:
		return AttentionMix(AttentionProbs(x, y, 3, false), w.pick())
	case 9:
		return G.Must(G.Tanh(x))
	case 10:
		return G.Must(G.Transpose(G.Must(G.Transpose(x, 0, 2, 1)), 0, 2, 1))
	case 11:
		return AddBroadcast(x, MeanAxis(y, 1))
	case 12:
		return scaleBy(ReLU(OneMinusMax(y)), x)
	case 13:
		return w.layers.Linear.ForwardAdd(x, y)
	case 14:
		return w.layers.Conv.ForwardAdd(m, y).X
	case 15:
		return w.layers.Group.ForwardSiLU(m).X
	case 16:
		return w.layers.Layer.Forward(x)
	}
	return Scale(Add(x, x), 0.4)
}

// build makes a graph of blocks, with values that cross them, and returns its
// outputs, gradients included.
func (w *network) build(b *Build) []*G.Node {
	x, y := b.Input("x", 2, 4, 6), b.Input("y", 2, 4, 6)
	w.nodes = G.Nodes{x, y, Add(x, y)}
	for range 2 + w.r.IntN(4) {
		steps := 2 + w.r.IntN(5)
		block := func() *G.Node {
			for range steps {
				w.nodes = append(w.nodes, w.step())
			}
			b.Block(func() *G.Node { // which is a block within one, where this one is
				w.nodes = append(w.nodes, w.step())
				w.nodes = append(w.nodes, w.step())
				return w.nodes[len(w.nodes)-1]
			})
			return w.nodes[len(w.nodes)-1]
		}
		if w.r.IntN(4) == 0 {
			block()
		} else {
			b.Block(block)
		}
	}
	out := G.Nodes{w.recent(), w.pick(), Reshape(w.pick(), 48)}
	loss := Dot(w.nodes[len(w.nodes)-1], b.Constant("cotangent", normal(5, 48), 2, 4, 6))
	loss = Add(loss, Mean(Mul(x, y)))
	out = append(out, loss)
	return append(out, b.Grad(loss, x, y)...)
}

// Whatever the graph, a program computes what the operations say, with and
// without a budget, and never reads memory that was written over.
func TestRandomGraphs(t *testing.T) {
	in := map[string]*gt.Dense{
		"x": dense(normal(1, 48), gt.Shape{2, 4, 6}),
		"y": dense(normal(2, 48), gt.Shape{2, 4, 6}),
	}
	layers := loaded(t, networkLayers{NewLinear(6, 6), NewConv2D(6, 6, 3, 1), NewGroupNorm(6, 3, 1e-5), NewLayerNorm(6, 1e-5)})
	dropped := 0
	for seed := range uint64(150) {
		build := func(b *Build) []*G.Node {
			w := network{r: rand.New(rand.NewPCG(seed, 2)), layers: layers}
			return w.build(b)
		}
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			want := evaluate(t, build, in)
			free := compile(t, build)
			checkMemory(t, free.plan)
			checkSame(t, "without a budget", runNumbers(t, free, in), want)
			for budget := free.ArenaBytes() * 15 / 16; ; budget = budget * 7 / 8 {
				p, err := Compile(build, WithMemory(budget))
				if err != nil {
					break
				}
				if p.ArenaBytes() > budget {
					t.Fatalf("the arena has %d bytes, the budget %d", p.ArenaBytes(), budget)
				}
				checkMemory(t, p.plan)
				checkSame(t, fmt.Sprint("with a budget of ", budget), runNumbers(t, p, in), want)
				dropped += p.Recomputed()
			}
		})
	}
	if dropped < 50 {
		t.Errorf("%d blocks were computed twice in all; the test tests little", dropped)
	}
}

// In-place work where it would show if it were wrong.
func TestInPlace(t *testing.T) {
	l := loaded(t, NewLinear(6, 6))
	for _, c := range []struct {
		name string
		f    func(x *G.Node) []*G.Node
	}{
		{"two readers", func(x *G.Node) []*G.Node { return []*G.Node{Add(SiLU(x), GELU(x))} }},
		{"read after", func(x *G.Node) []*G.Node { return []*G.Node{Mul(SiLU(x), x)} }},
		{"residual is the input", func(x *G.Node) []*G.Node { return []*G.Node{l.ForwardAdd(x, x)} }},
		{"residual is a view of the input", func(x *G.Node) []*G.Node { return []*G.Node{l.ForwardAdd(x, Reshape(Reshape(x, 24), 4, 6))} }},
		{"residual is read later", func(x *G.Node) []*G.Node {
			r := Affine(x, 2, 0)
			return []*G.Node{Add(l.ForwardAdd(x, r), r)}
		}},
		{"both inputs are one", func(x *G.Node) []*G.Node { return []*G.Node{Add(x, x), Mul(x, x)} }},
		{"an output is read again", func(x *G.Node) []*G.Node {
			y := SiLU(x)
			return []*G.Node{y, SiLU(y), SiLU(SiLU(y))}
		}},
		{"the last operation reads an output", func(x *G.Node) []*G.Node {
			y := SiLU(x)
			return []*G.Node{SiLU(y), y}
		}},
		{"a view outlives what it shows", func(x *G.Node) []*G.Node {
			y := SiLU(x)
			v := Reshape(y, 24)
			return []*G.Node{Add(Reshape(SiLU(y), 24), v)}
		}},
		{"an output is a view", func(x *G.Node) []*G.Node {
			y := SiLU(x)
			return []*G.Node{Reshape(y, 24), SiLU(y)}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := map[string]*gt.Dense{"x": dense(normal(1, 24), gt.Shape{4, 6})}
			build := func(b *Build) []*G.Node { return c.f(Affine(b.Input("x", 4, 6), 1.5, 0.5)) }
			p := compile(t, build)
			checkMemory(t, p.plan)
			checkSame(t, "values", runNumbers(t, p, in), evaluate(t, build, in))
		})
	}
}

// A chain of in-place operations needs the memory of one value.
func TestChainTakesOneBuffer(t *testing.T) {
	p := compile(t, func(b *Build) []*G.Node {
		x := Affine(b.Input("x", 16, 16), 2, 1)
		for range 10 {
			x = Softmax(SiLU(x))
		}
		return []*G.Node{Add(Reshape(x, 256), b.Constant("c", make([]float32, 256), 256))}
	})
	if got := p.ArenaBytes(); got != 1024 {
		t.Errorf("the arena has %d bytes, want 1024", got)
	}
}

func TestPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var all []*storage
		instructions := 1 + r.IntN(40)
		for range r.IntN(60) {
			first := r.IntN(instructions)
			all = append(all, &storage{size: r.IntN(100), first: first, last: first + r.IntN(instructions-first+1)})
		}
		total := place(all)
		if low := peak(all, instructions); total < low {
			t.Fatalf("%d float32s in an arena of %d", low, total)
		}
		for i, a := range all {
			if a.offset%alignment != 0 || a.offset+a.size > total {
				t.Fatalf("a storage of %d at %d in an arena of %d", a.size, a.offset, total)
			}
			for _, b := range all[:i] {
				if a.first <= b.last && b.first <= a.last && a.offset < b.offset+b.size && b.offset < a.offset+a.size {
					t.Fatalf("two storages that live at one time overlap: %+v, %+v", a, b)
				}
			}
		}
	}
}

func TestArenaIsAligned(t *testing.T) {
	a := NewArena()
	for _, n := range []int{1, 5, 100, 1000} {
		a.reserve(n)
		if at := uintptr(unsafe.Pointer(&a.buf[0])); at%64 != 0 {
			t.Errorf("an arena of %d float32s starts at %#x", n, at)
		}
	}
	if a.Bytes() != 4000 {
		t.Errorf("the arena has %d bytes, want 4000", a.Bytes())
	}
}

func TestByteSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0.0 KiB", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 29: "1.50 GiB"} {
		if got := ByteSize(n); got != want {
			t.Errorf("ByteSize(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{1536: "1.5 KiB", 1537: "1.6 KiB", 5<<20 + 1: "5.1 MiB", 3<<29 + 1: "1.51 GiB"} {
		if got := byteSizeUp(n); got != want {
			t.Errorf("byteSizeUp(%d) = %q, want %q", n, got, want)
		}
	}
}
