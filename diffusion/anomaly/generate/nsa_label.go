package generate

import (
	"image"
	"math"
)

// label is what changed inside the mask, without grain, and how sure that is.
func (j *nsaJob) label(picture *image.RGBA, mask *bits, factor float64) made {
	change := j.change(picture)
	changed := newBits(j.size)
	for i, v := range mask.on {
		if v != 0 && float64(change[i])/3 > j.o.Tolerance {
			changed.on[i] = 1
		}
	}
	changed = changed.smoothed(5)
	m := made{picture: picture, mask: image.NewGray(image.Rectangle{Max: j.size})}
	for i, v := range changed.on {
		m.mask.Pix[i] = 255 * v
		change[i] *= int(v)
	}
	switch j.o.Label {
	case NSAContinuous:
		m.soft = make([]float32, len(change))
		for i, v := range changed.on {
			m.soft[i] = float32(factor * float64(v))
		}
	case NSAIntensity, NSALogistic:
		m.soft = j.intensity(change, changed)
	}
	return m
}

// change is by how many levels each pixel has changed, over its three colours.
func (j *nsaJob) change(picture *image.RGBA) []int {
	out := make([]int, j.size.X*j.size.Y)
	for y := range j.size.Y {
		a, b := j.Normal.Pix[y*j.Normal.Stride:], picture.Pix[y*picture.Stride:]
		for x := range j.size.X {
			for c := 4 * x; c < 4*x+3; c++ {
				out[y*j.size.X+x] += max(int(a[c])-int(b[c]), int(b[c])-int(a[c]))
			}
		}
	}
	return out
}

// intensity is the median of the change in a disc, as a label.
func (j *nsaJob) intensity(change []int, changed *bits) []float32 {
	out := make([]float32, len(change))
	medians := discMedians(change, j.size, changed.box())
	for i, v := range medians {
		levels := float64(v) / 3
		switch {
		case j.o.Label == NSAIntensity:
			out[i] = float32(levels / 255)
		case changed.on[i] != 0:
			out[i] = float32(1 / (1 + math.Exp(-j.o.LogisticK*(levels-j.o.LogisticX0))))
		}
	}
	return out
}

const (
	discRadius = 5
	discPlaces = 81
	mostChange = 3 * 255
)

// discMedians returns for each number, up to mostChange, the median of the 81 in the disc of radius 5 around it, the
// border repeated; within is a box outside of which all are 0. A histogram moves along each row (Huang 1979).
func discMedians(v []int, size image.Point, within image.Rectangle) []int {
	out := make([]int, len(v))
	box := within.Inset(-discRadius).Intersect(image.Rectangle{Max: size})
	if within.Empty() {
		return out
	}
	var half [2*discRadius + 1]int // of each row of the disc
	for dy := range half {
		half[dy] = int(math.Sqrt(float64(discRadius*discRadius - (dy-discRadius)*(dy-discRadius))))
	}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		var h rankHistogram
		var rows [2*discRadius + 1][]int
		for dy := range rows {
			rows[dy] = v[min(max(y+dy-discRadius, 0), size.Y-1)*size.X:][:size.X]
		}
		at := func(row []int, x int) int { return row[min(max(x, 0), size.X-1)] }
		for dy, row := range rows {
			for x := -half[dy]; x <= half[dy]; x++ {
				h.add(at(row, box.Min.X+x), 1)
			}
		}
		for x := box.Min.X; x < box.Max.X; x++ {
			out[y*size.X+x] = h.at(discPlaces / 2)
			for dy, row := range rows {
				h.add(at(row, x-half[dy]), -1)
				h.add(at(row, x+half[dy]+1), 1)
			}
		}
	}
	return out
}

// rankHistogram counts numbers, and remembers a rank's number and how many are below it.
type rankHistogram struct {
	count         [mostChange + 1]int
	number, below int
}

func (h *rankHistogram) add(v, n int) {
	h.count[v] += n
	if v < h.number {
		h.below += n
	}
}

// at returns the number that has rank others below or beside it.
func (h *rankHistogram) at(rank int) int {
	for h.below > rank {
		h.number--
		h.below -= h.count[h.number]
	}
	for h.below+h.count[h.number] <= rank {
		h.below += h.count[h.number]
		h.number++
	}
	return h.number
}
