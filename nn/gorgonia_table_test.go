package nn

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

func of1(f func(*G.Node) (*G.Node, error)) func(G.Nodes) *G.Node {
	return func(in G.Nodes) *G.Node { return G.Must(f(in[0])) }
}

func of2(f func(a, b *G.Node) (*G.Node, error)) func(G.Nodes) *G.Node {
	return func(in G.Nodes) *G.Node { return G.Must(f(in[0], in[1])) }
}

func softplus(x float64) float64 { return math.Log1p(math.Exp(x)) }

func plus(a, b float64) float64 { return a + b }

func times(a, b float64) float64 { return a * b }

// ifTrue is 1 where f holds.
func ifTrue(f func(a, b float64) bool) func(a, b float64) float64 {
	return func(a, b float64) float64 {
		if f(a, b) {
			return 1
		}
		return 0
	}
}

func (t *gorgoniaTable) pointwise() {
	for _, c := range []struct {
		name           string
		f              func(*G.Node) (*G.Node, error)
		want           func(float64) float64
		positive, flat bool
		noGradient     string
	}{
		{name: "Abs", f: G.Abs, want: math.Abs},
		{name: "Sign", f: G.Sign, want: func(x float64) float64 { return math.Copysign(1, x) }, flat: true},
		{name: "Ceil", f: G.Ceil, want: math.Ceil, flat: true},
		{name: "Floor", f: G.Floor, want: math.Floor, flat: true},
		{name: "Sin", f: G.Sin, want: math.Sin},
		{name: "Cos", f: G.Cos, want: math.Cos},
		{name: "Exp", f: G.Exp, want: math.Exp},
		{name: "Log", f: G.Log, want: math.Log, positive: true},
		{name: "Log2", f: G.Log2, want: math.Log2, positive: true, noGradient: "gorgonia.Log2 has a gradient that is wrong by the factor of (ln 2)²; use nn.Scale(gorgonia.Log(x), 1/math.Ln2)"},
		{name: "Neg", f: G.Neg, want: func(x float64) float64 { return -x }},
		{name: "Square", f: G.Square, want: func(x float64) float64 { return x * x }},
		{name: "Sqrt", f: G.Sqrt, want: math.Sqrt, positive: true},
		{name: "Inverse", f: G.Inverse, want: func(x float64) float64 { return 1 / x }},
		{name: "InverseSqrt", f: G.InverseSqrt, want: func(x float64) float64 { return 1 / math.Sqrt(x) }, positive: true, noGradient: "gorgonia.InverseSqrt has a wrong gradient; use gorgonia.Inverse of gorgonia.Sqrt"},
		{name: "Cube", f: G.Cube, want: func(x float64) float64 { return x * x * x }},
		{name: "Tanh", f: G.Tanh, want: math.Tanh},
		{name: "Sigmoid", f: G.Sigmoid, want: sigmoid},
		{name: "Log1p", f: G.Log1p, want: math.Log1p, positive: true},
		{name: "Expm1", f: G.Expm1, want: math.Expm1},
		{name: "Softplus", f: G.Softplus, want: softplus},
		{name: "Mish", f: G.Mish, want: func(x float64) float64 { return x * math.Tanh(softplus(x)) }},
		{name: "Rectify", f: G.Rectify, want: func(x float64) float64 { return max(x, 0) }},
		{name: "LeakyRelu", f: func(x *G.Node) (*G.Node, error) { return G.LeakyRelu(x, 0.1) }, want: func(x float64) float64 { return max(x, 0.1*x) }},
	} {
		for _, s := range []gt.Shape{{}, {1}, {5}, {1, 1}, {1, 4}, {4, 1}, {3, 4}, {2, 3, 2}, {2, 1, 3, 2}} {
			e := t.add(fmt.Sprint(c.name, " of ", s), shapes(s), of1(c.f), eachNumber(c.want))
			e.positive, e.noGradient = c.positive, c.noGradient
			if c.flat {
				e.flat = c.name
			}
		}
	}
}

