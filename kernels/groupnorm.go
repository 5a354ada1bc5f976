package kernels

import (
	"math"
	"sync"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// groupNorm carries one call of [GroupNorm] or [GroupNormGrad]: its shape and what was measured.
type groupNorm struct {
	b, hw, c, groups int
	gamma, beta      []float32
	blocks           blocks
	mean, rstd       []float64 // [b, groups]
	scale, shift     []float32 // [b, c]: the normalisation and the affine part as one
}

func newGroupNorm(op string, out, x, gamma, beta []float32, b, hw, c, groups int) *groupNorm {
	wantLen(op, "the result", out, b*hw*c)
	wantLen(op, "x", x, b*hw*c)
	wantLen(op, "gamma", gamma, c)
	wantLen(op, "beta", beta, c)
	checkGroups(op, c, groups)
	return &groupNorm{b: b, hw: hw, c: c, groups: groups, gamma: gamma, beta: beta, blocks: rowBlocks(b, hw, c)}
}

// eachRow calls f for every block of rows with the block's number and its range of elements.
func (g *groupNorm) eachRow(f func(i, lo, hi int)) {
	Parallel(g.blocks.count(), func(i int) {
		lo, hi := g.blocks.rows(i)
		f(i, lo*g.c, hi*g.c)
	})
}

// affine is the per-channel scale and shift of the batch entry that block i belongs to.
func (g *groupNorm) affine(i int) (scale, shift []float32) {
	at := g.blocks.entry(i) * g.c
	return g.scale[at:][:g.c], g.shift[at:][:g.c]
}

// moment is the mean of n values and their summed squared deviation from it.
type moment struct{ n, mean, m2 float64 }

// pooled joins the moments of disjoint sets of values (Chan, Golub and LeVeque 1979, for any number of sets).
func pooled(sets []moment) moment {
	var all moment
	for _, s := range sets {
		all.n += s.n
		all.mean += s.n * s.mean
	}
	all.mean /= all.n
	for _, s := range sets {
		d := s.mean - all.mean
		all.m2 += s.m2 + s.n*d*d
	}
	return all
}

// measure takes the statistics of x in one pass: float32 column sums within a block, about a first estimate of the
// column's mean so that nothing cancels, and float64 from there on.
func (g *groupNorm) measure(x []float32, eps float32) {
	per := g.blocks.per
	partial := make([]moment, g.b*g.groups*per) // [b, groups, blocks]
	g.eachRow(func(i, lo, hi int) {
		for group, m := range g.blockMoments(x[lo:hi]) {
			partial[(g.blocks.entry(i)*g.groups+group)*per+i%per] = m
		}
	})
	g.mean, g.rstd = make([]float64, g.b*g.groups), make([]float64, g.b*g.groups)
	g.scale, g.shift = make([]float32, g.b*g.c), make([]float32, g.b*g.c)
	Range(g.b*g.groups, 16, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			m := pooled(partial[k*per:][:per])
			g.mean[k], g.rstd[k] = m.mean, 1/math.Sqrt(m.m2/m.n+float64(eps))
			g.fold(k/g.groups, k%g.groups)
		}
	})
}

// fold turns a group's statistics and its channels' gamma and beta into scale and shift.
func (g *groupNorm) fold(entry, group int) {
	mean, rstd, width := g.mean[entry*g.groups+group], g.rstd[entry*g.groups+group], g.c/g.groups
	for j := group * width; j < (group+1)*width; j++ {
		scale := float64(g.gamma[j]) * rstd
		g.scale[entry*g.c+j] = float32(scale)
		g.shift[entry*g.c+j] = float32(float64(g.beta[j]) - mean*scale)
	}
}

// columnSums is the memory of blocks for sums over columns. Thousands of blocks take turns in it: made anew for each,
// it would be garbage that piles up until a heap full of weights has doubled.
var columnSums = sync.Pool{New: func() any { return new([]float32) }}

