package generate

import (
	"github.com/sdgraph/sdgraph/diffusion"
)

// reach is by how many cells of a latent whose shorter side has so many the mask is wider at timestep t: it shrinks to
// itself on the way from noise to picture. dilate is for t of nearly 1000 and a side of 32 cells, which is what
// AnomalyDiffusion's model has.
func reach(dilate float64, t float64, side int) int {
	return int(dilate * float64(side) / 32 * (t + 100) / 1000)
}

// widened is a mask [h, w] that reaches so many cells farther, in squares.
func widened(mask []float32, h, w, by int) []float32 {
	if by < 1 {
		return mask
	}
	rows := make([]float32, len(mask)) // the largest along each row, then along each column
	for i := range mask {
		y, x := i/w, i%w
		for from := max(0, x-by); from <= min(w-1, x+by); from++ {
			rows[i] = max(rows[i], mask[y*w+from])
		}
	}
	out := make([]float32, len(mask))
	for i := range rows {
		y, x := i/w, i%w
		for from := max(0, y-by); from <= min(h-1, y+by); from++ {
			out[i] = max(out[i], rows[from*w+x])
		}
	}
	return out
}

// adaptiveWeights are how much attention each cell of a latent pays to the learned words: the more, the less the cell
// differs from the normal picture's latent yet, from low to high, and low outside the mask. The cells' mean is 1 inside the
// mask, before they are cut to that span. Where no cell of the mask differs, all weigh 1.
func adaptiveWeights(z, normal diffusion.Latent, mask []float32, low, high float64) []float32 {
	inverse := make([]float64, len(mask))
	size, sum := 0.0, 0.0
	a, b := z.Floats(), normal.Floats()
	channels := len(a) / len(mask)
	for i, m := range mask {
		difference := 0.0
		for c := range channels {
			d := float64(m) * float64(a[c*len(mask)+i]-b[c*len(mask)+i])
			difference += d * d
		}
		inverse[i] = -float64(m) // as the code has it, whose cell without a difference weighs least
		if difference > 0 {
			inverse[i] = float64(m) / (difference / float64(channels))
		}
		size += float64(m)
		sum += inverse[i]
	}
	out := make([]float32, len(mask))
	for i, v := range inverse {
		out[i] = 1
		if sum != 0 {
			out[i] = float32(min(high, max(low, size*v/sum)))
		}
	}
	return out
}