func (t *gorgoniaTable) pairs() {
	compared := func(f func(a, b *G.Node, retSame bool) (*G.Node, error)) func(a, b *G.Node) (*G.Node, error) {
		return func(a, b *G.Node) (*G.Node, error) { return f(a, b, true) }
	}
	mixed := [][]gt.Shape{{{1}, {}}, {{}, {1}}, {{}, {3}}, {{3}, {}}, {{}, {1, 3}}, {{1, 3}, {}}, {{2, 3}, {}}, {{}, {2, 3}}, {{2, 2, 1, 3}, {}}}
	alike := [][]gt.Shape{{{}, {}}, {{1}, {1}}, {{2, 3}, {2, 3}}, {{1, 3}, {1, 3}}, {{3, 1}, {3, 1}}, {{1, 1}, {1, 1}}, {{2, 2, 3}, {2, 2, 3}}, {{2, 2, 1, 3}, {2, 2, 1, 3}}}
	for _, c := range []struct {
		name           string
		f              func(a, b *G.Node) (*G.Node, error)
		want           func(a, b float64) float64
		positive, flat bool
	}{
		{name: "Add", f: G.Add, want: plus},
		{name: "Sub", f: G.Sub, want: func(a, b float64) float64 { return a - b }},
		{name: "HadamardProd", f: G.HadamardProd, want: times},
		{name: "HadamardDiv", f: G.HadamardDiv, want: func(a, b float64) float64 { return a / b }},
		{name: "Div", f: G.Div, want: func(a, b float64) float64 { return a / b }},
		{name: "Pow", f: G.Pow, want: math.Pow, positive: true},
		{name: "Lt", f: compared(G.Lt), want: ifTrue(func(a, b float64) bool { return a < b }), flat: true},
		{name: "Gt", f: compared(G.Gt), want: ifTrue(func(a, b float64) bool { return a > b }), flat: true},
		{name: "Lte", f: compared(G.Lte), want: ifTrue(func(a, b float64) bool { return a <= b }), flat: true},
		{name: "Gte", f: compared(G.Gte), want: ifTrue(func(a, b float64) bool { return a >= b }), flat: true},
		{name: "Eq", f: compared(G.Eq), want: ifTrue(func(a, b float64) bool { return a == b }), flat: true},
		{name: "Ne", f: compared(G.Ne), want: ifTrue(func(a, b float64) bool { return a != b }), flat: true},
	} {
		for _, s := range slices.Concat(mixed, alike) {
			e := t.add(fmt.Sprint(c.name, " of ", s), s, of2(c.f), pairs(c.want))
			e.positive = c.positive
			if c.flat {
				e.flat = c.name
			}
		}
	}
	for _, s := range alike {
		least, most := t.add(fmt.Sprint("MinBetween of ", s), s, of2(G.MinBetween), pairs(math.Min)), t.add(fmt.Sprint("MaxBetween of ", s), s, of2(G.MaxBetween), pairs(math.Max))
		if len(s[0]) == 0 {
			least.refused, most.refused = "gorgonia.MinBetween does not take scalars", "gorgonia.MaxBetween does not take scalars"
		}
	}
	entropy := func(p, b float64) float64 { return -b*math.Log(p) - (1-b)*math.Log(1-p) }
	t.add("BinaryXent", shapes(gt.Shape{2, 2}, gt.Shape{2, 2}), func(in G.Nodes) *G.Node {
		return G.Must(G.BinaryXent(Affine(in[0], 0.2, 0.5), in[1]))
	}, pairs(func(a, b float64) float64 { return entropy(0.2*a+0.5, b) })).refused = "gorgonia.BinaryXent"
	t.add("Log of 1 + x", shapes(gt.Shape{3}), func(in G.Nodes) *G.Node {
		y := G.Must(G.Add(in[0], G.NewConstant(float32(3))))
		return G.Must(G.HadamardProd(y, G.Must(G.Log(y))))
	}, eachNumber(func(a float64) float64 { return (a + 3) * math.Log(a+3) }))
	number := func(x float32) *G.Node { return G.NewConstant(x) }
	for _, p := range []float32{-1, 1, 2, 3} {
		t.add(fmt.Sprint("Pow with ", p), shapes(gt.Shape{3}), func(in G.Nodes) *G.Node { return G.Must(G.Pow(in[0], number(p))) },
			eachNumber(func(a float64) float64 { return math.Pow(a, float64(p)) }))
	}
	t.add("Pow of a constant", shapes(gt.Shape{3}), func(in G.Nodes) *G.Node { return G.Must(G.Pow(number(1.5), in[0])) },
		eachNumber(func(a float64) float64 { return math.Pow(1.5, a) }))
	t.add("HadamardProd with itself", shapes(gt.Shape{3}), func(in G.Nodes) *G.Node { return G.Must(G.HadamardProd(in[0], in[0])) },
		eachNumber(func(a float64) float64 { return a * a }))
	t.add("ReduceAdd", shapes(gt.Shape{2}, gt.Shape{2}, gt.Shape{2}), func(in G.Nodes) *G.Node { return G.Must(G.ReduceAdd(in)) },
		func(in []array) array { return pairs(plus)([]array{pairs(plus)(in[:2]), in[2]}) })
	t.add("ReduceMul", shapes(gt.Shape{}, gt.Shape{2}, gt.Shape{}), func(in G.Nodes) *G.Node { return G.Must(G.ReduceMul(in)) },
		func(in []array) array { return pairs(times)([]array{pairs(times)(in[:2]), in[2]}) })
}

