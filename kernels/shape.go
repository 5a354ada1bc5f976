package kernels

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// UpsampleNearest repeats every pixel of x, [b, h, w, c], factor times along both axes:
// out[b,i,j,:] = x[b,i/factor,j/factor,:] of shape [b, h·factor, w·factor, c].
func UpsampleNearest(out, x []float32, b, h, w, c, factor int) {
	wantLen("UpsampleNearest", "out", out, b*h*w*c*factor*factor)
	wantLen("UpsampleNearest", "x", x, b*h*w*c)
	wide := w * factor * c
	Range(b*h, rowGrain(wide*factor), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := out[r*factor*wide:][:wide]
			for j := range w * factor {
				copy(row[j*c:][:c], x[(r*w+j/factor)*c:][:c])
			}
			for i := 1; i < factor; i++ {
				copy(out[(r*factor+i)*wide:][:wide], row)
			}
		}
	})
}

// UpsampleNearestGrad sets dx, [b, h, w, c], to the gradient of [UpsampleNearest]: the sum of dy over the
// factor×factor pixels that one was repeated to.
func UpsampleNearestGrad(dx, dy []float32, b, h, w, c, factor int) {
	wantLen("UpsampleNearestGrad", "dx", dx, b*h*w*c)
	wantLen("UpsampleNearestGrad", "dy", dy, b*h*w*c*factor*factor)
	wide := w * factor * c
	Range(b*h, rowGrain(wide*factor), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := dx[r*w*c:][:w*c]
			clear(row)
			for i := range factor {
				from := dy[(r*factor+i)*wide:][:wide]
				for j := range w * factor {
					pixel := row[j/factor*c:][:c]
					vec.Add(pixel, pixel, from[j*c:][:c])
				}
			}
		}
	})
}

// ConcatChannels joins rows side by side: part i is [rows, widths[i]], out is [rows, Σ widths].
func ConcatChannels(out []float32, rows int, parts [][]float32, widths []int) {
	total := 0
	wantLen("ConcatChannels", "widths", widths, len(parts))
	for i, n := range widths {
		wantLen("ConcatChannels", "a part", parts[i], rows*n)
		total += n
	}
	wantLen("ConcatChannels", "out", out, rows*total)
	Range(rows, rowGrain(total), func(lo, hi int) {
		at := 0
		for i, n := range widths {
			for r := lo; r < hi; r++ {
				copy(out[r*total+at:][:n], parts[i][r*n:][:n])
			}
			at += n
		}
	})
}

// SplitChannels cuts columns offset to offset+width out of x, [rows, total], into part, [rows, width]: the gradient of
// [ConcatChannels] with respect to one part.
func SplitChannels(part, x []float32, rows, total, offset, width int) {
	wantLen("SplitChannels", "part", part, rows*width)
	wantLen("SplitChannels", "x", x, rows*total)
	if offset < 0 || width < 0 || offset+width > total {
		panic(fmt.Sprintf("kernels: SplitChannels: channels %d to %d of %d", offset, offset+width, total))
	}
	Range(rows, rowGrain(width), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			copy(part[r*width:][:width], x[r*total+offset:][:width])
		}
	})
}

// SplitChannelsGrad sets dx, [rows, total], to the gradient of [SplitChannels]: dy, [rows, width], at columns offset to
// offset+width, zeros elsewhere.
func SplitChannelsGrad(dx, dy []float32, rows, total, offset, width int) {
	wantLen("SplitChannelsGrad", "dx", dx, rows*total)
	wantLen("SplitChannelsGrad", "dy", dy, rows*width)
	if offset < 0 || width < 0 || offset+width > total {
		panic(fmt.Sprintf("kernels: SplitChannelsGrad: channels %d to %d of %d", offset, offset+width, total))
	}
	Range(rows, rowGrain(total), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := dx[r*total:][:total]
			clear(row[:offset])
			copy(row[offset:], dy[r*width:][:width])
			clear(row[offset+width:])
		}
	})
}

// ChannelsLast reorders x, [b, c, hw], to out, [b, hw, c].
func ChannelsLast(out, x []float32, b, c, hw int) {
	wantLen("ChannelsLast", "out", out, b*c*hw)
	wantLen("ChannelsLast", "x", x, b*c*hw)
	transpose(out, x, b, c, hw)
}

// ChannelsFirst reorders x, [b, hw, c], to out, [b, c, hw].
func ChannelsFirst(out, x []float32, b, c, hw int) {
	wantLen("ChannelsFirst", "out", out, b*c*hw)
	wantLen("ChannelsFirst", "x", x, b*c*hw)
	transpose(out, x, b, hw, c)
}

// transpose sets out[b,j,i] = x[b,i,j] for x of [b, rows, cols].
func transpose(out, x []float32, b, rows, cols int) {
	// A piece of work is a block that fits the second-level cache, whichever way the matrix is longer.
	const block = 256
	down, across := (rows+block-1)/block, (cols+block-1)/block
	Parallel(b*down*across, func(k int) {
		at := k / (down * across) * rows * cols
		top, left := k/across%down*block, k%across*block
		transposeBlock(out[at:], x[at:], rows, cols, top, min(top+block, rows), left, min(left+block, cols))
	})
}

// transposeBlock goes through a block in squares small enough that the cache lines one touches are used up before they
// are evicted.
func transposeBlock(out, x []float32, rows, cols, top, bottom, left, right int) {
	const side = 16
	for i0 := top; i0 < bottom; i0 += side {
		for j0 := left; j0 < right; j0 += side {
			j1 := min(j0+side, right)
			for i := i0; i < min(i0+side, bottom); i++ {
				to := j0*rows + i
				for _, v := range x[i*cols+j0 : i*cols+j1] {
					out[to] = v
					to += rows
				}
			}
		}
	}
}
