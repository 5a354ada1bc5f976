package nn

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Some of gorgonia's operations (v0.9.18) compute a wrong value, some a wrong
// gradient, and some are taken for another one. The tables below name them;
// TestGorgoniasOperations goes through all that gorgonia exports.

// flaw says what is wrong with one of gorgonia's operations.
type flaw struct {
	kind    string                // of the operation, see kind
	when    func(f *foreign) bool // nil: always
	name    string                // as gorgonia exports it
	wrong   string
	instead string
}

func (f *flaw) Error() string {
	return fmt.Sprintf("gorgonia.%s %s; use %s", f.name, f.wrong, f.instead)
}

// Is makes what a graph must not have an ErrArgument of Compile.
func (f *flaw) Is(target error) bool { return target == ErrArgument }

// foreign is a node that may hold an operation of gorgonia's.
type foreign struct {
	g    *G.ExprGraph
	node *G.Node
	in   G.Nodes
	uses int // how often its value is read, but by its own gradient
}

// wrongValues are the operations that do not compute what they are called for.
var wrongValues = []flaw{
	{"avgPoolOp", nil, "AveragePool2D",
		"divides by the width of its input and not by the size of its window",
		"nn.MeanAxis of the input, reshaped, or nn.Resample"},
	{"maxPoolOp", oneDimensional, "AveragePool1D",
		"computes the maximum, as MaxPool1D does, and cannot be told from it",
		"nn.MeanAxis for the mean; for the maximum, MaxPool2D along the height of [batch, channels, length, 1]"},
	{"maxPoolOp", lopsided, "MaxPool2D",
		"takes the padding below and on the right for that above and on the left",
		"the same padding on both sides"},
	{"maxPoolOp", beyondTheEdge, "MaxPool2D",
		"is not defined where a window lies in the padding alone",
		"less padding than the window is long"},
	{"softmaxOp", func(f *foreign) bool { return f.field("isLog").Bool() && f.uses > 1 }, "Log",
		"of a SoftMax turns that SoftMax into its logarithm wherever it is used, and a LogSoftMax that is used twice cannot be told from it",
		"gorgonia.Log of nn.Softmax"},
	{"softmaxOp", func(f *foreign) bool {
		s := f.in[0].Shape()
		return f.number("axis") < 0 && len(s) == 2 && s[1] == 1 && s[0] > 1
	}, "SoftMax", "of a column goes down the column where no axis is given", "the axis as an argument, or nn.Softmax"},
	{"sparsemaxOp", func(f *foreign) bool {
		axis, dims := f.number("axis"), f.in[0].Dims()
		return axis >= 0 && !(axis == 1 && dims == 2)
	}, "Sparsemax",
		"permutes the axes wrongly where one is given",
		"gorgonia.Transpose, and Sparsemax over the last axis, without an argument"},
	{"byIndicesOp", func(f *foreign) bool {
		axis, dims := f.number("axis"), f.in[0].Dims()
		return axis > 0 && axis < dims-1
	}, "ByIndices", "reads the wrong elements along an axis that is neither the first nor the last",
		"gorgonia.Slice and gorgonia.Concat, or nn.SlicePositions"},
	{"tensordotOp", contractsOne, "Tensordot",
		"fails where the axes that it sums over have one element, in its gradient too",
		"gorgonia.Mul of matrices"},
	{"sliceOp", func(f *foreign) bool {
		s := f.slice()
		return s != nil && s.Step() > 1 && (s.End()-s.Start())%s.Step() != 0
	}, "Slice", "leaves out the last element where the step does not divide the length",
		"an end that is a multiple of the step away from the start"},
	{"A × b", func(f *foreign) bool { return f.in[0].Shape()[1] != f.in[1].Shape()[0] }, "Mul", "does not see that matrix and vector do not fit", "as many columns as numbers"},
	{"Aᵀ × b", func(f *foreign) bool { return f.in[0].Shape()[0] != f.in[1].Shape()[0] }, "Mul", "does not see that vector and matrix do not fit", "as many numbers as rows"},
	{"a ⋅ b", func(f *foreign) bool { return f.in[0].Shape()[0] != f.in[1].Shape()[0] }, "Mul", "does not see that vectors differ in length", "vectors of one length"},
	{"minBetween", (*foreign).scalar, "MinBetween", "does not take scalars", "gorgonia.Reshape to [1] before and after"},
	{"maxBetween", (*foreign).scalar, "MaxBetween", "does not take scalars", "nn.Largest"},
	{"^", isOddNorm, "Norm", "of an odd order takes powers of negative numbers for those of their magnitude", "gorgonia.Norm of gorgonia.Abs"},
	{"ln", isLogSumExp, "LogSumExp", "adds the maximum before it takes the logarithm", "gorgonia.Log of gorgonia.Sum of gorgonia.Exp"},
	{"dtConvOp", (*foreign).scalar, "ConvType", "does not take scalars", "gorgonia.Reshape to [1] before"},
	{"yoloOp", nil, "YOLOv3", "overwrites its input, and reads the first anchors instead of those that are chosen", "gorgonia's operations on single numbers"},
	{"constantTensor", abbreviated, "NewConstant",
		"takes a tensor for another one with the same name, which is its first and last numbers where it is not given",
		"Build.Constant"},
	{"constantScalar", abbreviated, "NewConstant", "takes a number for another one that was given the same name", "no name"},
	{"readOp", nil, "Read", "is not run by a program", "what the build function returns"},
	{"letOp", nil, "Set", "is not run by a program", "the node itself"},
}

