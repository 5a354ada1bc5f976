package nn

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

func (t *gorgoniaTable) products() {
	for _, s := range [][]gt.Shape{{{2, 3}, {3, 4}}, {{1, 3}, {3, 1}}, {{3, 1}, {1, 2}}, {{1, 1}, {1, 1}}, {{1, 3}, {3, 2}}, {{2, 3}, {3, 1}}} {
		t.add(fmt.Sprint("Mul of matrices ", s), s, of2(G.Mul), matrixProduct(false, false))
	}
	for _, s := range []gt.Shape{{2, 3}, {1, 3}, {3, 1}, {3, 3}, {1, 1}} {
		t.add(fmt.Sprint("Mul of a matrix and a vector ", s), shapes(s, gt.Shape{s[1]}), of2(G.Mul), func(in []array) array {
			return matrixProduct(false, false)([]array{in[0], in[1].reshaped(s[1], 1)}).reshaped(s[0])
		})
		t.add(fmt.Sprint("Mul of a vector and a matrix ", s), shapes(gt.Shape{s[0]}, s), of2(G.Mul), func(in []array) array {
			return matrixProduct(false, false)([]array{in[0].reshaped(1, s[0]), in[1]}).reshaped(s[1])
		})
	}
	for _, n := range []int{1, 4} {
		t.add(fmt.Sprint("Mul of vectors ", n), shapes(gt.Shape{n}, gt.Shape{n}), of2(G.Mul), contracted([]int{0}, []int{0}).as())
	}
	t.add("Mul by a scalar", shapes(gt.Shape{}, gt.Shape{2, 3}), of2(G.Mul), pairs(times))
	for _, s := range [][]gt.Shape{{{3, 2}, {3}}, {{2}, {3, 2}}, {{2}, {3}}} {
		t.add(fmt.Sprint("Mul that does not fit ", s), s, of2(G.Mul), func(in []array) array { return in[0] }).refused = "gorgonia.Mul does not see that"
	}
	for _, trans := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		for _, d := range [][3]int{{3, 2, 4}, {3, 2, 1}, {1, 1, 1}, {1, 3, 1}, {3, 1, 2}, {1, 3, 2}} {
			a, b := gt.Shape{2, d[0], d[1]}, gt.Shape{2, d[1], d[2]}
			if trans[0] {
				a[1], a[2] = a[2], a[1]
			}
			if trans[1] {
				b[1], b[2] = b[2], b[1]
			}
			for _, s := range [][]gt.Shape{{a, b}, {append(gt.Shape{1}, a...), append(gt.Shape{1}, b...)}} {
				t.add(fmt.Sprint("BatchedMatMul of ", s, trans), s, func(in G.Nodes) *G.Node {
					return G.Must(G.BatchedMatMul(in[0], in[1], trans[0], trans[1]))
				}, matrixProduct(trans[0], trans[1]))
			}
		}
	}
	for _, n := range [][2]int{{2, 3}, {1, 3}, {3, 1}, {1, 1}, {3, 3}} {
		t.add(fmt.Sprint("OuterProd of ", n), shapes(gt.Shape{n[0]}, gt.Shape{n[1]}), of2(G.OuterProd), contracted(nil, nil)).noGradient = "gorgonia.OuterProd has a wrong gradient"
	}
	t.contractions()
}

