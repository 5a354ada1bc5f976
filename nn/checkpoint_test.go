package nn

import (
	"fmt"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// tower is a small network of a UNet's form: blocks down that keep their
// outputs, blocks up that take them, attention in every block, and views.
type tower struct {
	Down, Up []*towerBlock
	In, Out  Linear
}

type towerBlock struct {
	Norm      GroupNorm
	Q, KV, To Linear
	FF1, FF2  Linear
	Skip      *Linear // where the input is wider than the output
}

func newTower(t testing.TB, depth int) *tower {
	w := tower{In: NewLinear(3, 8), Out: NewLinear(8, 3)}
	for range depth {
		w.Down = append(w.Down, newTowerBlock(8))
		w.Up = append(w.Up, newTowerBlock(16))
	}
	w = loaded(t, w)
	return &w
}

func newTowerBlock(in int) *towerBlock {
	b := &towerBlock{
		Norm: NewGroupNorm(8, 2, 1e-5), Q: NewLinear(8, 8), KV: NewLinear(8, 8), To: NewLinear(8, 8),
		FF1: NewLinear(8, 32), FF2: NewLinear(16, 8),
	}
	if in != 8 {
		skip := NewLinear(in, 8)
		b.Skip = &skip
	}
	return b
}

func (l *towerBlock) forward(b *Build, path string, x *G.Node) *G.Node {
	return b.Block(func() *G.Node {
		if l.Skip != nil {
			x = l.Skip.Forward(x)
		}
		n := l.Norm.ForwardSiLU(FeatureMap{x, 16, 1}).X
		kv := Reshape(l.KV.Forward(n), 1, 16, 8)
		x = l.To.ForwardAdd(b.Attend(Site{Path: path, Heads: 2, Q: l.Q.Forward(n), K: kv, V: kv}), x)
		h := Reshape(GEGLU(Reshape(l.FF1.Forward(x), 16, 32)), 1, 16, 16)
		return l.FF2.ForwardAdd(h, x)
	})
}

func (w *tower) forward(b *Build, x *G.Node) *G.Node {
	x = w.In.Forward(x)
	var skips G.Nodes
	for i, l := range w.Down {
		x = l.forward(b, fmt.Sprint("down.", i), x)
		skips = append(skips, x)
	}
	for i, l := range w.Up {
		x = l.forward(b, fmt.Sprint("up.", i), Concat(x, skips[len(skips)-1-i]))
	}
	return w.Out.Forward(x)
}

func (w *tower) gradient(b *Build) []*G.Node {
	x := b.Input("x", 1, 16, 3)
	y := w.forward(b, x)
	return append(G.Nodes{y}, b.Grad(Dot(y, y), x)...)
}

func TestCheckpointing(t *testing.T) {
	w := newTower(t, 4)
	in := map[string]*gt.Dense{"x": dense(normal(3, 48), gt.Shape{1, 16, 3})}
	free := compile(t, w.gradient)
	want := runNumbers(t, free, in)
	if free.Recomputed() != 0 {
		t.Errorf("%d blocks are computed twice without a budget", free.Recomputed())
	}
	last := 0
	for _, share := range []float64{1, 0.8, 0.6, 0.5, 0.4} {
		budget := int64(share * float64(free.ArenaBytes()))
		p := compile(t, w.gradient, WithMemory(budget))
		checkMemory(t, p.plan)
		checkSame(t, fmt.Sprint("with a budget of ", share), runNumbers(t, p, in), want)
		if p.ArenaBytes() > budget {
			t.Errorf("the arena has %d bytes, the budget %d", p.ArenaBytes(), budget)
		}
		if (p.Recomputed() > 0) != (share < 1) || p.Recomputed() < last {
			t.Errorf("%d blocks are computed twice for %g of the memory, %d before", p.Recomputed(), share, last)
		}
		last = p.Recomputed()
	}
	if p, err := Compile(w.gradient, WithMemory(1000)); err == nil || !strings.Contains(err.Error(), "memory budget of 1.0 KiB is too small") {
		t.Errorf("a budget that cannot be met: %v, error %v", p, err)
	}
}

// A block is computed again from what enters it, each operation once, and only
// those whose results the backward pass reads.
func TestBlockIsComputedAgainOnce(t *testing.T) {
	const blocks, depth = 6, 5
	build := func(b *Build) []*G.Node {
		x := b.Input("x", 64, 64)
		y := x
		for range blocks {
			y = b.Block(func() *G.Node {
				for range depth {
					y = Mul(y, y)
				}
				return y
			})
		}
		return b.Grad(Mean(y), x)
	}
	free := compile(t, build)
	tight := compile(t, build, WithMemory(free.ArenaBytes()*6/10))
	if tight.Recomputed() == 0 {
		t.Fatal("no block is computed again")
	}
	// The gradient of a block's last multiplication reads what went in, not what came out.
	want := free.Instructions() + tight.Recomputed()*(depth-1)
	if got := tight.Instructions(); got != want {
		t.Errorf("%d instructions with %d blocks of %d operations computed again, want %d", got, tight.Recomputed(), depth, want)
	}
}

// What lies inside a block and is an output, is read by another block, or is
// random, is not computed again.
func TestWhatIsKept(t *testing.T) {
	runs := 0
	build := func(b *Build) []*G.Node {
		x := b.Input("x", 64, 64)
		var inside *G.Node
		y := b.Block(func() *G.Node {
			inside = hooked(SiLU(Mul(x, x)), func() { runs++ })
			return Mul(Mul(SiLU(x), GELU(x)), SiLU(SiLU(x)))
		})
		z := b.Block(func() *G.Node { return Mul(Mul(y, y), GELU(y)) })
		return append(b.Grad(Mean(z), x), inside)
	}
	free := compile(t, build)
	for budget := free.ArenaBytes(); ; budget = budget * 15 / 16 {
		p, err := Compile(build, WithMemory(budget))
		if err != nil {
			break
		}
		runs = 0
		runNumbers(t, p, map[string]*gt.Dense{"x": dense(normal(1, 4096), gt.Shape{64, 64})})
		if runs != 1 {
			t.Errorf("an output was computed %d times with %d blocks dropped", runs, p.Recomputed())
		}
	}
}

// Random numbers of gorgonia's are drawn once a run, even inside a block that
// is computed twice, and anew in the next run.
func TestRandomNodes(t *testing.T) {
	build := func(b *Build) []*G.Node {
		x := b.Input("x", 4, 64)
		var drawn *G.Node
		y := b.Block(func() *G.Node {
			drawn = Mul(x, G.UniformRandomNode(b.Graph, gt.Float32, 1, 2, 4, 64))
			return Mul(Mul(SiLU(x), GELU(x)), SiLU(SiLU(x)))
		})
		y = Mul(Mul(y, y), GELU(y))
		loss := Add(Dot(drawn, drawn), Scale(Mean(y), 0))
		return append(b.Grad(loss, x), drawn)
	}
	ones := make([]float32, 256)
	for i := range ones {
		ones[i] = 1
	}
	in := map[string]*gt.Dense{"x": dense(ones, gt.Shape{4, 64})}
	p := compile(t, build, WithMemory(compile(t, build).ArenaBytes()*8/10))
	if p.Recomputed() != 1 {
		t.Fatalf("%d blocks are computed twice, want 1", p.Recomputed())
	}
	first, second := runNumbers(t, p, in), runNumbers(t, p, in)
	for i, r := range first[1] {
		if r < 1 || r > 2 || first[0][i] != 2*r*r {
			t.Fatalf("drew %g; the gradient of its square is %g", r, first[0][i])
		}
	}
	if first[1][0] == second[1][0] {
		t.Error("two runs drew the same numbers")
	}
}

func TestBlocksWithinBlocks(t *testing.T) {
	b := NewBuild()
	x := b.Block(func() *G.Node { return b.Input("x", 2) })
	b.Block(func() *G.Node { return SiLU(x) })
	b.Block(func() *G.Node {
		b.Block(func() *G.Node { return SiLU(x) })
		b.Block(func() *G.Node { return b.Block(func() *G.Node { return SiLU(x) }) })
		return SiLU(x)
	})
	if want := [2][]span{{{0, 1}, {1, 2}, {2, 5}}, {{2, 3}, {3, 4}}}; fmt.Sprint(b.blocks) != fmt.Sprint(want) {
		t.Errorf("blocks %v, want %v", b.blocks, want)
	}
}

// Of what lies within a block, a block that takes much memory and little time is computed again alone: one operation of
// each, here.
func TestInnerBlocksAreDroppedAlone(t *testing.T) {
	type layers struct{ Wide, Out, Up, Down Linear }
	l := loaded(t, layers{NewLinear(8, 64), NewLinear(64, 8), NewLinear(8, 128), NewLinear(128, 8)})
	const blocks, rows = 16, 64
	build := func(b *Build) []*G.Node {
		x := b.Input("x", 1, rows, 8)
		y := x
		for range blocks {
			y = b.Block(func() *G.Node {
				slow := GELU(l.Down.Forward(l.Up.Forward(y)))
				return Add(l.Out.Forward(b.Block(func() *G.Node { return SiLU(l.Wide.Forward(slow)) })), y)
			})
		}
		return b.Grad(Dot(y, y), x)
	}
	in := map[string]*gt.Dense{"x": dense(normal(3, rows*8), gt.Shape{1, rows, 8})}
	free := compile(t, build)
	want := runNumbers(t, free, in)
	for _, share := range []float64{0.8, 0.6, 0.4} {
		p := compile(t, build, WithMemory(int64(share*float64(free.ArenaBytes()))))
		checkMemory(t, p.plan)
		checkSame(t, fmt.Sprint("with ", share, " of the memory"), runNumbers(t, p, in), want)
		if twice := p.Instructions() - free.Instructions(); twice == 0 || twice != p.Recomputed() {
			t.Errorf("with %g of the memory %d operations of %d blocks are computed twice, want one of each", share, twice, p.Recomputed())
		}
	}
}