// wrongGradients are the operations through which no gradient may pass.
var wrongGradients = []flaw{
	{"log2", nil, "Log2", "has a gradient that is wrong by the factor of (ln 2)²", "nn.Scale(gorgonia.Log(x), 1/math.Ln2)"},
	{"invSqrt", nil, "InverseSqrt", "has a wrong gradient", "gorgonia.Inverse of gorgonia.Sqrt"},
	{"a ⊗ b", nil, "OuterProd", "has a wrong gradient", "gorgonia.Mul of [n, 1] and [1, m]"},
	{"atOp", nil, "At", "has no gradient", "gorgonia.Slice with one element of each axis"},
	{"diagFlatOp", nil, "DiagFlat", "has no gradient", "gorgonia.BroadcastHadamardProd with a constant unit matrix"},
	{"globalAveragePoolOp", nil, "GlobalAveragePool2D", "has no gradient", "gorgonia.Mean over the axes 2 and 3"},
	{"byIndicesOp", func(f *foreign) bool { return f.number("axis") != 0 || f.in[0].Dims() < 2 }, "ByIndices",
		"has a wrong gradient but along the first axis of several", "gorgonia.Slice and gorgonia.Concat, or nn.Entries"},
	{"sparsemaxOp", func(f *foreign) bool { return f.in[0].Dims() > 2 }, "Sparsemax", "has a wrong gradient for more than two axes", "nn.Reshape to a matrix before"},
	{"dropoutOp", nil, "Dropout", "divides its gradient by the probability of zero instead of the other one", "nn.Mul by a mask"},
	{"GroupNormOp", nil, "GroupNorm", "prints every gradient", "nn.GroupNorm"},
	{"ctcLossOp", nil, "CTCLoss", "has the gradient of another function, that of numbers before a softmax", "its value only"},
	{"dtConvOp", nil, "ConvType", "has no gradient", "its value only"},
}

// mistaken are the operations that gorgonia takes for one, if they have the same
// inputs, although they differ. Only what was asked for more than once is looked
// up here.
var mistaken = []flaw{
	{"sliceOp", ambiguousSlice, "Slice", "takes two slices for the same one if their bounds differ by 256, in Unconcat and in the gradient of Concat too", "nn.SlicePositions or nn.SliceChannels"},
	{"sliceIncrOp", ambiguousSlice, "Slice", "takes two slices for the same one if their bounds differ by 256, in Unconcat and in the gradient of Concat too", "nn.SlicePositions or nn.SliceChannels"},
	{"softmaxOp", nil, "SoftMax", "takes SoftMax and LogSoftMax of a node for the same", "nn.Softmax, or one of both"},
	{"sparsemaxOp", nil, "Sparsemax", "takes those of a node over different axes for the same", "one of them"},
	{"im2colOp", ambiguousDilation, "Im2Col", "takes windows of different dilations for the same, in Conv1d and Conv2d too", "one of them"},
	{"maxPoolOp", func(f *foreign) bool { return f.number("strideH") > 1 || f.number("strideW") > 1 }, "MaxPool2D",
		"takes those of a node with other padding below and on the right for the same", "one of them"},
	{"dropoutOp", nil, "Dropout", "takes those of a node for the same, whatever their probability", "one of them"},
	{"BatchNormOp", nil, "BatchNorm", "takes those of a node for the same, whatever the small number in the root", "one of them"},
	{"GroupNormOp", nil, "GroupNorm", "takes those of a node for the same, whatever the small number in the root", "nn.GroupNorm"},
	{"ctcLossOp", nil, "CTCLoss", "takes the sum and the mean for the same", "one of them"},
	{"randomOp", nil, "UniformRandomNode, GaussianRandomNode or BinomialRandomNode", "takes random nodes of one shape for the same, whatever their distribution", "one of them, or Build.Input"},
}

// find is the first of flaws that f has, or nil.
func (f *foreign) find(flaws []flaw) *flaw {
	kind := kind(f.node.Op())
	for i := range flaws {
		if w := &flaws[i]; w.kind == kind && (w.when == nil || w.when(f)) {
			return w
		}
	}
	return nil
}

