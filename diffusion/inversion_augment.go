package diffusion

import (
	"math"
	"math/rand/v2"
)

// Augmentation says how the examples that a word is learned from are changed, so that the word does not come to mean a
// place or a direction. The picture is turned about the middle of its mask, cut at its sides, but not within the mask, and
// brought to its size again. The zero Augmentation changes nothing.
type Augmentation struct {
	Probability float64 `json:"probability"` // that an example is changed when it is drawn, 0 to 1
	Flip        bool    `json:"flip"`        // left and right, and top and bottom, each of them half the time
	Turn        float64 `json:"turn"`        // by up to so many degrees either way, 0 to 180
	Crop        float64 `json:"crop"`        // up to this share of the picture is cut off at each side, 0 to 0.45

	// Variants is how many changed ones of each picture there are in all, 1 to a million: each is encoded once, and kept.
	Variants int `json:"variants"`
}

// DefaultAugmentation returns that of AnomalyDiffusion's code: half the time, flips, turns by up to 20°, and cuts. Of each
// picture there are 16 variants.
func DefaultAugmentation() Augmentation {
	return Augmentation{Probability: 0.5, Flip: true, Turn: 20, Crop: 0.2, Variants: 16}
}

func (a Augmentation) check() error {
	switch {
	case !(a.Probability >= 0 && a.Probability <= 1):
		return badArgument("augmentation with the probability %v, want 0 to 1", a.Probability)
	case !(a.Turn >= 0 && a.Turn <= 180):
		return badArgument("augmentation turns by %v degrees, want 0 to 180", a.Turn)
	case !(a.Crop >= 0 && a.Crop <= 0.45):
		return badArgument("augmentation cuts off %v of the picture at each side, want 0 to 0.45", a.Crop)
	case a.Probability > 0 && (a.Variants < 1 || a.Variants > 1e6):
		return badArgument("%d variants of a picture, want 1 to 1000000", a.Variants)
	}
	return nil
}

// move is how a variant's pixels are found in the picture: a part of it, mirrored, then turned about a middle.
type move struct {
	left, top, width, height float64 // the part that is kept, in pixels
	mirror, upend            bool
	sin, cos                 float64
	middleX, middleY         float64
}

// draw draws a move that keeps all of the mask as far as it stays within the picture.
func (a Augmentation) draw(r *rand.Rand, mask []float32, height, width int) move {
	x0, y0, x1, y1 := bounds(mask, height, width)
	m := move{middleX: (x0 + x1) / 2, middleY: (y0 + y1) / 2}
	m.mirror, m.upend = a.Flip && r.IntN(2) == 1, a.Flip && r.IntN(2) == 1
	m.sin, m.cos = math.Sincos((2*r.Float64() - 1) * a.Turn * math.Pi / 180)
	// Turned about its middle, the mask's box reaches this far.
	halfX := math.Abs(m.cos)*(x1-x0)/2 + math.Abs(m.sin)*(y1-y0)/2
	halfY := math.Abs(m.sin)*(x1-x0)/2 + math.Abs(m.cos)*(y1-y0)/2
	w, h := float64(width), float64(height)
	m.left = r.Float64() * max(0, min(m.middleX-halfX, a.Crop*w))
	right := w - r.Float64()*max(0, min(w-m.middleX-halfX, a.Crop*w))
	m.top = r.Float64() * max(0, min(m.middleY-halfY, a.Crop*h))
	bottom := h - r.Float64()*max(0, min(h-m.middleY-halfY, a.Crop*h))
	m.width, m.height = right-m.left, bottom-m.top
	return m
}

// bounds are those of what is above 0 in a mask; all of it, where nothing is.
func bounds(mask []float32, height, width int) (x0, y0, x1, y1 float64) {
	left, top, right, bottom := width, height, 0, 0
	for i, v := range mask {
		if v > 0 {
			x, y := i%width, i/width
			left, right, top, bottom = min(left, x), max(right, x+1), min(top, y), max(bottom, y+1)
		}
	}
	if left >= right {
		return 0, 0, float64(width), float64(height)
	}
	return float64(left), float64(top), float64(right), float64(bottom)
}

// from is the place in the picture that is seen at the middle of pixel x, y of the variant.
func (m move) from(x, y, height, width int) (u, v float64) {
	u, v = (float64(x)+0.5)/float64(width), (float64(y)+0.5)/float64(height)
	if m.mirror {
		u = 1 - u
	}
	if m.upend {
		v = 1 - v
	}
	dx, dy := m.left+u*m.width-m.middleX, m.top+v*m.height-m.middleY
	return m.middleX + m.cos*dx - m.sin*dy, m.middleY + m.sin*dx + m.cos*dy
}

// picture is the variant of channels of height·width numbers; beyond its edges a picture goes on as it ends.
func (m move) picture(planes []float32, height, width int) []float32 {
	out, n := make([]float32, len(planes)), height*width
	for i := range n {
		u, v := m.from(i%width, i/width, height, width)
		for c := 0; c < len(planes); c += n {
			out[c+i] = bilinear(planes[c:c+n], u-0.5, v-0.5, height, width)
		}
	}
	return out
}

// mask is the variant of a mask, which is empty beyond the picture's edges.
func (m move) mask(mask []float32, height, width int) []float32 {
	out := m.picture(mask, height, width)
	for i := range out {
		if u, v := m.from(i%width, i/width, height, width); u < 0 || v < 0 || u > float64(width) || v > float64(height) {
			out[i] = 0
		}
	}
	return out
}

// bilinear is a plane at a place between its numbers.
func bilinear(plane []float32, x, y float64, height, width int) float32 {
	x, y = min(max(x, 0), float64(width-1)), min(max(y, 0), float64(height-1))
	left, top := int(x), int(y)
	right, bottom := min(left+1, width-1), min(top+1, height-1)
	a, b := float32(x-float64(left)), float32(y-float64(top))
	above := plane[top*width+left]*(1-a) + plane[top*width+right]*a
	below := plane[bottom*width+left]*(1-a) + plane[bottom*width+right]*a
	return above*(1-b) + below*b
}
