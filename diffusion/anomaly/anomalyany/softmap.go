package anomalyany

import (
	"slices"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// softMap gathers the annotation: the mean of A^j / max A^j over steps.
type softMap struct {
	h, w  int
	sum   []float64
	steps int
}

func newSoftMap(h, w int) softMap { return softMap{h: h, w: w, sum: make([]float64, h*w)} }

func (m *softMap) add(a []float32) {
	m.steps++
	m.sum = slices.Clone(m.sum) // copies of m stay as they are
	if top := largest(a); top > 0 {
		for i, v := range a {
			m.sum[i] += float64(v / top)
		}
	}
}

func (m *softMap) resized(height, width int) ([]float32, error) {
	mean := make([]float32, len(m.sum))
	for i, v := range m.sum {
		mean[i] = float32(v / float64(m.steps))
	}
	return images.ResizeBilinear(mean, m.h, m.w, height, width)
}
