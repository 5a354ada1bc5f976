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
func (g grid) window(x []float32, channels, i int, s *workspace) (pixels []float32, row int) {
	picture, top, left := g.tile(i)
	top, left = top-1, left-1
	if top >= 0 && left >= 0 && top+window <= g.height && left+window <= g.width {
		return x[g.pixel(picture, top, left)*channels:], g.width * channels
	}
	row = window * channels
	copied := s.grow(&s.window, window*row)
	clear(copied[:window*row])
	from, to := max(left, 0), min(left+window, g.width)
	for y := max(top, 0); y < min(top+window, g.height); y++ {
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
	at := w.pixel(picture, y, x)*channels + channel
	if y+side <= w.height && x+side <= w.width {
		w.transforms.output(w.Out[at:], w.width*channels, channels, sums, plane, bias, gemm.From(w.Residual, at), count)
		return
	}
	var square [side * side * maxCols]float32
	w.transforms.output(square[:], side*count, count, sums, plane, bias, nil, count)
	for dy := range min(side, w.height-y) {
		for dx := range min(side, w.width-x) {
			p := at + (dy*w.width+dx)*channels
			pixel := square[(dy*side+dx)*count:][:count]
			if w.Residual != nil {
				vec.Add(pixel, pixel, w.Residual[p:][:count])
			}
			copy(w.Out[p:], pixel)
		}
	}
}
