package detect

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
)

// TestLogisticIsTheMinimum: no step from the weights that were found makes the loss less, computed anew and in other
// units; the number of threads changes nothing.
func TestLogisticIsTheMinimum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n, width, l2 = 1000, 6, 0.03
	e := examples{width: width}
	for i := range n {
		defective := i%7 == 0
		for c := range width {
			v := random.NormFloat64()*math.Pow(10, float64(c-2)) + 3
			if defective {
				v += float64(c%3) * math.Pow(10, float64(c-2))
			}
			if c == 5 {
				v = 0.25 // tells nothing
			}
			e.vectors = append(e.vectors, float32(v))
		}
		e.defective, e.weight = append(e.defective, defective), append(e.weight, 0.5+random.Float64())
	}
	found, err := fitLogistic(t.Context(), e, l2)
	if err != nil {
		t.Fatal(err)
	}
	_, deviation := e.moments()
	loss := func(l logistic) float64 {
		var sums, weights [2]float64
		for i, odds := range (&l).odds(e.vectors) {
			k := class(e.defective[i])
			if e.defective[i] {
				odds = -odds
			}
			sums[k] += e.weight[i] * math.Log1p(math.Exp(float64(odds)))
			weights[k] += e.weight[i]
		}
		size := 0.0
		for c, w := range l.weights {
			size += math.Pow(float64(w)*deviation[c], 2)
		}
		return sums[0]/weights[0]/2 + sums[1]/weights[1]/2 + l2/2*size
	}
	best := loss(*found)
	for c := range width + 1 {
		for _, by := range []float64{-0.05, 0.05} {
			other := logistic{slices.Clone(found.weights), found.bias}
			if c == width {
				other.bias += float32(by)
			} else {
				other.weights[c] += float32(by / deviation[c])
			}
			if l := loss(other); !(l > best+1e-6) {
				t.Errorf("place %d moved by %g: the loss is %g, and %g where it is said to be least", c, by, l, best)
			}
		}
	}
	defer kernels.SetThreads(kernels.Threads())
	kernels.SetThreads(1)
	again, err := fitLogistic(t.Context(), e, l2)
	if err != nil {
		t.Fatal(err)
	}
	for c, w := range found.weights {
		if again.weights[c] != w {
			t.Errorf("weight %d is %g, on one thread %g", c, w, again.weights[c])
		}
	}
}
