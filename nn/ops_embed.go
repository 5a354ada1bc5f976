package nn

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// embedding looks up rows of table [vocabulary, C] for ids [B, T], which are
// whole numbers stored as float32: [B, T, C].
func embedding(ids *G.Node, table *Weight) *G.Node {
	rows, c := table.Shape()[0], table.Shape()[1]
	shape := append(ids.Shape(), c)
	return apply(&op{
		name: "embedding " + table.Name(), shape: shape,
		host: func(out, in [][]float32) {
			index := make([]int32, len(in[0]))
			for i, id := range in[0] {
				if id < 0 || int(id) >= rows || id != float32(int32(id)) {
					panic(fmt.Sprintf("token id %v at position %d, want a whole number below %d", id, i, rows))
				}
				index[i] = int32(id)
			}
			kernels.Embedding(out[0], index, table.Elements(), c)
		},
	}, ids)
}

// TimestepEmbedding returns the sinusoidal embedding of timesteps t [B]: [B, dim]
// (Vaswani et al., arXiv 1706.03762; diffusers get_timestep_embedding with a
// maximal period of 10000). flip puts the cosines first, as Stable Diffusion
// does; shift is diffusers' freq_shift.
func TimestepEmbedding(t *G.Node, dim int, flip bool, shift float64) *G.Node {
	half := dim / 2
	if dim%2 != 0 || half == 0 {
		panic(fmt.Sprintf("timestep embedding of %d channels, want an even number", dim))
	}
	sin, cos := 0, half
	if flip {
		sin, cos = half, 0
	}
	frequencies := make([]float32, half)
	for i := range frequencies { // in float32 as in the reference
		frequencies[i] = float32(math.Exp(float64(-float32(math.Log(10000)) * float32(i) / float32(float64(half)-shift))))
	}
	return apply(&op{
		name: "timestep embedding", shape: gt.Shape{t.Shape()[0], dim},
		run: func(on *kernels.Functions, out, in [][]float32) {
			on.Waves(out[0], in[0], on.Constant(frequencies), sin, cos)
		},
	}, t)
}

// addPositions adds table [N, C] to every batch entry of x [B, n, C], n ≤ N.
func addPositions(x *G.Node, table *Weight) *G.Node {
	b, n, c := dims3("position embedding "+table.Name(), x)
	if n > table.Shape()[0] || c != table.Shape()[1] {
		panic(fmt.Sprintf("position embedding %s: input %v does not fit a table of %v", table.Name(), x.Shape(), table.Shape()))
	}
	return apply(&op{
		name: "position embedding " + table.Name(), shape: x.Shape(), inPlace: 1,
		run: func(on *kernels.Functions, out, in [][]float32) {
			positions := on.Constant(table.Float32())[:n*c]
			for i := range b {
				on.Add(out[0][i*n*c:(i+1)*n*c], in[0][i*n*c:(i+1)*n*c], positions)
			}
		},
		grad: func(_ G.Nodes, _, dout *G.Node) G.Nodes { return G.Nodes{dout} },
	}, x)
}

// prependTokens puts learned tokens, [C] or [..., k, C], before the positions of x [B, N, C].
func prependTokens(x *G.Node, tokens *Weight) *G.Node {
	b, n, c := dims3("class token "+tokens.Name(), x)
	k := tokens.Shape().TotalSize() / c
	if s := tokens.Shape(); k < 1 || s[len(s)-1] != c {
		panic(fmt.Sprintf("class token %s: shape %v does not fit an input of %v", tokens.Name(), s, x.Shape()))
	}
	return apply(&op{
		name: "class token " + tokens.Name(), shape: gt.Shape{b, k + n, c},
		run: func(on *kernels.Functions, out, in [][]float32) {
			for i := range b {
				rows := out[0][i*(k+n)*c : (i+1)*(k+n)*c]
				on.Copy(rows[:k*c], on.Constant(tokens.Float32()))
				on.Copy(rows[k*c:], in[0][i*n*c:(i+1)*n*c])
			}
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{SlicePositions(dout, k, k+n)}
		},
	}, x)
}

