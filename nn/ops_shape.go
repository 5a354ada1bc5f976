package nn

import (
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Reshape gives x another shape of as many elements. Nothing is copied.
func Reshape(x *G.Node, shape ...int) *G.Node {
	if gt.Shape(shape).TotalSize() != x.Shape().TotalSize() {
		panic(fmt.Sprintf("reshape: %v has not as many elements as %v", shape, x.Shape()))
	}
	main := 0
	return apply(&op{
		name: fmt.Sprintf("reshape %v", shape), shape: shape, view: &main,
		run: func(on *kernels.Functions, out, in [][]float32) { on.Copy(out[0], in[0]) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{Reshape(dout, in[0].Shape()...)}
		},
	}, x)
}

// pick is output number index of x, one of its extras.
func pick(x *G.Node, index int, shape gt.Shape) *G.Node {
	return apply(&op{name: fmt.Sprintf("output %d", index), shape: shape, view: &index}, x)
}

// ChannelsLast turns [B, C, H, W] into the inner layout [B, H·W, C].
func ChannelsLast(x *G.Node) *G.Node {
	s := x.Shape()
	if len(s) != 4 {
		panic(fmt.Sprintf("channels last: shape %v, want [batch, channels, height, width]", s))
	}
	b, c, hw := s[0], s[1], s[2]*s[3]
	return apply(&op{
		name: "channels last", shape: gt.Shape{b, hw, c},
		run:  func(on *kernels.Functions, out, in [][]float32) { on.ChannelsLast(out[0], in[0], b, c, hw) },
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{ChannelsFirst(dout, s[2], s[3])} },
	}, x)
}

// ChannelsFirst turns the inner layout [B, h·w, C] into [B, C, h, w].
func ChannelsFirst(x *G.Node, h, w int) *G.Node {
	b, hw, c := dims3("channels first", x)
	if hw != h*w {
		panic(fmt.Sprintf("channels first: %d positions are not %d×%d", hw, h, w))
	}
	return apply(&op{
		name: "channels first", shape: gt.Shape{b, c, h, w},
		run:  func(on *kernels.Functions, out, in [][]float32) { on.ChannelsFirst(out[0], in[0], b, c, hw) },
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{ChannelsLast(dout)} },
	}, x)
}

// Concat joins activations of the same batch and positions along the channels.
func Concat(parts ...*G.Node) *G.Node {
	if len(parts) == 0 {
		panic("concat of nothing")
	}
	shape, rows, _ := rowsOf("concat", parts[0])
	last := len(shape) - 1
	widths := make([]int, len(parts))
	shape[last] = 0
	for i, p := range parts {
		s := p.Shape()
		if len(s) != len(shape) || !slices.Equal(s[:last], shape[:last]) {
			panic(fmt.Sprintf("concat: part %d has shape %v, want %v before the channels", i, s, shape[:last]))
		}
		widths[i] = s[last]
		shape[last] += s[last]
	}
	return apply(&op{
		name: "concat", shape: shape,
		run: func(on *kernels.Functions, out, in [][]float32) { on.ConcatChannels(out[0], rows, in, widths) },
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			grads, at := make(G.Nodes, len(in)), 0
			for i, w := range widths {
				grads[i] = SliceChannels(dout, at, at+w)
				at += w
			}
			return grads
		},
	}, parts...)
}

// SliceChannels returns x[…, from:to].
func SliceChannels(x *G.Node, from, to int) *G.Node {
	shape, rows, total := rowsOf("slice", x)
	if from < 0 || to > total || from >= to {
		panic(fmt.Sprintf("slice %d:%d of shape %v", from, to, shape))
	}
	shape[len(shape)-1] = to - from
	return apply(&op{
		name: fmt.Sprintf("slice %d:%d", from, to), shape: shape,
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.SplitChannels(out[0], in[0], rows, total, from, to-from)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "slice gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.SplitChannelsGrad(out[0], in[0], rows, total, from, to-from)
				},
			}, dout)}
		},
	}, x)
}

// channels is x[…, numbers].
func channels(x *G.Node, numbers []int) *G.Node {
	columns := make([]*G.Node, len(numbers))
	for i, j := range numbers {
		columns[i] = SliceChannels(x, j, j+1)
	}
	return Concat(columns...)
}

// Entries returns x with its batch entries chosen anew: entry i of the result is
// entry from[i] of x, which may be taken several times or not at all.
// Entries(k, 0, 0) gives both passes of a batch of two the keys of the first.
func Entries(x *G.Node, from ...int) *G.Node {
	s := x.Shape().Clone()
	if len(s) < 2 || len(from) == 0 {
		panic(fmt.Sprintf("batch entries %v of shape %v", from, s))
	}
	b, each := s[0], s[1:].TotalSize()
	for _, i := range from {
		if i < 0 || i >= b {
			panic(fmt.Sprintf("batch entry %d of shape %v, want 0 to %d", i, s, b-1))
		}
	}
	from = slices.Clone(from)
	s[0] = len(from)
	return apply(&op{
		name: fmt.Sprintf("batch entries %v", from), shape: s,
		run: func(on *kernels.Functions, out, in [][]float32) {
			for i, j := range from {
				on.Copy(out[0][i*each:(i+1)*each], in[0][j*each:(j+1)*each])
			}
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "batch entries gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.Fill(out[0], 0)
					for i, j := range from {
						on.AddScaled(out[0][j*each:(j+1)*each], in[0][i*each:(i+1)*each], 1)
					}
				},
			}, dout)}
		},
	}, x)
}

// Upsample repeats each position of x [B, h·w, C] factor times along both axes.
func Upsample(x *G.Node, h, w, factor int) *G.Node {
	b, hw, c := dims3("upsample", x)
	if hw != h*w {
		panic(fmt.Sprintf("upsample: %d positions are not %d×%d", hw, h, w))
	}
	return apply(&op{
		name: fmt.Sprintf("upsample ×%d", factor), shape: gt.Shape{b, hw * factor * factor, c},
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.UpsampleNearest(out[0], in[0], b, h, w, c, factor)
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "upsample gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.UpsampleNearestGrad(out[0], in[0], b, h, w, c, factor)
				},
			}, dout)}
		},
	}, x)
}