func (t *gorgoniaTable) broadcasts() {
	compared := func(f func(a, b *G.Node, retSame bool, l, r []byte) (*G.Node, error)) func(a, b *G.Node, l, r []byte) (*G.Node, error) {
		return func(a, b *G.Node, l, r []byte) (*G.Node, error) { return f(a, b, true, l, r) }
	}
	for _, c := range []struct {
		name     string
		f        func(a, b *G.Node, left, right []byte) (*G.Node, error)
		want     func(a, b float64) float64
		positive bool
		flat     string
	}{
		{name: "BroadcastAdd", f: G.BroadcastAdd, want: plus},
		{name: "BroadcastSub", f: G.BroadcastSub, want: func(a, b float64) float64 { return a - b }},
		{name: "BroadcastHadamardProd", f: G.BroadcastHadamardProd, want: times},
		{name: "BroadcastHadamardDiv", f: G.BroadcastHadamardDiv, want: func(a, b float64) float64 { return a / b }},
		{name: "BroadcastPow", f: G.BroadcastPow, want: math.Pow, positive: true},
		{name: "BroadcastLt", f: compared(G.BroadcastLt), want: ifTrue(func(a, b float64) bool { return a < b }), flat: "Lt"},
		{name: "BroadcastGt", f: compared(G.BroadcastGt), want: ifTrue(func(a, b float64) bool { return a > b }), flat: "Gt"},
		{name: "BroadcastLte", f: compared(G.BroadcastLte), want: ifTrue(func(a, b float64) bool { return a <= b }), flat: "Lte"},
		{name: "BroadcastGte", f: compared(G.BroadcastGte), want: ifTrue(func(a, b float64) bool { return a >= b }), flat: "Gte"},
		{name: "BroadcastEq", f: compared(G.BroadcastEq), want: ifTrue(func(a, b float64) bool { return a == b }), flat: "Eq"},
		{name: "BroadcastNe", f: compared(G.BroadcastNe), want: ifTrue(func(a, b float64) bool { return a != b }), flat: "Ne"},
		{name: "Auto", f: func(a, b *G.Node, _, _ []byte) (*G.Node, error) { return G.Auto(G.BroadcastHadamardProd, a, b) }, want: times},
	} {
		for _, p := range []struct {
			a, b        gt.Shape
			left, right []byte
			aligned     gt.Shape // b's shape for the reference, where it has fewer axes
		}{
			{gt.Shape{2, 3}, gt.Shape{1, 3}, nil, []byte{0}, nil},
			{gt.Shape{2, 3}, gt.Shape{2, 1}, nil, []byte{1}, nil},
			{gt.Shape{1, 3}, gt.Shape{2, 3}, []byte{0}, nil, nil},
			{gt.Shape{2, 1}, gt.Shape{2, 3}, []byte{1}, nil, nil},
			{gt.Shape{2, 1}, gt.Shape{1, 3}, []byte{1}, []byte{0}, nil},
			{gt.Shape{1, 1}, gt.Shape{2, 3}, []byte{0, 1}, nil, nil},
			{gt.Shape{2, 3, 2}, gt.Shape{1, 1, 2}, nil, []byte{0, 1}, nil},
			{gt.Shape{2, 3, 2}, gt.Shape{1, 3, 1}, nil, []byte{0, 2}, nil},
			{gt.Shape{2, 3, 2}, gt.Shape{1, 1, 1}, nil, []byte{0, 1, 2}, nil},
			{gt.Shape{1, 2, 1, 1}, gt.Shape{2, 2, 3, 2}, []byte{0, 2, 3}, nil, nil},
			{gt.Shape{2, 3}, gt.Shape{3}, nil, []byte{0}, gt.Shape{1, 3}},
			{gt.Shape{2, 3}, gt.Shape{2}, nil, []byte{1}, gt.Shape{2, 1}},
			{gt.Shape{2, 4, 3}, gt.Shape{2, 3}, nil, []byte{1}, gt.Shape{2, 1, 3}},
			{gt.Shape{2, 3}, gt.Shape{}, nil, []byte{0, 1}, gt.Shape{1, 1}},
		} {
			e := t.add(fmt.Sprint(c.name, " of ", p.a, p.b), shapes(p.a, p.b), func(in G.Nodes) *G.Node {
				return G.Must(c.f(in[0], in[1], p.left, p.right))
			}, pairs(c.want))
			e.positive, e.flat = c.positive, c.flat
			if p.aligned == nil {
				continue
			}
			e.want = func(in []array) array { return pairs(c.want)([]array{in[0], in[1].reshaped(p.aligned...)}) }
			if c.name == "Auto" {
				e.refused = "should have the same dimensions"
			}
		}
	}
}

