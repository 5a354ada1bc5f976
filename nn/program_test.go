package nn

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// twice is a program of two steps on an input x of [2, 3].
func twice(b *Build) []*G.Node { return []*G.Node{SiLU(Affine(b.Input("x", 2, 3), 2, 1))} }

func TestCompileErrors(t *testing.T) {
	other := NewBuild().Input("x", 2)
	for _, c := range []struct {
		name  string
		build func(b *Build) []*G.Node
		want  string
	}{
		{"no outputs", func(*Build) []*G.Node { return nil }, "no outputs"},
		{"nil output", func(*Build) []*G.Node { return []*G.Node{nil} }, "output 0 of the graph is nil"},
		{"nil input of an operation", func(*Build) []*G.Node { return []*G.Node{Attention(nil, nil, nil, 1, false)} }, "building the graph"},
		{"double", func(b *Build) []*G.Node {
			return []*G.Node{G.NewTensor(b.Graph, gt.Float64, 1, G.WithShape(2), G.WithName("d"))}
		}, "float64, want float32"},
		{"operation on double", func(b *Build) []*G.Node {
			return []*G.Node{SiLU(G.NewTensor(b.Graph, gt.Float64, 1, G.WithShape(2), G.WithName("d")))}
		}, "silu: input 0 is float64, want float32"},
		{"shapes", func(b *Build) []*G.Node { return []*G.Node{Add(b.Input("x", 2), b.Input("y", 3))} }, "add: shapes (2) and (3) differ"},
		{"duplicate input", func(b *Build) []*G.Node { return []*G.Node{Add(b.Input("x", 2), b.Input("x", 2))} }, `two inputs are called "x"`},
		{"constant named as an input", func(b *Build) []*G.Node {
			return []*G.Node{Add(b.Input("x", 2), b.Constant("x", []float32{1, 2}, 2))}
		}, `two inputs are called "x"`},
		{"constant of another size", func(b *Build) []*G.Node { return []*G.Node{b.Constant("c", []float32{1, 2, 3}, 2)} }, "3 values, want 2"},
		{"node of another graph", func(*Build) []*G.Node { return []*G.Node{other} }, "not in the graph"},
		{"two gradients", func(b *Build) []*G.Node {
			x := b.Input("x", 2)
			return append(b.Grad(Mean(SiLU(x)), x), b.Grad(Mean(GELU(x)), x)...)
		}, "one graph has one loss"},
		{"gradient of a tensor", func(b *Build) []*G.Node {
			x := b.Input("x", 2)
			return b.Grad(SiLU(x), x)
		}, "to be a scalar"},
		{"gradient of what does not matter", func(b *Build) []*G.Node {
			return b.Grad(Mean(SiLU(b.Input("x", 2))), b.Input("y", 2))
		}, "Non Differentiable WRTs"},
		{"gradient through token ids", func(b *Build) []*G.Node {
			x := b.Input("x", 1, 2)
			return b.Grad(Mean(NewEmbedding(3, 2).Lookup(x)), x)
		}, "Non"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Compile(c.build)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if p != nil {
				t.Error("a program came with the error")
			}
		})
	}
}

