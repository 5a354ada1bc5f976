package winograd

import (
	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// grid numbers the tiles of a batch of results.
type grid struct {
	*Conv
	side, window, down, across int
}

func newGrid(c *Conv, t *transforms) grid {
	return grid{c, t.side, t.window, (c.OutH + t.side - 1) / t.side, (c.OutW + t.side - 1) / t.side}
}

func (g grid) count() int { return g.B * g.down * g.across }

// tile is where the results of a tile begin.
func (g grid) tile(i int) (picture, y, x int) {
	return i / (g.down * g.across), i / g.across % g.down * g.side, i % g.across * g.side
}

// pixel is the number of a picture's pixel, and result that of a result.
func (g grid) pixel(picture, y, x int) int  { return (picture*g.H+y)*g.W + x }
func (g grid) result(picture, y, x int) int { return (picture*g.OutH+y)*g.OutW + x }

// pixels is the [window][window][channels] that a tile's results come from, in the
// picture itself, or in a copy where the tile reaches beyond its edges, and the
// distance of their lines.
func (g grid) pixels(x []float32, channels, i int, s *workspace) (window []float32, row int) {
	picture, top, left := g.tile(i)
	top, left = top-g.Top, left-g.Left
	if top >= 0 && left >= 0 && top+g.window <= g.H && left+g.window <= g.W {
		return x[g.pixel(picture, top, left)*channels:], g.W * channels
	}
	row = g.window * channels
	copied := grow(&s.window, g.window*row)
	clear(copied[:g.window*row])
	from, to := max(left, 0), min(left+g.window, g.W)
	for y := max(top, 0); y < min(top+g.window, g.H); y++ {
		line := x[g.pixel(picture, y, from)*channels:][:(to-from)*channels]
		copy(copied[(y-top)*row+(from-left)*channels:], line)
	}
	return copied, row
}

// results takes the sums of tile i to the pixels of count channels from channel
// on.
func (w work) results(sums []float32, plane, i, channel, count int) {
	picture, y, x := w.tile(i)
	channels, bias := w.Weights.Out(), gemm.From(w.Bias, channel)
	at := w.result(picture, y, x)*channels + channel
	if y+w.side <= w.OutH && x+w.side <= w.OutW {
		w.output(w.Out[at:], w.OutW*channels, channels, sums, plane, bias, gemm.From(w.Residual, at), w.Limits.numbers(), count)
		return
	}
	var square [maxSide * maxSide * maxCols]float32
	w.transforms.output(square[:], w.side*count, count, sums, plane, bias, nil, nil, count)
	for dy := range min(w.side, w.OutH-y) {
		for dx := range min(w.side, w.OutW-x) {
			p := at + (dy*w.OutW+dx)*channels
			pixel := square[(dy*w.side+dx)*count:][:count]
			if w.Residual != nil {
				vec.Add(pixel, pixel, w.Residual[p:][:count])
			}
			if w.Limits != nil {
				vec.Clamp(pixel, pixel, w.Limits[0][0], w.Limits[1][0])
			}
			copy(w.Out[p:], pixel)
		}
	}
}