func (t *gorgoniaTable) contractions() {
	const oneElement = "gorgonia.Tensordot fails where the axes that it sums over have one element"
	for _, c := range []struct {
		a, b                gt.Shape
		aAxes, bAxes        []int
		refused, noGradient string
	}{
		{a: gt.Shape{2, 3}, b: gt.Shape{3, 4}, aAxes: []int{1}, bAxes: []int{0}},
		{a: gt.Shape{2, 3}, b: gt.Shape{4, 3}, aAxes: []int{1}, bAxes: []int{1}},
		{a: gt.Shape{3, 2}, b: gt.Shape{3, 4}, aAxes: []int{0}, bAxes: []int{0}},
		{a: gt.Shape{2, 3, 4}, b: gt.Shape{4, 3, 2}, aAxes: []int{1, 2}, bAxes: []int{1, 0}},
		{a: gt.Shape{2, 3, 4}, b: gt.Shape{3, 4, 2}, aAxes: []int{2, 1}, bAxes: []int{1, 0}},
		{a: gt.Shape{2, 3, 4}, b: gt.Shape{4, 5}, aAxes: []int{2}, bAxes: []int{0}},
		{a: gt.Shape{3, 5}, b: gt.Shape{2, 3, 4}, aAxes: []int{0}, bAxes: []int{1}},
		{a: gt.Shape{3}, b: gt.Shape{3}, aAxes: []int{0}, bAxes: []int{0}},
		{a: gt.Shape{2, 3}, b: gt.Shape{3}, aAxes: []int{1}, bAxes: []int{0}},
		{a: gt.Shape{3}, b: gt.Shape{3, 2}, aAxes: []int{0}, bAxes: []int{0}},
		{a: gt.Shape{2, 3}, b: gt.Shape{2, 3}, aAxes: []int{0, 1}, bAxes: []int{0, 1}},
		{a: gt.Shape{2, 2}, b: gt.Shape{2, 2}, aAxes: []int{0, 1}, bAxes: []int{1, 0}},
		{a: gt.Shape{1, 1}, b: gt.Shape{1, 1}, aAxes: []int{1}, bAxes: []int{0}},
		{a: gt.Shape{2, 2, 3, 2}, b: gt.Shape{3, 2, 4}, aAxes: []int{2, 3}, bAxes: []int{0, 1}},
		{a: gt.Shape{1, 3}, b: gt.Shape{3, 1}, aAxes: []int{1}, bAxes: []int{0}, noGradient: "While performing tensordot"},
		{a: gt.Shape{2, 1}, b: gt.Shape{1, 3}, aAxes: []int{1}, bAxes: []int{0}, refused: oneElement},
		{a: gt.Shape{2}, b: gt.Shape{3}, refused: oneElement},
	} {
		e := t.add(fmt.Sprint("Tensordot of ", c.a, c.b, c.aAxes, c.bAxes), shapes(c.a, c.b), func(in G.Nodes) *G.Node {
			return G.Must(G.Tensordot(c.aAxes, c.bAxes, in[0], in[1]))
		}, contracted(c.aAxes, c.bAxes))
		e.refused, e.noGradient = c.refused, c.noGradient
	}
}

func (t *gorgoniaTable) reshaping() {
	for _, s := range [][2]gt.Shape{{{2, 3}, {3, 2}}, {{2, 3}, {6}}, {{6}, {2, 3}}, {{1}, {}}, {{1, 1}, {}}, {{}, {1}}, {{}, {1, 1}}, {{2, 6}, {2, 1, 3, 2}}, {{1, 3}, {3}}, {{3}, {3, 1}}, {{1}, {1, 1}}} {
		t.add(fmt.Sprint("Reshape ", s), shapes(s[0]), func(in G.Nodes) *G.Node { return G.Must(G.Reshape(in[0], s[1].Clone())) }, reference(itself).as(s[1]...))
	}
	t.add("Reshape to -1", shapes(gt.Shape{2, 6}), func(in G.Nodes) *G.Node { return G.Must(G.Reshape(in[0], gt.Shape{3, -1})) }, reference(itself).as(3, 4))
	for _, s := range []gt.Shape{{3}, {1, 1}, {1, 4}, {2, 3, 2}} {
		t.add(fmt.Sprint("Ravel ", s), shapes(s), of1(G.Ravel), reference(itself).as(s.TotalSize()))
	}
	for _, axes := range [][]int{{0}, {1, 0}, {0, 1}, {2, 0, 1}, {1, 2, 0}, {0, 2, 1}, {2, 1, 0}, {0, 3, 1, 2}, {3, 1, 0, 2}, {0, 2, 3, 1}} {
		for _, s := range []gt.Shape{{2, 3, 4, 5}, {1, 3, 1, 2}, {1, 1, 1, 1}, {4, 1, 2, 1}} {
			s = s[:len(axes)]
			t.add(fmt.Sprint("Transpose ", s, axes), shapes(s), func(in G.Nodes) *G.Node { return G.Must(G.Transpose(in[0], axes...)) }, permuted(axes...))
		}
	}
	transposed := func(in G.Nodes) *G.Node { return G.Must(G.Transpose(in[0])) }
	turned := permuted(1, 0)
	for _, c := range []struct {
		name string
		f    func(x *G.Node) (*G.Node, error)
		want reference
	}{
		{"nothing", func(x *G.Node) (*G.Node, error) { return x, nil }, turned},
		{"Transpose", func(x *G.Node) (*G.Node, error) { return G.Transpose(x) }, itself},
		{"Sum", func(x *G.Node) (*G.Node, error) { return G.Sum(x, 0) }, over(sum, 1)},
		{"Slice", func(x *G.Node) (*G.Node, error) { return G.Slice(x, G.S(0, 2)) }, turned.then(part(0, 0, 2, 1))},
		{"SoftMax", func(x *G.Node) (*G.Node, error) { return G.SoftMax(x) }, turned.then(along(1, softmax))},
		{"Sparsemax", func(x *G.Node) (*G.Node, error) { return G.Sparsemax(x) }, turned.then(along(1, sparsemax))},
		{"Tanh", G.Tanh, turned.then(eachNumber(math.Tanh))},
		{"Mul", func(x *G.Node) (*G.Node, error) { return G.Mul(x, x) }, turned.then(func(in []array) array { return matrixProduct(false, false)([]array{in[0], in[0]}) })},
	} {
		s := gt.Shape{3, 4}
		if c.name == "Mul" {
			s = gt.Shape{3, 3}
		}
		t.add("Transpose before "+c.name, shapes(s), func(in G.Nodes) *G.Node { return G.Must(c.f(transposed(in))) }, c.want)
	}
}

