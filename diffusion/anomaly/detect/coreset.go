package detect

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/sdgraph/sdgraph/kernels"
)

// A coreset is the vectors of a bank that stand for all: the greedy solution of the k-centre problem, each the farthest
// from those chosen before, in a random projection to fewer dimensions.

// officialStarts is how many vectors the authors' approximate selection begins with.
const officialStarts = 10

// coreset returns the rows of count vectors of [n, width], in the order in which they were chosen.
func coreset(ctx context.Context, r Reading, vectors []float32, width, count int, seed uint64) ([]int, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	n := len(vectors) / width
	if r == Anomalib {
		to := johnsonLindenstrauss(n)
		vectors, width = projected(vectors, width, to, sparse(random, width, to)), to
		return greedy(ctx, vectors, width, random.IntN(n), count)
	}
	const to = 128
	if width > to {
		vectors, width = projected(vectors, width, to, uniform(random, width, to)), to
	}
	return approximateGreedy(ctx, vectors, width, random.Perm(n)[:min(n, officialStarts)], count)
}

// greedy chooses from one start, which is the first that is chosen; of equally far vectors the first.
func greedy(ctx context.Context, vectors []float32, width, start, count int) ([]int, error) {
	far := make([]float64, len(vectors)/width)
	for i := range far {
		far[i] = math.Inf(1)
	}
	return choose(ctx, vectors, width, far, start, count)
}

// approximateGreedy chooses as the authors' ApproximateGreedyCoresetSampler: vectors are at first as far as they are
// from the starts in the mean, and the starts are not chosen.
func approximateGreedy(ctx context.Context, vectors []float32, width int, starts []int, count int) ([]int, error) {
	far := make([]float64, len(vectors)/width)
	eachVector(far, width, func(i int) {
		for _, s := range starts {
			far[i] += math.Sqrt(squaredDistance(vectors[i*width:][:width], vectors[s*width:][:width]))
		}
		far[i] /= float64(len(starts))
		far[i] *= far[i]
	})
	return choose(ctx, vectors, width, far, farthest(far), count)
}

// choose takes next, and then each time the vector that is farthest, by squares of distances.
func choose(ctx context.Context, vectors []float32, width int, far []float64, next, count int) ([]int, error) {
	rows := make([]int, 0, count)
	for range count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows = append(rows, next)
		taken := vectors[next*width:][:width]
		eachVector(far, width, func(i int) {
			far[i] = min(far[i], squaredDistance(vectors[i*width:][:width], taken))
		})
		next = farthest(far)
	}
	return rows, nil
}

// eachVector calls do for each, on all threads.
func eachVector(far []float64, width int, do func(i int)) {
	kernels.Range(len(far), 1+1<<14/width, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			do(i)
		}
	})
}

// farthest is the first of the largest.
func farthest(far []float64) int {
	at := 0
	for i, d := range far {
		if d > far[at] {
			at = i
		}
	}
	return at
}

// projected are vectors [n, width] in `to` dimensions, by a matrix [to, width].
func projected(vectors []float32, width, to int, matrix []float32) []float32 {
	n := len(vectors) / width
	out := make([]float32, n*to)
	kernels.Float32.Linear(out, vectors, kernels.Float32s(matrix), nil, nil, n, to, width)
	return out
}

// uniform is the projection of the authors' code: torch.nn.Linear's initial weights.
func uniform(random *rand.Rand, width, to int) []float32 {
	bound := 1 / math.Sqrt(float64(width))
	m := make([]float32, to*width)
	for i := range m {
		m[i] = float32(bound * (2*random.Float64() - 1))
	}
	return m
}

// sparse is anomalib's projection (Li, Hastie, Church, KDD 2006): of each row a share 1/√width is ±1, but for a factor.
func sparse(random *rand.Rand, width, to int) []float32 {
	density := 1 / math.Sqrt(float64(width))
	scale := float32(1 / math.Sqrt(density*float64(to)))
	m := make([]float32, to*width)
	for i := range m {
		if u := random.Float64(); u < density/2 {
			m[i] = scale
		} else if u < density {
			m[i] = -scale
		}
	}
	return m
}

// johnsonLindenstrauss is how many dimensions keep the distances of n vectors to a factor of 1 ± 0.9, as anomalib asks
// of scikit-learn's johnson_lindenstrauss_min_dim.
func johnsonLindenstrauss(n int) int {
	const eps = 0.9
	return max(1, int(4*math.Log(float64(n))/(eps*eps/2-eps*eps*eps/3)))
}
