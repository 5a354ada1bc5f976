package images

import (
	"image"
	"slices"
)

// OpenCVGrey returns the lightness of each pixel, row by row, as OpenCV's cvtColor has it of bytes: ITU-R BT.601's in
// fixed point. It is nil of what is no picture.
func OpenCVGrey(picture *image.RGBA) []uint8 {
	if Check(picture) != nil {
		return nil
	}
	size := picture.Rect.Size()
	out := make([]uint8, 0, size.X*size.Y)
	for y := range size.Y {
		row := picture.Pix[y*picture.Stride:][:4*size.X]
		for x := range size.X {
			r, g, b := uint32(row[4*x]), uint32(row[4*x+1]), uint32(row[4*x+2])
			out = append(out, uint8((9798*r+19235*g+3735*b+1<<14)>>15))
		}
	}
	return out
}

// OpenCVOtsu returns Otsu's threshold of levels as OpenCV's THRESH_OTSU finds it: the levels up to it are one class,
// those above it the other. Of levels that are all the same it is 0.
func OpenCVOtsu(grey []uint8) uint8 { return uint8(bestSplit(histogram(grey))) }

// OpenCVTriangle returns the triangle method's threshold of levels as OpenCV's THRESH_TRIANGLE finds it (Zack et al.
// 1977): where the histogram is furthest below the line from its peak to the end of its longer slope. What is above it
// is the light class. Without levels it is 0.
func OpenCVTriangle(grey []uint8) uint8 {
	if len(grey) == 0 {
		return 0
	}
	count := histogram(grey)
	left, right := 0, 255
	for count[left] == 0 {
		left++
	}
	for right > 0 && count[right] == 0 {
		right--
	}
	left, right = max(0, left-1), min(255, right+1)
	peak := 0
	for i, n := range count {
		if n > count[peak] {
			peak = i
		}
	}
	turned := peak-left < right-peak // the longer slope is to come first
	if turned {
		slices.Reverse(count)
		left, peak = 255-right, 255-peak
	}
	at, furthest := left, 0.0
	for i := left + 1; i <= peak; i++ {
		if below := count[peak]*float64(i) + float64(left-peak)*count[i]; below > furthest {
			at, furthest = i, below
		}
	}
	if at--; turned {
		at = 255 - at
	}
	return uint8(max(0, min(255, at)))
}

func histogram(grey []uint8) []float64 {
	count := make([]float64, 256)
	for _, v := range grey {
		count[v]++
	}
	return count
}
