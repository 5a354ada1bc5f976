package images

import (
	"encoding/binary"
	"image"

	"github.com/sdgraph/sdgraph/kernels"
)

// taps is a linear filter of whole numbers along one axis: output i is the sum of weight[i][j] times input start[i]+j.
type taps struct {
	start  []int
	weight [][]int32
}

// eachRow calls f for ranges of so many rows of width numbers, on all threads.
func eachRow(rows, width int, f func(lo, hi int)) {
	kernels.Range(rows, max(1, 1<<12/max(width, 1)), f)
}

// pair is a pixel as sums or products of its channels: red + 2³²·blue and green + 2³²·alpha, each less than 2³¹ in
// size. One 64-bit multiplication weights two channels, and gives each what it would be alone.
type pair struct{ redBlue, greenAlpha int64 }

// paired returns the pair of a pixel's four bytes.
func paired(pixel []byte) pair {
	p := binary.LittleEndian.Uint32(pixel)
	return pair{int64(p&0xff) | int64(p>>16&0xff)<<32, int64(p>>8&0xff) | int64(p>>24)<<32}
}

// both is a number in both halves.
func both(v int32) int64 { return int64(v) + int64(v)<<32 }

// halves are the two sums of one number: the upper half has borrowed one from a lower half below 0.
func halves(sum int64) (lower, upper int32) { return int32(sum), int32((sum + 1<<31) >> 32) }

// packed returns a picture's bytes without gaps between its rows, four a pixel.
func packed(picture *image.RGBA) []byte {
	size := picture.Rect.Size()
	if picture.Stride != 4*size.X {
		picture = Cut(picture, picture.Rect)
	}
	return picture.Pix[:4*size.X*size.Y]
}