func (t *gorgoniaTable) slices() {
	slice := func(name string, s gt.Shape, want reference, slices ...gt.Slice) *gorgoniaCase {
		return t.add("Slice "+name, shapes(s), func(in G.Nodes) *G.Node { return G.Must(G.Slice(in[0], slices...)) }, want)
	}
	slice("of rows", gt.Shape{5, 3}, part(0, 1, 4, 1), G.S(1, 4))
	slice("of columns", gt.Shape{3, 5}, part(1, 1, 4, 1), nil, G.S(1, 4))
	slice("of a vector", gt.Shape{6}, part(0, 2, 5, 1), G.S(2, 5))
	slice("of a number", gt.Shape{6}, part(0, 2, 3, 1).as(), G.S(2))
	slice("of a row", gt.Shape{3, 4}, part(0, 1, 2, 1).as(4), G.S(1))
	slice("of a column", gt.Shape{3, 4}, part(1, 1, 2, 1).as(3), nil, G.S(1))
	slice("of the only row", gt.Shape{1, 4}, reference(itself).as(4), G.S(0))
	slice("of both axes", gt.Shape{3, 4}, part(0, 1, 3, 1).then(part(1, 0, 2, 1)), G.S(1, 3), G.S(0, 2))
	slice("of one number of both axes", gt.Shape{3, 4}, part(0, 1, 2, 1).then(part(1, 2, 3, 1)).as(), G.S(1), G.S(2))
	slice("of one and several", gt.Shape{3, 4, 3}, part(0, 1, 2, 1).then(part(1, 0, 2, 1)).then(part(2, 1, 2, 1)).as(2), G.S(1), G.S(0, 2), G.S(1))
	slice("of everything", gt.Shape{3, 4}, itself, nil, nil)
	slice("of a step", gt.Shape{6, 3}, part(0, 0, 6, 2), G.S(0, 6, 2))
	slice("of a step of columns", gt.Shape{3, 6}, part(1, 0, 6, 2), nil, G.S(0, 6, 2))
	slice("of a step of a vector", gt.Shape{6}, part(0, 0, 6, 3), G.S(0, 6, 3))
	slice("of a step that leaves something", gt.Shape{5}, func(in []array) array { return in[0].reshaped(2) }, G.S(0, 5, 2)).refused = "gorgonia.Slice leaves out the last element"
	slice("of a long axis", gt.Shape{600, 2}, part(0, 256, 300, 1), G.S(256, 300))
	for axis := range 4 {
		several, single := make([]gt.Slice, 4), make([]gt.Slice, 4)
		several[axis], single[axis] = G.S(1, 3), G.S(1)
		s := gt.Shape{3, 4, 3, 4}
		slice(fmt.Sprint("of axis ", axis), s, part(axis, 1, 3, 1), several...)
		slice(fmt.Sprint("of one of axis ", axis), s, part(axis, 1, 2, 1).as(slices.Delete(slices.Clone(s), axis, axis+1)...), single...)
	}
	pair := func(name string, s gt.Shape, a, b [2]int) *gorgoniaCase {
		return t.add("Slice "+name, shapes(s), func(in G.Nodes) *G.Node {
			return G.Must(G.HadamardProd(G.Must(G.Slice(in[0], G.S(a[0], a[1]))), G.Must(G.Slice(in[0], G.S(b[0], b[1])))))
		}, both(part(0, a[0], a[1], 1), part(0, b[0], b[1], 1), pairs(times)))
	}
	pair("beside another", gt.Shape{4, 2}, [2]int{0, 2}, [2]int{2, 4})
	pair("over another", gt.Shape{4, 2}, [2]int{0, 3}, [2]int{1, 4})
	pair("over another of a long axis", gt.Shape{512}, [2]int{0, 256}, [2]int{200, 456})
	pair("256 from another", gt.Shape{512}, [2]int{0, 256}, [2]int{256, 512}).refused = "gorgonia.Slice takes two slices for the same one if their bounds differ by 256"
	for _, c := range []struct {
		axis   int
		shapes []gt.Shape
	}{
		{0, shapes(gt.Shape{2, 3}, gt.Shape{1, 3})}, {1, shapes(gt.Shape{2, 3}, gt.Shape{2, 1})}, {0, shapes(gt.Shape{2}, gt.Shape{3})},
		{0, shapes(gt.Shape{1}, gt.Shape{1})}, {1, shapes(gt.Shape{2, 3, 2}, gt.Shape{2, 1, 2}, gt.Shape{2, 2, 2})}, {2, shapes(gt.Shape{2, 3, 2}, gt.Shape{2, 3, 1})},
		{1, shapes(gt.Shape{2, 1, 2, 2}, gt.Shape{2, 2, 2, 2})}, {3, shapes(gt.Shape{2, 1, 2, 2}, gt.Shape{2, 1, 2, 1})}, {1, shapes(gt.Shape{3, 1}, gt.Shape{3, 1})}, {0, shapes(gt.Shape{2, 3})},
	} {
		t.add(fmt.Sprint("Concat along ", c), c.shapes, func(in G.Nodes) *G.Node { return G.Must(G.Concat(c.axis, in...)) }, joined(c.axis))
	}
	t.add("Concat of 256 and 256", shapes(gt.Shape{256, 1}, gt.Shape{256, 1}), func(in G.Nodes) *G.Node { return G.Must(G.Concat(0, in...)) }, joined(0)).noGradient = "in the gradient of Concat too"
	for _, c := range []struct {
		shape      gt.Shape
		axis, into int
	}{{gt.Shape{4, 3}, 0, 2}, {gt.Shape{3, 4}, 1, 2}, {gt.Shape{2, 6, 2}, 1, 3}, {gt.Shape{6}, 0, 2}, {gt.Shape{1, 4}, 1, 2}} {
		size := c.shape[c.axis] / c.into
		t.add(fmt.Sprint("Unconcat ", c), shapes(c.shape), func(in G.Nodes) *G.Node {
			parts, err := G.Unconcat(in[0], c.axis, c.into)
			return G.Must(parts[c.into-1], err)
		}, part(c.axis, c.shape[c.axis]-size, c.shape[c.axis], 1))
	}
}

