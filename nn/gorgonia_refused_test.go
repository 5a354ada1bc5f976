package nn

import (
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// refusal is a graph and a part of Compile's error about it, empty for none.
type refusal struct {
	name, want string
	build      func(b *Build, x *G.Node) []*G.Node
}

func checkRefusals(t *testing.T, shape gt.Shape, refusals []refusal) {
	t.Helper()
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			_, err := Compile(func(b *Build) []*G.Node { return c.build(b, b.Input("x", shape...)) })
			expected(t, "graph", err, c.want)
		})
	}
}

// What gorgonia takes for one node, as it does not compare all that tells two
// operations apart, is refused if both were asked for.
func TestMistakenOperations(t *testing.T) {
	pair := func(a, b *G.Node) []*G.Node { return G.Nodes{Scale(a, 1), Scale(b, 1)} }
	conv := func(b *Build, x *G.Node, filter string, stride, dilation int) *G.Node {
		return G.Must(G.Conv2d(x, b.Input(filter, 1, 1, 2, 2), gt.Shape{2, 2}, []int{0, 0}, []int{stride, stride}, []int{dilation, dilation}))
	}
	batch := func(x *G.Node, epsilon float64) *G.Node {
		y, _, _, _, err := G.BatchNorm(x, x, x, 0.1, epsilon)
		return G.Must(y, err)
	}
	pool := func(x *G.Node, pad ...int) *G.Node { return G.Must(G.MaxPool2D(x, gt.Shape{2, 2}, pad, []int{2, 2})) }
	checkRefusals(t, gt.Shape{1, 1, 9, 9}, []refusal{
		{"SoftMax and LogSoftMax", "gorgonia.SoftMax takes SoftMax and LogSoftMax of a node for the same", func(b *Build, x *G.Node) []*G.Node {
			return pair(G.Must(G.SoftMax(x)), G.Must(G.LogSoftMax(x)))
		}},
		{"the two of different nodes", "", func(b *Build, x *G.Node) []*G.Node { return pair(G.Must(G.SoftMax(x)), G.Must(G.LogSoftMax(SiLU(x)))) }},
		{"a linear loss of the two", "gorgonia.Log of a SoftMax turns that SoftMax", func(b *Build, x *G.Node) []*G.Node {
			p := G.Must(G.SoftMax(x))
			return b.Grad(Add(Mean(p), Mean(G.Must(G.Log(p)))), x)
		}},
		{"convolutions of two dilations", "gorgonia.Im2Col takes windows of different dilations for the same", func(b *Build, x *G.Node) []*G.Node {
			return pair(conv(b, x, "f", 2, 1), conv(b, x, "g", 2, 2))
		}},
		{"convolutions of two dilations and shapes", "", func(b *Build, x *G.Node) []*G.Node { return pair(conv(b, x, "f", 1, 1), conv(b, x, "g", 1, 2)) }},
		{"convolutions with two filters", "", func(b *Build, x *G.Node) []*G.Node { return pair(conv(b, x, "f", 1, 2), conv(b, x, "g", 1, 2)) }},
		{"pools of two paddings", "gorgonia.MaxPool2D takes", func(b *Build, x *G.Node) []*G.Node { return pair(pool(x, 1, 1), pool(x, 1, 0, 1, 0)) }},
		{"Dropout twice", "gorgonia.Dropout takes", func(b *Build, x *G.Node) []*G.Node { return pair(G.Must(G.Dropout(x, 0.1)), G.Must(G.Dropout(x, 0.5))) }},
		{"BatchNorm twice", "gorgonia.BatchNorm takes", func(b *Build, x *G.Node) []*G.Node { return pair(batch(x, 1e-5), batch(x, 1e-2)) }},
		{"GroupNorm twice", "gorgonia.GroupNorm takes", func(b *Build, x *G.Node) []*G.Node {
			return pair(G.Must(G.GroupNorm(x, x, x, 1, 1, 1e-5)), G.Must(G.GroupNorm(x, x, x, 1, 1, 1e-2)))
		}},
		{"random nodes of one shape", "UniformRandomNode, GaussianRandomNode or BinomialRandomNode takes random nodes of one shape for the same", func(b *Build, x *G.Node) []*G.Node {
			return pair(G.UniformRandomNode(b.Graph, gt.Float32, 0, 1, 3), G.GaussianRandomNode(b.Graph, gt.Float32, 0, 1, 3))
		}},
		{"random nodes of two shapes", "", func(b *Build, x *G.Node) []*G.Node {
			return pair(G.BinomialRandomNode(b.Graph, gt.Float32, 5, 0.5, 3), G.GaussianRandomNode(b.Graph, gt.Float32, 0, 1, 4))
		}},
		{"an activation twice", "", func(b *Build, x *G.Node) []*G.Node { return pair(G.Must(G.Tanh(x)), G.Must(G.Tanh(x))) }},
	})
}

