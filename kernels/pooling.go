package kernels

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// PoolShape describes a pool: windows of KH×KW pixels over an input [B, H, W, C], Stride
// apart down and across, each channel on its own. The padding on a side is less than the
// kernel, so that every window has a pixel.
type PoolShape struct {
	B, H, W, C int
	KH, KW     int
	Stride     int
	Pad        Padding

	Ceil         bool // a last window may reach past the padded input, if it begins within what is not padding behind it
	CountPadding bool // an average counts pixels of the padding as zeros; else it is of those within the input
}

// Out returns the height and width of the result, as torch's ceil_mode and floor do.
func (s PoolShape) Out() (h, w int) {
	size := func(n, before, after, kernel int) int {
		room := n + before + after - kernel
		if !s.Ceil {
			return room/s.Stride + 1
		}
		out := (room+s.Stride-1)/s.Stride + 1
		if (out-1)*s.Stride >= n+before {
			out-- // it would begin in the padding behind the input
		}
		return out
	}
	return size(s.H, s.Pad.Top, s.Pad.Bottom, s.KH), size(s.W, s.Pad.Left, s.Pad.Right, s.KW)
}

// Valid returns an error if there is no such pool.
func (s PoolShape) Valid() error {
	if err := checkWindows(s.H, s.W, s.KH, s.KW, s.Stride, s.Pad); err != nil {
		return err
	}
	if max(s.Pad.Top, s.Pad.Bottom) >= s.KH || max(s.Pad.Left, s.Pad.Right) >= s.KW {
		return fmt.Errorf("padding %+v, want less than the kernel of %d×%d", s.Pad, s.KH, s.KW)
	}
	return nil
}

// MaxPool sets out [B, Out, C] to the largest number of each window of x, as
// torch.nn.MaxPool2d does; the padding counts as -∞, and a NaN as the largest.
func MaxPool(out, x []float32, s PoolShape) {
	s.eachWindow("MaxPool", out, x, func(pixel []float32, from window) {
		copy(pixel, from.pixel(from.top, from.left))
		from.each(func(p []float32) { vec.Larger(pixel, pixel, p) })
	})
}

// AveragePool sets out [B, Out, C] to the mean of each window of x, as
// torch.nn.AvgPool2d does; CountPadding is its count_include_pad.
func AveragePool(out, x []float32, s PoolShape) {
	s.eachWindow("AveragePool", out, x, func(pixel []float32, from window) {
		clear(pixel)
		from.each(func(p []float32) { vec.Add(pixel, pixel, p) })
		vec.Scale(pixel, pixel, 1/float32(from.count))
	})
}

// window is the pixels of one window that lie within the picture x: rows top to bottom-1
// and columns left to right-1.
type window struct {
	x                        []float32
	width, c                 int
	top, left, bottom, right int
	count                    int // by how many an average divides
}

func (w window) pixel(row, column int) []float32 { return w.x[(row*w.width+column)*w.c:][:w.c] }

func (w window) each(f func(pixel []float32)) {
	for row := w.top; row < w.bottom; row++ {
		for column := w.left; column < w.right; column++ {
			f(w.pixel(row, column))
		}
	}
}

// eachWindow calls f for each pixel of the result with its window.
func (s PoolShape) eachWindow(op string, out, x []float32, f func(pixel []float32, from window)) {
	if err := s.Valid(); err != nil {
		panic(fmt.Sprintf("kernels: %s: %v", op, err))
	}
	h, wd := s.Out()
	wantLen(op, "out", out, s.B*h*wd*s.C)
	wantLen(op, "x", x, s.B*s.H*s.W*s.C)
	Range(s.B*h, rowGrain(wd*s.C*s.KH), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			picture := x[r/h*s.H*s.W*s.C:][:s.H*s.W*s.C]
			for i := range wd {
				f(out[(r*wd+i)*s.C:][:s.C], s.window(picture, r%h, i))
			}
		}
	})
}

// window is that of pixel (row, column) of the result.
func (s PoolShape) window(picture []float32, row, column int) window {
	top, left := row*s.Stride-s.Pad.Top, column*s.Stride-s.Pad.Left
	w := window{x: picture, width: s.W, c: s.C,
		top: max(top, 0), left: max(left, 0), bottom: min(top+s.KH, s.H), right: min(left+s.KW, s.W)}
	w.count = (w.bottom - w.top) * (w.right - w.left)
	if s.CountPadding {
		w.count = (min(top+s.KH, s.H+s.Pad.Bottom) - top) * (min(left+s.KW, s.W+s.Pad.Right) - left)
	}
	return w
}