// integers is a constant vector.
func integers(v ...int) *G.Node {
	return G.NewConstant(gt.New(gt.WithBacking(v), gt.WithShape(len(v))))
}

func (t *gorgoniaTable) choosing() {
	for _, i := range [][]int{{1}, {1, 2}, {1, 2, 0}} {
		s := gt.Shape{2, 3, 2}[:len(i)]
		t.add(fmt.Sprint("At ", i), shapes(s), func(in G.Nodes) *G.Node { return G.Must(G.At(in[0], i...)) },
			func(in []array) array { return array{gt.Shape{}, []float64{in[0].at(i...)}} }).noGradient = "gorgonia.At has no gradient"
	}
	t.add("SizeOf", shapes(gt.Shape{2, 3}), func(in G.Nodes) *G.Node { return G.Must(G.SizeOf(1, in[0])) },
		func([]array) array { return array{gt.Shape{}, []float64{3}} }).flat = "SizeOf"
	t.add("DiagFlat", shapes(gt.Shape{3}), of1(G.DiagFlat), func(in []array) array {
		return tabulate(gt.Shape{3, 3}, func(i []int) float64 {
			if i[0] != i[1] {
				return 0
			}
			return in[0].at(i[0])
		})
	}).noGradient = "gorgonia.DiagFlat has no gradient"
	for _, c := range []struct {
		shape gt.Shape
		axis  int
		which []int
	}{
		{gt.Shape{4}, 0, []int{2, 0}}, {gt.Shape{4, 3}, 0, []int{2, 0}}, {gt.Shape{4, 3}, 0, []int{2, 2, 1}}, {gt.Shape{4, 3}, 0, []int{1}}, {gt.Shape{2, 3, 4}, 0, []int{1, 0, 1}},
		{gt.Shape{4, 3}, 1, []int{2, 0}}, {gt.Shape{2, 3, 4}, 2, []int{3, 0, 1}}, {gt.Shape{2, 3, 2, 2}, 3, []int{1, 0, 1}}, {gt.Shape{2, 3, 4}, 1, []int{2, 0}}, {gt.Shape{2, 3, 2, 2}, 2, []int{1, 0}},
	} {
		e := t.add(fmt.Sprint("ByIndices ", c), shapes(c.shape), func(in G.Nodes) *G.Node { return G.Must(G.ByIndices(in[0], integers(c.which...), c.axis)) }, chosen(c.axis, c.which...))
		switch last := len(c.shape) - 1; {
		case c.axis > 0 && c.axis < last:
			e.refused = "gorgonia.ByIndices"
		case c.axis > 0 || last == 0:
			e.noGradient = "gorgonia.ByIndices has a wrong gradient"
		}
	}
}