// gorgonia knows a constant by its name, which is what it prints like where none
// is given, and prints of a long tensor only the ends.
func TestConstantsOfGorgonia(t *testing.T) {
	times := func(v *G.Node) func(b *Build, x *G.Node) []*G.Node {
		return func(b *Build, x *G.Node) []*G.Node { return G.Nodes{G.Must(G.HadamardProd(x, v))} }
	}
	tensor := func(n int) *gt.Dense { return dense(normal(1, n), gt.Shape{n}) }
	const mistaken = "gorgonia.NewConstant takes a tensor for another one with the same name"
	checkRefusals(t, gt.Shape{9}, []refusal{
		{"long", mistaken, times(G.NewConstant(tensor(9)))},
		{"one-hot", mistaken, times(G.OneHotVector(4, 9, gt.Float32))},
		{"scalar", "", times(G.NewConstant(float32(0.1)))},
		{"value", "", times(G.NewConstant(G.NewF32(0.1)))},
		{"named scalar", "gorgonia.NewConstant takes a number for another one", times(G.NewConstant(float32(0.1), G.WithName("a tenth")))},
	})
	checkRefusals(t, gt.Shape{8}, []refusal{
		{"short", "", times(G.NewConstant(tensor(8)))},
		{"one-hot", "", times(G.OneHotVector(4, 8, gt.Float32))},
		{"named", mistaken, times(G.NewConstant(tensor(8), G.WithName("mask")))},
	})
	tall := dense(normal(1, 18), gt.Shape{18, 1})
	checkRefusals(t, gt.Shape{18, 1}, []refusal{{"tall", mistaken, times(G.NewConstant(tall))}})
	rows := dense(normal(1, 40), gt.Shape{20, 2})
	checkRefusals(t, gt.Shape{20, 2}, []refusal{{"many rows", mistaken, times(G.NewConstant(rows))}})
}

// noGradientAtAll is an operation of somebody else's that cannot be
// differentiated.
type noGradientAtAll struct{ G.Iop }

func TestRefusedOperations(t *testing.T) {
	through := func(o G.Op) func(b *Build, x *G.Node) []*G.Node {
		return func(b *Build, x *G.Node) []*G.Node { return b.Grad(Mean(G.Must(G.ApplyOp(o, x))), x) }
	}
	square := func(x *G.Node) *G.Node { return Mean(Mul(x, x)) }
	must := func(n G.Nodes, err error) G.Nodes {
		if err != nil {
			panic(err)
		}
		return n
	}
	const direct = "gorgonia.Grad, or Backpropagate, does not say which nodes are a gradient's"
	checkRefusals(t, gt.Shape{1, 7, 2, 2}, []refusal{
		{"YOLOv3", "gorgonia.YOLOv3 overwrites its input", func(b *Build, x *G.Node) []*G.Node {
			return G.Nodes{G.Must(G.YOLOv3(x, []float32{1, 1}, []int{0}, 4, 2, 0.5))}
		}},
		{"Grad", direct, func(b *Build, x *G.Node) []*G.Node { return must(G.Grad(square(x), x)) }},
		{"Grad after ours", direct, func(b *Build, x *G.Node) []*G.Node { return append(b.Grad(square(x), x), must(G.Grad(Mean(x), x))...) }},
		{"Backpropagate", direct, func(b *Build, x *G.Node) []*G.Node {
			return must(G.Backpropagate(G.Nodes{Scale(x, 2)}, G.Nodes{b.Input("dy", x.Shape()...)}, G.Nodes{x}))
		}},
		{"Read", "gorgonia.Read is not run by a program", func(b *Build, x *G.Node) []*G.Node {
			var v G.Value
			G.Read(x, &v)
			return G.Nodes{SiLU(x)}
		}},
		{"Set", "gorgonia.Set is not run by a program", func(b *Build, x *G.Node) []*G.Node { G.Set(b.Input("y", 1), x); return G.Nodes{SiLU(x)} }},
		{"Iop", "I (gorgonia.Iop) has no gradient", through(G.Iop{})},
		{"somebody else's", "I (nn.noGradientAtAll) has no gradient", through(noGradientAtAll{})},
		{"somebody else's value", "", func(b *Build, x *G.Node) []*G.Node { return G.Nodes{G.Must(G.ApplyOp(noGradientAtAll{}, x))} }},
		{"flat ones", "; no gradient passes gorgonia.Floor, gorgonia.Sign", func(b *Build, x *G.Node) []*G.Node {
			return b.Grad(Add(Mean(G.Must(G.Sign(x))), Mean(G.Must(G.Floor(x)))), x)
		}},
		{"a wrong gradient where none passes", "", func(b *Build, x *G.Node) []*G.Node {
			weight := G.Must(G.InverseSqrt(Affine(b.Input("w", x.Shape()...), 1, 2)))
			return b.Grad(Mean(Mul(x, weight)), x)
		}},
		{"a wrong gradient of what is cut off", "", func(b *Build, x *G.Node) []*G.Node {
			return b.Grad(Mean(Mul(x, G.Must(G.Floor(G.Must(G.Log2(Affine(x, 1, 9))))))), x)
		}},
		{"a wrong gradient beside the loss", "", func(b *Build, x *G.Node) []*G.Node {
			return append(b.Grad(square(x), x), G.Must(G.Log2(Affine(x, 1, 9))))
		}},
	})
}

