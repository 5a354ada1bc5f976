package winograd

import (
	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

const (
	side   = 4 // of a tile's results
	window = 6 // side of the pixels that they come from
)

// grid numbers the tiles of a batch of pictures.
type grid struct{ pictures, height, width, down, across int }

func newGrid(c *Conv) grid {
	return grid{c.B, c.H, c.W, (c.H + side - 1) / side, (c.W + side - 1) / side}
}

func (g grid) count() int { return g.pictures * g.down * g.across }

// tile is where the results of a tile begin.
func (g grid) tile(i int) (picture, y, x int) {
	return i / (g.down * g.across), i / g.across % g.down * side, i % g.across * side
}

// pixel is the number of a pixel.
func (g grid) pixel(picture, y, x int) int { return (picture*g.height+y)*g.width + x }

// window is the pixels [6][6][channels] that a tile's results come from, in the
// picture itself, or in a copy where the tile reaches beyond its edges, and the
// distance of their lines.
func (g grid) window(x []float32, channels, i int, w *workspace) (pixels []float32, row int) {
	picture, top, left := g.tile(i)
	top, left = top-1, left-1
	if top >= 0 && left >= 0 && top+window <= g.height && left+window <= g.width {
		return x[g.pixel(picture, top, left)*channels:], g.width * channels
	}
	row = window * channels
	if len(w.window) < window*row {
		w.window = make([]float32, window*row)
	}
	clear(w.window[:window*row])
	from, to := max(left, 0), min(left+window, g.width)
	for y := max(top, 0); y < min(top+window, g.height); y++ {
		line := x[g.pixel(picture, y, from)*channels:][:(to-from)*channels]
		copy(w.window[(y-top)*row+(from-left)*channels:], line)
	}
	return w.window, row
}

// results takes the sums of tile i to the pixels of count channels from channel
// on.
func (r *round) results(t *transforms, sums []float32, plane, i, channel, count int) {
	picture, y, x := r.tile(i)
	channels, bias := r.Weights.Out(), gemm.From(r.Bias, channel)
	at := r.pixel(picture, y, x)*channels + channel
	if y+side <= r.height && x+side <= r.width {
		t.output(r.Out[at:], r.width*channels, channels, sums, plane, bias, gemm.From(r.Residual, at), count)
		return
	}
	var square [side * side * maxCols]float32
	t.output(square[:], side*count, count, sums, plane, bias, nil, count)
	for dy := range min(side, r.height-y) {
		for dx := range min(side, r.width-x) {
			p := at + (dy*r.width+dx)*channels
			pixel := square[(dy*side+dx)*count:][:count]
			if r.Residual != nil {
				vec.Add(pixel, pixel, r.Residual[p:][:count])
			}
			copy(r.Out[p:], pixel)
		}
	}
}