func (t *gorgoniaTable) pictures() {
	for _, s := range []gt.Shape{{1, 1, 2, 2}, {2, 2, 3, 2}, {1, 2, 1, 3}} {
		for f := 1; f <= 3; f++ {
			t.add(fmt.Sprint("Upsample2D ", s, f), shapes(s), func(in G.Nodes) *G.Node { return G.Must(G.Upsample2D(in[0], f)) }, func(in []array) array {
				return tabulate(gt.Shape{s[0], s[1], s[2] * f, s[3] * f}, func(i []int) float64 { return in[0].at(i[0], i[1], i[2]/f, i[3]/f) })
			})
		}
	}
	t.pools()
	for _, c := range []struct {
		picture, filter gt.Shape
		w               window
	}{
		{gt.Shape{1, 1, 3, 3}, gt.Shape{1, 1, 2, 2}, square(2, 1, 1, 0)}, {gt.Shape{2, 3, 5, 4}, gt.Shape{2, 3, 3, 3}, square(3, 1, 1, 1)},
		{gt.Shape{2, 3, 5, 4}, gt.Shape{2, 3, 3, 3}, square(3, 2, 1, 1)}, {gt.Shape{1, 2, 6, 6}, gt.Shape{3, 2, 2, 2}, square(2, 1, 2, 0)},
		{gt.Shape{1, 2, 6, 6}, gt.Shape{3, 2, 3, 3}, square(3, 1, 2, 2)}, {gt.Shape{2, 3, 3, 3}, gt.Shape{2, 3, 1, 1}, square(1, 1, 1, 0)},
		{gt.Shape{2, 1, 3, 3}, gt.Shape{1, 1, 3, 3}, square(3, 1, 1, 0)}, {gt.Shape{1, 2, 7, 7}, gt.Shape{3, 2, 2, 2}, square(2, 3, 2, 1)},
		{gt.Shape{1, 2, 6, 5}, gt.Shape{2, 2, 3, 2}, window{[2]int{3, 2}, [2]int{2, 1}, [2]int{1, 2}, [2]int{1, 0}, [2]int{1, 0}}},
	} {
		kernel, stride, dilation, pad := c.w.kernel[:], c.w.stride[:], c.w.dilation[:], c.w.before[:]
		t.add(fmt.Sprint("Conv2d ", c), shapes(c.picture, c.filter), func(in G.Nodes) *G.Node {
			return G.Must(G.Conv2d(in[0], in[1], kernel, pad, stride, dilation))
		}, c.w.convolution)
		t.add(fmt.Sprint("Im2Col ", c), shapes(c.picture), func(in G.Nodes) *G.Node { return G.Must(G.Im2Col(in[0], kernel, pad, stride, dilation)) }, c.w.columns)
	}
	line := window{[2]int{1, 3}, [2]int{1, 2}, [2]int{1, 1}, [2]int{0, 1}, [2]int{0, 1}}
	t.add("Conv1d", shapes(gt.Shape{2, 2, 1, 7}, gt.Shape{3, 2, 1, 3}), func(in G.Nodes) *G.Node { return G.Must(G.Conv1d(in[0], in[1], 3, 1, 2, 1)) }, line.convolution)
}