// The mean and deviation of random nodes are what was asked for.
func TestRandomNumbers(t *testing.T) {
	const n = 10000
	for name, c := range map[string]struct {
		draw            func(g *G.ExprGraph) *G.Node
		mean, deviation float64
	}{
		"uniform":  {func(g *G.ExprGraph) *G.Node { return G.UniformRandomNode(g, gt.Float32, -1, 5, n) }, 2, 6 / math.Sqrt(12)},
		"gaussian": {func(g *G.ExprGraph) *G.Node { return G.GaussianRandomNode(g, gt.Float32, 3, 2, n) }, 3, 2},
		"binomial": {func(g *G.ExprGraph) *G.Node { return G.BinomialRandomNode(g, gt.Float32, 10, 0.3, n) }, 3, math.Sqrt(10 * 0.3 * 0.7)},
	} {
		p := compile(t, func(b *Build) []*G.Node { return G.Nodes{Scale(c.draw(b.Graph), 1)} })
		var m, s float64
		for _, x := range runNumbers(t, p, nil)[0] {
			m += float64(x) / n
			s += (float64(x) - c.mean) * (float64(x) - c.mean) / n
		}
		// Ten and more deviations of each estimate.
		if math.Abs(m-c.mean) > 0.25 || math.Abs(math.Sqrt(s)-c.deviation) > 0.25 {
			t.Errorf("%s: mean %g and deviation %g, want %g and %g", name, m, math.Sqrt(s), c.mean, c.deviation)
		}
	}
}

// Dropout zeroes numbers with its probability and scales the others; a program
// that computes a block twice draws once.
func TestDropout(t *testing.T) {
	const n = 4096
	ones := make([]float32, n)
	for i := range ones {
		ones[i] = 1
	}
	in := map[string]*gt.Dense{"x": dense(ones, gt.Shape{n})}
	build := func(b *Build) []*G.Node {
		x := b.Input("x", n)
		var mask *G.Node
		y := b.Block(func() *G.Node {
			mask = G.Must(G.Dropout(b.Constant("ones", ones, n), 0.25))
			return Mul(Mul(Mul(SiLU(x), GELU(x)), SiLU(SiLU(x))), mask)
		})
		y = Mul(Mul(y, y), GELU(y))
		return append(b.Grad(Mean(y), x), y)
	}
	free := compile(t, build)
	p := compile(t, build, WithMemory(free.ArenaBytes()*8/10))
	if p.Recomputed() != 1 {
		t.Fatalf("%d blocks are computed twice, want 1", p.Recomputed())
	}
	kept := 0
	for run := range 2 {
		out := runNumbers(t, p, in)
		for i, y := range out[1] {
			if (y == 0) != (out[0][i] == 0) {
				t.Fatalf("run %d: the value at %d is %g, its gradient %g", run, i, y, out[0][i])
			}
			if y != 0 {
				kept++
			}
		}
	}
	if share := float64(kept) / (2 * n); share < 0.72 || share > 0.78 {
		t.Errorf("%g of the numbers were kept, want 0.75", share)
	}
}

// Operations of gorgonia's that remember something from their value for their
// gradient do so in a block that is computed twice, too.
func TestRememberingOperations(t *testing.T) {
	s := gt.Shape{2, 4, 8, 8}
	for name, f := range map[string]func(x *G.Node) *G.Node{
		"MaxPool2D": func(x *G.Node) *G.Node { return G.Must(G.MaxPool2D(x, gt.Shape{3, 3}, []int{1, 1}, []int{1, 1})) },
		"SoftMax":   func(x *G.Node) *G.Node { return G.Must(G.SoftMax(x)) },
		"BatchNorm": func(x *G.Node) *G.Node {
			y, _, _, _, err := G.BatchNorm(x, x, x, 0.1, 1e-3)
			return G.Must(y, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			build := func(b *Build) []*G.Node {
				x := b.Input("x", s...)
				y := x
				for range 2 {
					y = b.Block(func() *G.Node { return Mul(Mul(f(Mul(SiLU(y), GELU(y))), SiLU(SiLU(y))), GELU(y)) })
				}
				return b.Grad(Mean(y), x)
			}
			in := map[string]*gt.Dense{"x": dense(normal(5, s.TotalSize()), s)}
			free := compile(t, build)
			tight := compile(t, build, WithMemory(free.ArenaBytes()*8/10))
			if tight.Recomputed() == 0 {
				t.Fatal("no block is computed twice")
			}
			want := runNumbers(t, free, in)
			checkSame(t, "computed twice", runNumbers(t, tight, in), want)
			checkSame(t, "again", runNumbers(t, tight, in), want)
		})
	}
}

// Every message says what to use instead.
func TestFlawsNameAReplacement(t *testing.T) {
	for _, table := range [][]flaw{wrongValues, wrongGradients, mistaken, {differentiatedByGorgonia}} {
		for _, w := range table {
			if !strings.HasPrefix(w.Error(), "gorgonia."+w.name+" ") || w.wrong == "" || w.instead == "" {
				t.Errorf("a flaw without a name, a fault or a replacement: %v", w.Error())
			}
		}
	}
}
