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
	packed      *kernels.Bank // the same, for products
}

func newMemoryBank(values []float32, width int) *memoryBank {
	rows := len(values) / width
	return &memoryBank{rows, width, values, kernels.NewBank(values, rows, width)}
}

func (m *memoryBank) row(i int) []float32 { return m.values[i*m.width:][:m.width] }

// nearest returns for each vector of x, [n, width], the squared distance to the nearest of the bank, and its row: the
// first of several. Which one is nearest is told from products; its distance is then that of the differences, which is
// right for near ones, too.
func (m *memoryBank) nearest(x []float32) (distance []float64, row []int) {
	n := len(x) / m.width
	distance, row = make([]float64, n), make([]int, n)
	m.packed.Nearest(make([]float32, n), row, x, n)
	kernels.Range(n, 1+1<<14/m.width, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			distance[i] = squaredDistance(x[i*m.width:][:m.width], m.row(row[i]))
		}
	})
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

// rarity is what anomalib's PatchCore multiplies a picture's largest distance with, after the paper's equation 7:
// 1 - softmax(d)₀, where d are the patch's distances to the k neighbours of its nearest vector, that one first.
func (m *memoryBank) rarity(patch []float32, row, k int) float64 {
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
	return 1 - math.Exp(d[0]-largest)/sum
}