// reduced are shapes and axes of them, none for all.
var reduced = []struct {
	shape gt.Shape
	axes  []int
}{
	{gt.Shape{}, nil}, {gt.Shape{1}, nil}, {gt.Shape{5}, nil}, {gt.Shape{5}, []int{0}}, {gt.Shape{1, 1}, nil}, {gt.Shape{3, 4}, nil},
	{gt.Shape{3, 4}, []int{0}}, {gt.Shape{3, 4}, []int{1}}, {gt.Shape{3, 4}, []int{0, 1}}, {gt.Shape{3, 4}, []int{1, 0}}, {gt.Shape{1, 4}, []int{0}},
	{gt.Shape{1, 4}, []int{1}}, {gt.Shape{4, 1}, []int{0}}, {gt.Shape{4, 1}, []int{1}}, {gt.Shape{2, 3, 4}, nil}, {gt.Shape{2, 3, 4}, []int{0}},
	{gt.Shape{2, 3, 4}, []int{1}}, {gt.Shape{2, 3, 4}, []int{2}}, {gt.Shape{2, 3, 4}, []int{0, 1}}, {gt.Shape{2, 3, 4}, []int{0, 2}},
	{gt.Shape{2, 3, 4}, []int{2, 1}}, {gt.Shape{2, 3, 4}, []int{2, 0}}, {gt.Shape{2, 3, 2, 2}, []int{1}}, {gt.Shape{2, 3, 2, 2}, []int{3}},
	{gt.Shape{2, 3, 2, 2}, []int{2, 3}}, {gt.Shape{2, 3, 2, 2}, []int{0, 2, 3}}, {gt.Shape{2, 3, 2, 2}, []int{0, 3}}, {gt.Shape{2, 3, 2, 2}, nil},
	{gt.Shape{1, 3, 1}, []int{0}}, {gt.Shape{1, 3, 1}, []int{2}}, {gt.Shape{1, 3, 1}, []int{1}}, {gt.Shape{2, 1, 3}, []int{1, 2}},
}

