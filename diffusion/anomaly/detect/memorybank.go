package detect

import (
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/kernels"
)

// memoryBank is vectors of normal patches, [rows, width].
type memoryBank struct {
	rows, width int
	values      []float32
	squares     []float32 // of the vectors' lengths
}

func newMemoryBank(values []float32, width int) *memoryBank {
	m := &memoryBank{rows: len(values) / width, width: width, values: values}
	m.squares = squares(values, width)
	return m
}

func (m *memoryBank) row(i int) []float32 { return m.values[i*m.width:][:m.width] }

// squares are the squared lengths of vectors.
func squares(values []float32, width int) []float32 {
	out := make([]float32, len(values)/width)
	for i := range out {
		sum := 0.0
		for _, v := range values[i*width:][:width] {
			sum += float64(v) * float64(v)
		}
		out[i] = float32(sum)
	}
	return out
}

// atOnce is how many rows of the bank are compared at once.
const atOnce = 1024

// nearest returns for each vector of x, [n, width], the squared distance to the nearest of the bank, and its row: the
// first of several. Which one is nearest is told from products; its distance is then that of the differences, which is
// right for near ones, too.
func (m *memoryBank) nearest(x []float32) (distance []float64, row []int) {
	n := len(x) / m.width
	distance, row = make([]float64, n), make([]int, n)
	best, products := make([]float32, n), make([]float32, n*min(atOnce, m.rows))
	for lo := 0; lo < m.rows; lo += atOnce {
		rows := min(atOnce, m.rows-lo)
		part := kernels.Float32s(m.values[lo*m.width:][:rows*m.width])
		kernels.Float32.Linear(products[:n*rows], x, part, nil, nil, n, rows, m.width)
		kernels.Range(n, 16, func(from, to int) {
			for i := from; i < to; i++ {
				for j, p := range products[i*rows:][:rows] {
					if d := m.squares[lo+j] - 2*p; lo+j == 0 || d < best[i] {
						best[i], row[i] = d, lo+j
					}
				}
			}
		})
	}
	for i := range distance {
		distance[i] = squaredDistance(x[i*m.width:][:m.width], m.row(row[i]))
	}
	return distance, row
}

// neighbours returns the k rows of the bank that are nearest to a vector, the nearest first; of equal ones the first.
func (m *memoryBank) neighbours(x []float32, k int) []int {
	distance := make([]float64, m.rows)
	kernels.Range(m.rows, 1+1<<14/m.width, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			distance[r] = squaredDistance(x, m.row(r))
		}
	})
	var at []int
	for r, d := range distance {
		if len(at) == k && d >= distance[at[k-1]] {
			continue
		}
		i := len(at)
		for i > 0 && d < distance[at[i-1]] {
			i--
		}
		at = slices.Insert(at, i, r)
		at = at[:min(k, len(at))]
	}
	return at
}

// squaredDistance is that of two vectors, summed in float64.
func squaredDistance(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return sum
}

// reweighted is a picture's score in anomalib's PatchCore, after the paper's equation 7: the largest distance s of its
// patches, times 1 - softmax(d)₀, where d are the patch's distances to the k neighbours of its nearest vector, that one
// first.
func (m *memoryBank) reweighted(s float64, patch []float32, row, k int) float64 {
	around := m.neighbours(m.row(row), k)
	d := make([]float64, len(around))
	largest := 0.0
	for i, r := range around {
		d[i] = math.Sqrt(squaredDistance(patch, m.row(r)))
		largest = max(largest, d[i])
	}
	sum := 0.0
	for _, v := range d {
		sum += math.Exp(v - largest)
	}
	return s * (1 - math.Exp(d[0]-largest)/sum)
}