func TestRunErrors(t *testing.T) {
	ctx := context.Background()
	good := map[string]*gt.Dense{"x": dense(make([]float32, 6), gt.Shape{2, 3})}
	p := compile(t, twice)
	for _, c := range []struct {
		name string
		in   map[string]*gt.Dense
		want string
	}{
		{"missing", nil, `input "x" has no value`},
		{"unknown", map[string]*gt.Dense{"y": good["x"]}, `no input "y"; it has ["x"]`},
		{"nil", map[string]*gt.Dense{"x": nil}, `input "x" is nil`},
		{"shape", map[string]*gt.Dense{"x": dense(make([]float32, 6), gt.Shape{3, 2})}, `input "x" has shape (3, 2), want (2, 3)`},
		{"dtype", map[string]*gt.Dense{"x": gt.New(gt.WithShape(2, 3), gt.WithBacking(make([]float64, 6)))}, `input "x" is float64, want float32`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := p.Run(ctx, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := p.Run(ctx, good); err != nil {
		t.Errorf("after the errors: %v", err)
	}
	if _, err := p.Run(ctx, nil); err != nil {
		t.Errorf("with the input still bound: %v", err)
	}
}

// A constant is no input: a caller cannot change it by name.
func TestConstant(t *testing.T) {
	p := compile(t, func(b *Build) []*G.Node {
		return []*G.Node{Add(b.Input("x", 2), b.Constant("c", []float32{10, 20}, 2))}
	})
	x := dense([]float32{1, 2}, gt.Shape{2})
	if _, err := p.Run(context.Background(), map[string]*gt.Dense{"x": x, "c": x}); err == nil {
		t.Error("a constant took a value")
	}
	checkSame(t, "sum", runNumbers(t, p, map[string]*gt.Dense{"x": x}), [][]float32{{11, 22}})
}

func TestPanicsBecomeErrors(t *testing.T) {
	table := loaded(t, NewEmbedding(3, 2))
	ids := func(v ...float32) map[string]*gt.Dense {
		return map[string]*gt.Dense{"in0": dense(v, gt.Shape{1, len(v)})}
	}
	p := compile(t, withInputs(unary(table.Lookup), []*gt.Dense{ids(0, 0)["in0"]}, nil))
	for _, id := range []float32{3, -1, 0.5, float32(math.NaN())} {
		_, err := p.Run(context.Background(), ids(0, id))
		if err == nil || !strings.Contains(err.Error(), "at position 1, want a whole number below 3") {
			t.Errorf("token %g: error %v", id, err)
		}
	}
	runNumbers(t, p, ids(2, 1))

	x := dense(make([]float32, 4), gt.Shape{1, 2, 2})
	p = compile(t, withInputs(binary(SelectPositions), []*gt.Dense{x, vector1(0)}, nil))
	for _, i := range []float32{2, -1, 0.5, float32(math.NaN())} {
		_, err := p.Run(context.Background(), map[string]*gt.Dense{"in0": x, "in1": vector1(i)})
		if err == nil || !strings.Contains(err.Error(), "want a whole number from 0 to 1") {
			t.Errorf("position %g: error %v", i, err)
		}
	}

	p = compile(t, withInputs(unary(NewLinear(2, 2).Forward), []*gt.Dense{x}, nil))
	_, err := p.Run(context.Background(), map[string]*gt.Dense{"in0": x})
	if err == nil || !strings.Contains(err.Error(), "before it is loaded") {
		t.Errorf("a layer without weights: error %v", err)
	}
}

func TestNaNPassesThrough(t *testing.T) {
	nan := float32(math.NaN())
	x := []float32{1, nan, float32(math.Inf(1)), 0, 0, 0}
	p := compile(t, func(b *Build) []*G.Node { return []*G.Node{Affine(b.Input("x", 2, 3), 2, 1)} })
	got := runNumbers(t, p, map[string]*gt.Dense{"x": dense(x, gt.Shape{2, 3})})[0]
	if got[0] != 3 || got[1] == got[1] || !math.IsInf(float64(got[2]), 1) || got[3] != 1 {
		t.Errorf("2·%v + 1 = %v", x, got)
	}
}

// hooked is x, calling f when the program gets there.
func hooked(x *G.Node, f func()) *G.Node {
	return apply(&op{
		name: "hooked", shape: x.Shape(),
		host: func(out, in [][]float32) {
			f()
			copy(out[0], in[0])
		},
	}, x)
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	later := 0
	p := compile(t, func(b *Build) []*G.Node {
		x := hooked(SiLU(b.Input("x", 2)), cancel)
		return []*G.Node{hooked(x, func() { later++ })}
	})
	in := map[string]*gt.Dense{"x": vector1(1, 2)}
	if _, err := p.Run(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if later != 0 {
		t.Error("an operation ran after the context was cancelled")
	}
	if _, err := p.Run(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: error %v", err)
	}
	if _, err := p.Run(context.Background(), in); err != nil || later != 1 {
		t.Errorf("after being cancelled: error %v, %d runs of the last operation", err, later)
	}
}

func TestOutputsHaveTheirOwnMemory(t *testing.T) {
	p := compile(t, func(b *Build) []*G.Node {
		x := b.Input("x", 2)
		y := Affine(x, 2, 0)
		// An input, a view of one, one value twice, a view of a value, and one that the last operation could overwrite.
		return []*G.Node{x, Reshape(x, 1, 2), y, y, Reshape(y, 2, 1), Mean(y), Affine(y, 2, 0)}
	})
	x := vector1(1, 2)
	first := runNumbers(t, p, map[string]*gt.Dense{"x": x})
	x.Data().([]float32)[0] = 5
	runNumbers(t, p, map[string]*gt.Dense{"x": x})
	checkSame(t, "after another run", first, [][]float32{{1, 2}, {1, 2}, {2, 4}, {2, 4}, {2, 4}, {3}, {4, 8}})
	first[2][0] = 100
	if first[3][0] == 100 || first[4][0] == 100 {
		t.Error("two outputs share memory")
	}
}

func TestVM(t *testing.T) {
	var x, y *G.Node
	var vm G.VM = compile(t, func(b *Build) []*G.Node {
		x = b.Input("x", 2)
		y = Scale(x, 3)
		return []*G.Node{y}
	})
	for range 2 {
		if err := G.Let(x, vector1(1, 2)); err != nil {
			t.Fatal(err)
		}
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		vm.Reset()
		f, err := floats(y.Value())
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, "y", [][]float32{f}, [][]float32{{3, 6}})
	}
	if err := vm.Close(); err != nil {
		t.Fatal(err)
	}
	if err := vm.RunAll(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}

// Programs of one arena take turns, from however many goroutines they are run.
func TestSharedArena(t *testing.T) {
	arena := NewArena()
	programs := []*Program{
		compile(t, twice, WithArena(arena)),
		compile(t, func(b *Build) []*G.Node {
			x := b.Input("x", 50, 3)
			return []*G.Node{G.Must(G.Tanh(Softmax(Concat(SiLU(x), GELU(x)))))}
		}, WithArena(arena)),
	}
	ins := []map[string]*gt.Dense{
		{"x": dense(normal(1, 6), gt.Shape{2, 3})},
		{"x": dense(normal(2, 150), gt.Shape{50, 3})},
	}
	var want [][][]float32
	for i, p := range programs {
		want = append(want, runNumbers(t, p, ins[i]))
	}
	if got, need := arena.Bytes(), max(programs[0].ArenaBytes(), programs[1].ArenaBytes()); got != need {
		t.Errorf("the arena holds %d bytes, want %d, the larger plan", got, need)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 20 {
				out, err := programs[g%2].Run(context.Background(), ins[g%2])
				if err != nil {
					t.Error(err)
					return
				}
				f, _ := floats(out[0])
				for k, v := range want[g%2][0] {
					if f[k] != v {
						t.Errorf("program %d: element %d is %g, want %g", g%2, k, f[k], v)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestFinite(t *testing.T) {
	if err := Finite(vector1(1, 2)); err != nil {
		t.Error(err)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if err := Finite(vector1(1, float32(v))); err == nil || !strings.Contains(err.Error(), "element 1") {
			t.Errorf("%g: error %v", v, err)
		}
	}
}

// However a caller's tensor lies in memory, a program reads its elements.
func TestInputsInOtherLayouts(t *testing.T) {
	want := []float32{1, 2, 3, 4, 5, 6}
	transposed := dense([]float32{1, 4, 2, 5, 3, 6}, gt.Shape{3, 2})
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	columns, err := dense([]float32{0, 1, 2, 3, 0, 0, 4, 5, 6, 0}, gt.Shape{2, 5}).Slice(nil, G.S(1, 4))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := dense([]float32{0, 0, 0, 1, 2, 3, 4, 5, 6}, gt.Shape{3, 3}).Slice(G.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	p := compile(t, func(b *Build) []*G.Node {
		x := b.Input("x", 2, 3)
		return []*G.Node{x, Scale(x, 1), G.Must(G.Neg(G.Must(G.Neg(x))))}
	})
	for name, x := range map[string]*gt.Dense{
		"transposed":   transposed,
		"columns":      columns.(*gt.Dense),
		"rows":         rows.(*gt.Dense),
		"column major": gt.New(gt.WithShape(2, 3), gt.AsFortran([]float32{1, 2, 3, 4, 5, 6})),
	} {
		t.Run(name, func(t *testing.T) {
			checkSame(t, "elements", runNumbers(t, p, map[string]*gt.Dense{"x": x}), [][]float32{want, want, want})
		})
	}
}