func (t *gorgoniaTable) pools() {
	most := slices.Max[[]float64]
	for _, c := range []struct {
		picture gt.Shape
		w       window
	}{
		{gt.Shape{1, 1, 2, 2}, square(2, 2, 1, 0)}, {gt.Shape{1, 1, 4, 4}, square(2, 2, 1, 0)}, {gt.Shape{2, 3, 4, 6}, square(2, 2, 1, 0)}, {gt.Shape{1, 2, 5, 5}, square(3, 1, 1, 0)},
		{gt.Shape{1, 2, 5, 5}, square(3, 2, 1, 1)}, {gt.Shape{2, 1, 4, 4}, square(3, 1, 1, 1)}, {gt.Shape{1, 1, 3, 3}, square(1, 1, 1, 0)}, {gt.Shape{1, 2, 5, 5}, square(2, 3, 1, 0)},
		{gt.Shape{1, 2, 6, 5}, window{[2]int{3, 2}, [2]int{2, 1}, [2]int{1, 1}, [2]int{1, 0}, [2]int{1, 0}}},
	} {
		kernel, pad, stride := c.w.kernel[:], c.w.before[:], c.w.stride[:]
		t.add(fmt.Sprint("MaxPool2D ", c), shapes(c.picture), func(in G.Nodes) *G.Node { return G.Must(G.MaxPool2D(in[0], kernel, pad, stride)) }, c.w.pool(most))
		t.add(fmt.Sprint("AveragePool2D ", c), shapes(c.picture), func(in G.Nodes) *G.Node {
			return G.Must(G.AveragePool2D(in[0], kernel, pad, stride))
		}, c.w.pool(mean)).refused = "gorgonia.AveragePool2D divides by the width of its input"
	}
	for _, w := range []window{square(2, 1, 1, 1), {[2]int{2, 2}, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 0}, [2]int{0, 1}}, {[2]int{2, 2}, [2]int{2, 2}, [2]int{1, 1}, [2]int{0, 1}, [2]int{1, 0}}} {
		e := t.add(fmt.Sprint("MaxPool2D with four paddings ", w), shapes(gt.Shape{1, 2, 4, 4}), func(in G.Nodes) *G.Node {
			return G.Must(G.MaxPool2D(in[0], gt.Shape{2, 2}, []int{w.before[0], w.after[0], w.before[1], w.after[1]}, w.stride[:]))
		}, w.pool(most))
		if w.before != w.after {
			e.refused = "gorgonia.MaxPool2D takes the padding below"
		}
	}
	t.add("MaxPool2D of padding", shapes(gt.Shape{1, 1, 4, 4}), func(in G.Nodes) *G.Node {
		return G.Must(G.MaxPool2D(in[0], gt.Shape{2, 2}, []int{2, 2}, []int{2, 2}))
	}, func(in []array) array { return in[0] }).refused = "gorgonia.MaxPool2D is not defined where a window lies in the padding alone"
	line := window{[2]int{1, 3}, [2]int{1, 2}, [2]int{1, 1}, [2]int{0, 1}, [2]int{0, 1}}
	const same = "gorgonia.AveragePool1D computes the maximum, as MaxPool1D does"
	t.add("MaxPool1D", shapes(gt.Shape{2, 2, 1, 7}), func(in G.Nodes) *G.Node { return G.Must(G.MaxPool1D(in[0], 3, 1, 2)) }, line.pool(most)).refused = same
	t.add("AveragePool1D", shapes(gt.Shape{2, 2, 1, 7}), func(in G.Nodes) *G.Node { return G.Must(G.AveragePool1D(in[0], 3, 1, 2)) }, line.pool(mean)).refused = same
	column := window{[2]int{3, 1}, [2]int{2, 1}, [2]int{1, 1}, [2]int{1, 0}, [2]int{1, 0}}
	t.add("MaxPool2D of a line", shapes(gt.Shape{2, 2, 7, 1}), func(in G.Nodes) *G.Node {
		return G.Must(G.MaxPool2D(in[0], gt.Shape{3, 1}, []int{1, 0}, []int{2, 1}))
	}, column.pool(most))
	t.add("GlobalAveragePool2D", shapes(gt.Shape{2, 3, 2, 4}), of1(G.GlobalAveragePool2D), over(mean, 2, 3).as(2, 3, 1, 1)).noGradient = "gorgonia.GlobalAveragePool2D has no gradient"
}

