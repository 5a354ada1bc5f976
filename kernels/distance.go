package kernels

import "github.com/sdgraph/sdgraph/kernels/internal/vec"

// distanceBlock is how many differences are summed in float32, before float64 takes over.
const distanceBlock = 1024

// SquaredDistance returns ‖a-b‖², the squared Euclidean distance of two vectors of one length, which may have
// millions of numbers. Differences are rounded to float32. It does not depend on the number of threads.
func SquaredDistance(a, b []float32) float64 {
	wantLen("SquaredDistance", "b", b, len(a))
	sums := make([]float64, (len(a)+distanceBlock-1)/distanceBlock)
	Range(len(sums), rowGrain(distanceBlock), func(lo, hi int) {
		var buffer [distanceBlock]float32
		for i := lo; i < hi; i++ {
			from, to := i*distanceBlock, min((i+1)*distanceBlock, len(a))
			d := buffer[:to-from]
			copy(d, a[from:to])
			vec.AddScaled(d, b[from:to], -1)
			sums[i] = float64(vec.Dot(d, d))
		}
	})
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total
}