// blockMoments measures each group over one block of rows.
func (g *groupNorm) blockMoments(x []float32) []moment {
	c, rows := g.c, len(x)/g.c
	buffer := columnSums.Get().(*[]float32)
	defer columnSums.Put(buffer)
	column := grow(buffer, 4*c)
	clear(column)
	estimate, square, sum, zero := column[:c], column[c:2*c], column[2*c:3*c], column[3*c:]
	head := min(rows, rowsAtOnce)
	vec.Moments(estimate, square, zero, x[:head*c])
	vec.Scale(estimate, estimate, 1/float32(head))
	clear(square)
	for ; len(x) > 0; x = x[min(len(x), rowsAtOnce*c):] {
		vec.Moments(sum, square, estimate, x[:min(len(x), rowsAtOnce*c)])
	}
	out, width, n := make([]moment, g.groups), c/g.groups, float64(rows)
	for group := range out {
		lo, hi := group*width, (group+1)*width
		out[group] = columnMoments(n, estimate[lo:hi], sum[lo:hi], square[lo:hi])
	}
	return out
}

// columnMoments joins columns of n values each, given the sums of their deviations from an estimate and of the squares
// of these: Σ(x-m)² = Σ(x-e)² + 2(e-m)·Σ(x-e) + n·(e-m)².
func columnMoments(n float64, estimate, sum, square []float32) moment {
	var e, s float64
	for j, v := range estimate {
		e += float64(v)
		s += float64(sum[j])
	}
	m := moment{n: n * float64(len(estimate)), mean: (e + s/n) / float64(len(estimate))}
	for j, v := range estimate {
		d := float64(v) - m.mean
		m.m2 += float64(square[j]) + d*(2*float64(sum[j])+n*d)
	}
	m.m2 = max(0, m.m2)
	return m
}

// rowsAtOnce is how many rows go into one call of the column sums: they pass through the nearest cache together.
const rowsAtOnce = 8

// gradColumns gives the coefficients of dx = a·d + b·x + c for every batch entry and channel, where d is the gradient
// behind the activation. prepare may compute a block of d, which is measured right after, while it is in the cache.
func (g *groupNorm) gradColumns(d, x []float32, prepare func(i, lo, hi int)) (a, b, c []float32) {
	width := g.c / g.groups
	partial := make([]float64, g.blocks.count()*g.groups*2)
	g.eachRow(func(i, lo, hi int) {
		prepare(i, lo, hi)
		g.blockComoments(partial[i*g.groups*2:][:g.groups*2], d[lo:hi], x[lo:hi], g.blocks.entry(i))
	})
	a, b, c = make([]float32, g.b*g.c), make([]float32, g.b*g.c), make([]float32, g.b*g.c)
	Range(g.b*g.groups, 16, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			var sum, dot float64
			entry, group := k/g.groups, k%g.groups
			for p, end := g.blocks.of(entry); p < end; p++ {
				sum += partial[(p*g.groups+group)*2]
				dot += partial[(p*g.groups+group)*2+1]
			}
			dmean, slope := normGrad(g.rstd[k], sum, dot, g.hw*width)
			for j := group * width; j < (group+1)*width; j++ {
				at := entry*g.c + j
				a[at], b[at] = float32(g.rstd[k])*g.gamma[j], float32(slope)
				c[at] = float32(-g.rstd[k]*dmean - slope*g.mean[k])
			}
		}
	})
	return a, b, c
}

// blockComoments sets, for each group, Σ γd and Σ γd·(x-mean) over one block of rows.
func (g *groupNorm) blockComoments(out []float64, d, x []float32, entry int) {
	c, width := g.c, g.c/g.groups
	buffer := columnSums.Get().(*[]float32)
	defer columnSums.Put(buffer)
	column := grow(buffer, 3*c)
	clear(column)
	sum, dot, mean := column[:c], column[c:2*c], column[2*c:]
	for group := range g.groups {
		for j := range width {
			mean[group*width+j] = float32(g.mean[entry*g.groups+group])
		}
	}
	for ; len(d) > 0; d, x = d[min(len(d), rowsAtOnce*c):], x[min(len(d), rowsAtOnce*c):] {
		n := min(len(d), rowsAtOnce*c)
		vec.Comoments(sum, dot, mean, d[:n], x[:n])
	}
	for group := range g.groups {
		var s, p float64
		for j := group * width; j < (group+1)*width; j++ {
			s += float64(g.gamma[j]) * float64(sum[j])
			p += float64(g.gamma[j]) * float64(dot[j])
		}
		out[2*group], out[2*group+1] = s, p
	}
}