func (t *gorgoniaTable) reductions() {
	for _, c := range []struct {
		name string
		f    func(*G.Node, ...int) (*G.Node, error)
		want func([]float64) float64
	}{{"Sum", G.Sum, sum}, {"Mean", G.Mean, mean}, {"Max", G.Max, slices.Max[[]float64]}} {
		for _, r := range reduced {
			t.add(fmt.Sprint(c.name, " of ", r.shape, " over ", r.axes), shapes(r.shape), func(in G.Nodes) *G.Node {
				return G.Must(c.f(in[0], slices.Clone(r.axes)...))
			}, over(c.want, r.axes...))
		}
	}
	for _, r := range reduced {
		if len(r.axes) != 1 {
			continue
		}
		for p := 1; p <= 4; p++ {
			e := t.add(fmt.Sprint("Norm ", p, " of ", r.shape, " over ", r.axes), shapes(r.shape), func(in G.Nodes) *G.Node { return G.Must(G.Norm(in[0], r.axes[0], p)) }, over(norm(float64(p)), r.axes...))
			if p%2 == 1 {
				e.refused = "gorgonia.Norm of an odd order"
			}
		}
	}
	t.add("Norm 3 of magnitudes", shapes(gt.Shape{3, 4}), func(in G.Nodes) *G.Node { return G.Must(G.Norm(G.Must(G.Abs(in[0])), 1, 3)) }, over(norm(3), 1))
	largest := func(axis int) func(in G.Nodes) *G.Node {
		return func(in G.Nodes) *G.Node { return G.Must(G.LogSumExp(in[0], axis)) }
	}
	t.add("LogSumExp of a vector", shapes(gt.Shape{5}), largest(0), over(logSumExp, 0)).refused = "gorgonia.LogSumExp adds the maximum before it takes the logarithm"
	t.add("LogSumExp of a matrix", shapes(gt.Shape{3, 4}), largest(1), over(logSumExp, 1)).refused = "Shape mismatch"
	for _, left := range []bool{false, true} {
		for axis := range 3 {
			t.add(fmt.Sprint("KeepDims ", axis, left), shapes(gt.Shape{2, 3, 2}), func(in G.Nodes) *G.Node {
				return G.Must(G.KeepDims(in[0], left, func(x *G.Node) (*G.Node, error) { return G.Sum(x, axis) }))
			}, func(in []array) array {
				y := over(sum, axis)(in)
				if left {
					return y.reshaped(append([]int{1}, y.shape...)...)
				}
				return y.reshaped(append(slices.Clone(y.shape), 1)...)
			})
		}
	}
}

func (t *gorgoniaTable) softmaxes() {
	for _, s := range []gt.Shape{{1}, {4}, {2, 3}, {1, 3}, {3, 1}, {1, 1}, {2, 3, 4}, {2, 2, 3, 2}} {
		t.softmax(s, nil)
		for axis := range s {
			t.softmax(s, []int{axis})
		}
	}
	t.add("SoftMax and its logarithm", shapes(gt.Shape{2, 3}), func(in G.Nodes) *G.Node {
		p := G.Must(G.SoftMax(in[0]))
		return G.Must(G.HadamardProd(p, G.Must(G.Log(p))))
	}, both(along(1, softmax), along(1, logSoftmax), pairs(times))).refused = "gorgonia.Log of a SoftMax turns that SoftMax into its logarithm"
	t.add("Log of SoftMax", shapes(gt.Shape{2, 3}), func(in G.Nodes) *G.Node { return G.Must(G.Log(G.Must(G.SoftMax(in[0])))) }, along(1, logSoftmax))
	t.add("Log of our Softmax", shapes(gt.Shape{2, 3}), func(in G.Nodes) *G.Node {
		p := Softmax(in[0])
		return G.Must(G.HadamardProd(p, G.Must(G.Log(p))))
	}, both(along(1, softmax), along(1, logSoftmax), pairs(times)))
}

// softmax adds the three of their kind along an axis, the last if there is none.
func (t *gorgoniaTable) softmax(s gt.Shape, axes []int) {
	axis := len(s) - 1
	if axes != nil {
		axis = axes[0]
	}
	for _, c := range []struct {
		name string
		f    func(*G.Node, ...int) (*G.Node, error)
		want func([]float64) []float64
	}{{"SoftMax", G.SoftMax, softmax}, {"LogSoftMax", G.LogSoftMax, logSoftmax}, {"Sparsemax", G.Sparsemax, sparsemax}} {
		e := t.add(fmt.Sprint(c.name, " of ", s, " over ", axes), shapes(s), func(in G.Nodes) *G.Node { return G.Must(c.f(in[0], axes...)) }, along(axis, c.want))
		switch {
		case c.name != "Sparsemax":
			if axes == nil && s.Eq(gt.Shape{3, 1}) {
				e.refused = "gorgonia.SoftMax of a column"
			}
		case axes != nil && !(axis == 1 && len(s) == 2):
			e.refused = "gorgonia.Sparsemax"
		case len(s) > 2:
			e.noGradient = "gorgonia.Sparsemax has a wrong gradient for more than two axes"
		}
	}
}