func (t *gorgoniaTable) norms() {
	byChannel := func(i []int) [2]int { return [2]int{0, i[1]} }
	batch := func(in G.Nodes) *G.Node {
		y, _, _, _, err := G.BatchNorm(in[0], in[1], in[2], 0.1, 1e-3)
		return G.Must(y, err)
	}
	for _, s := range []gt.Shape{{3, 2, 2, 3}, {1, 2, 3, 3}, {4, 3}} {
		one := gt.Shape{1, s[1], 1, 1}[:len(s)]
		t.add(fmt.Sprint("BatchNorm of ", s), shapes(s, one, one), batch, normalised(1e-3, byChannel))
		t.add(fmt.Sprint("BatchNorm of ", s, " with a scale for each"), shapes(s, s, s), batch, normalised(1e-3, byChannel))
	}
	one := gt.Shape{1, 4, 1, 1}
	for _, groups := range []int{1, 2} {
		for _, s := range []gt.Shape{{2, 4, 2, 3}, {1, 4, 5, 7}} {
			e := t.add(fmt.Sprint("GroupNorm of ", s, groups), shapes(s, one, one), func(in G.Nodes) *G.Node {
				return G.Must(G.GroupNorm(in[0], in[1], in[2], groups, 4, 1e-3))
			}, normalised(1e-3, func(i []int) [2]int { return [2]int{i[0], i[1] * groups / 4} }))
			e.noGradient, e.first = "gorgonia.GroupNorm prints every gradient", true
		}
	}
}

func (t *gorgoniaTable) others() {
	whole := func(in G.Nodes) *G.Node {
		return G.Must(G.ConvType(G.Must(G.ConvType(in[0], gt.Float32, gt.Int)), gt.Int, gt.Float32))
	}
	t.add("ConvType to whole numbers", shapes(gt.Shape{2, 3}), whole, eachNumber(math.Trunc)).noGradient = "gorgonia.ConvType has no gradient"
	t.add("ConvType of a scalar", shapes(gt.Shape{}), whole, eachNumber(math.Trunc)).refused = "gorgonia.ConvType"
	for _, target := range [][]int{{1}, {2, 1}, {1, 1}} {
		for _, r := range []G.Reduction{G.ReductionSum, G.ReductionMean} {
			t.add(fmt.Sprint("CTCLoss ", target, r), shapes(gt.Shape{4, 1, 3}), func(in G.Nodes) *G.Node {
				targets := G.NewConstant(gt.New(gt.WithBacking(target), gt.WithShape(1, len(target))))
				return G.Must(G.CTCLoss(in[0], targets, integers(4), integers(len(target)), r))
			}, ctc(target).then(eachNumber(func(l float64) float64 {
				if r == G.ReductionMean {
					return l / float64(len(target))
				}
				return l
			}))).noGradient = "gorgonia.CTCLoss has the gradient of another function"
		}
	}
}