// kind is the name of the type of one of gorgonia's operations, and what it says
// of itself where many share a type; "" for operations that are not gorgonia's.
func kind(o G.Op) string {
	t := reflect.TypeOf(o)
	if t == nil {
		return ""
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() != reflect.TypeFor[G.Node]().PkgPath() {
		return ""
	}
	switch t.Name() {
	case "elemUnaryOp", "elemBinOp":
		return strings.Fields(o.String())[0]
	case "linAlgBinOp":
		return o.String()
	}
	return t.Name()
}

// field is a field of the operation, which gorgonia does not export.
func (f *foreign) field(name string) reflect.Value {
	return reflect.Indirect(reflect.ValueOf(f.node.Op())).FieldByName(name)
}

func (f *foreign) number(field string) int { return int(f.field(field).Int()) }

func (f *foreign) scalar() bool { return f.node.Dims() == 0 }

// slice is what a slice selects, nil for everything.
func (f *foreign) slice() gt.Slice { return f.node.Op().(interface{ IsSlice() gt.Slice }).IsSlice() }

// of is another node of f's graph.
func (f *foreign) of(n *G.Node) *foreign { return &foreign{g: f.g, node: n, in: children(f.g, n)} }

func children(g *G.ExprGraph, n *G.Node) (in G.Nodes) {
	for it := g.From(n.ID()); it.Next(); {
		in = append(in, it.Node().(*G.Node))
	}
	return in
}

// oneDimensional reports whether a pooling may come from MaxPool1D or AveragePool1D.
func oneDimensional(f *foreign) bool {
	return f.number("h") == 1 && f.number("strideH") == 1 && f.number("padNorth") == 0 && f.number("padSouth") == 0 && f.number("w") > 1
}

func lopsided(f *foreign) bool {
	return f.number("padNorth") != f.number("padSouth") || f.number("padWest") != f.number("padEast")
}

func beyondTheEdge(f *foreign) bool {
	return f.number("padNorth") >= f.number("h") || f.number("padWest") >= f.number("w")
}

// contractsOne reports whether a contraction to more than one number sums over
// one element each.
func contractsOne(f *foreign) bool {
	n, axes := 1, f.field("aAxes")
	for i := range axes.Len() {
		n *= f.in[0].Shape()[axes.Index(i).Int()]
	}
	return n == 1 && f.node.Shape().TotalSize() > 1
}

// isOddNorm recognises (Σ xᵖ)^(1/p) for an odd p, unless x is a magnitude.
func isOddNorm(f *foreign) bool {
	if kind(f.in[0].Op()) != "sumOp" {
		return false
	}
	power := f.of(f.of(f.in[0]).in[0])
	if kind(power.node.Op()) != "^" || kind(power.in[0].Op()) == "abs" {
		return false
	}
	p, inverse := constant(power.in[1]), constant(f.in[1])
	return math.Mod(p, 2) != 0 && math.Abs(p*inverse-1) < 1e-6
}

// constant is the number in a scalar constant of float32, 0 for all other nodes.
func constant(n *G.Node) float64 {
	if v, ok := n.Value().(*G.F32); ok && kind(n.Op()) == "constantScalar" {
		return float64(*v)
	}
	return 0
}

// isLogSumExp recognises ln(Σ exp(x - max) + max).
func isLogSumExp(f *foreign) bool {
	if kind(f.in[0].Op()) != "+" {
		return false
	}
	add := f.of(f.in[0])
	if kind(add.in[0].Op()) != "sumOp" || kind(add.in[1].Op()) != "maxOp" {
		return false
	}
	exp := f.of(f.of(add.in[0]).in[0])
	if kind(exp.node.Op()) != "exp" || kind(exp.in[0].Op()) != "-" {
		return false
	}
	return f.of(exp.in[0]).in[1] == add.in[1]
}

// abbreviated reports whether a constant's name, by which gorgonia knows it, is
// not the whole of its value.
func abbreviated(f *foreign) bool {
	name, v := f.node.Name(), f.node.Value()
	return name != fmt.Sprint(v) && name != fmt.Sprint(v.Data()) || strings.Contains(name, "...") || strings.Contains(name, "\n.")
}

// ambiguousSlice reports whether there is another slice of the same length whose
// bounds have the same last bytes, which are all that gorgonia looks at.
func ambiguousSlice(f *foreign) bool {
	s := f.slice()
	return s != nil && (s.Start() >= 256 || s.End()+256 <= f.in[0].Shape()[f.number("along")])
}

// ambiguousDilation reports whether windows of another dilation would give a
// result of the same shape.
func ambiguousDilation(f *foreign) bool {
	length := func(size, kernel, pad, stride, dilation int) int {
		return (size+2*pad-dilation*(kernel-1)-1)/stride + 1
	}
	for d, axis := range []string{"H", "W"} {
		size, kernel := f.in[0].Shape()[2+d], f.number([]string{"h", "w"}[d])
		pad, stride, dilation := f.number("pad"+axis), f.number("stride"+axis), f.number("dilation"+axis)
		for other := 1; kernel > 1 && other*(kernel-1) < size+2*pad; other++ {
			if other != dilation && length(size, kernel, pad, stride, other) == length(size, kernel, pad, stride, dilation) {
				return true
			}
		}
	}
	return false
}