// SlicePositions returns x[:, from:to, :] of x [B, N, C].
func SlicePositions(x *G.Node, from, to int) *G.Node {
	b, n, c := dims3("slice positions", x)
	if from < 0 || to > n || from >= to {
		panic(fmt.Sprintf("slice of positions %d:%d of shape %v", from, to, x.Shape()))
	}
	m := to - from
	return apply(&op{
		name: fmt.Sprintf("positions %d:%d", from, to), shape: gt.Shape{b, m, c},
		run: func(on *kernels.Functions, out, in [][]float32) {
			for i := range b {
				on.Copy(out[0][i*m*c:(i+1)*m*c], in[0][(i*n+from)*c:(i*n+to)*c])
			}
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "positions gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.Fill(out[0], 0)
					for i := range b {
						on.Copy(out[0][(i*n+from)*c:(i*n+to)*c], in[0][i*m*c:(i+1)*m*c])
					}
				},
			}, dout)}
		},
	}, x)
}

// GatherPositions returns chosen positions of x [B, N, C], several lists of equally many numbers from each batch entry:
// [B·len(lists), len(lists[0]), C], those of the first entry first. A transformer then sees each list as a sequence of
// its own.
func GatherPositions(x *G.Node, lists [][]int) *G.Node {
	b, n, c := dims3("gather positions", x)
	if len(lists) == 0 || len(lists[0]) == 0 {
		panic("gather positions: there are none to gather")
	}
	each := len(lists[0])
	var from []int // rows of x for one batch entry
	for i, list := range lists {
		if len(list) != each {
			panic(fmt.Sprintf("gather positions: list %d has %d, the first one %d", i, len(list), each))
		}
		for _, at := range list {
			if at < 0 || at >= n {
				panic(fmt.Sprintf("gather positions: %d of shape %v, want 0 to %d", at, x.Shape(), n-1))
			}
		}
		from = append(from, list...)
	}
	rows := func(on func(out, in int)) {
		for i := range b {
			for j, at := range from {
				on((i*len(from)+j)*c, (i*n+at)*c)
			}
		}
	}
	return apply(&op{
		name: fmt.Sprintf("gather %d×%d positions", len(lists), each), shape: gt.Shape{b * len(lists), each, c},
		run: func(on *kernels.Functions, out, in [][]float32) {
			rows(func(o, i int) { on.Copy(out[0][o:o+c], in[0][i:i+c]) })
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "gather positions gradient", shape: in[0].Shape(),
				run: func(on *kernels.Functions, out, in [][]float32) {
					on.Fill(out[0], 0)
					rows(func(o, i int) { on.AddScaled(out[0][i:i+c], in[0][o:o+c], 1) })
				},
			}, dout)}
		},
	}, x)
}

// SelectPositions returns one position of each batch entry of x [B, N, C], [B, C]:
// the one that index [B] says, whole numbers stored as float32.
func SelectPositions(x, index *G.Node) *G.Node {
	b, n, c := dims3("select positions", x)
	sameShape("select positions", index.Shape(), gt.Shape{b})
	at := func(index []float32, i int) int {
		k := int(index[i])
		if k < 0 || k >= n || index[i] != float32(k) {
			panic(fmt.Sprintf("position %v of batch entry %d, want a whole number from 0 to %d", index[i], i, n-1))
		}
		return (i*n + k) * c
	}
	return apply(&op{
		name: "select positions", shape: gt.Shape{b, c}, diff: []bool{true, false},
		host: func(out, in [][]float32) {
			for i := range b {
				copy(out[0][i*c:(i+1)*c], in[0][at(in[1], i):])
			}
		},
		grad: func(in G.Nodes, _, dout *G.Node) G.Nodes {
			return G.Nodes{apply(&op{
				name: "select positions gradient", shape: in[0].Shape(),
				host: func(out, in [][]float32) {
					clear(out[0])
					for i := range b {
						copy(out[0][at(in[1], i):], in[0][i*c:(i+1)*c])
					}
				},
			}, dout, in[1]), nil}
		},
	}, x, index)
}
