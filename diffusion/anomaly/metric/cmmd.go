package metric

import (
	"errors"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// CMMD returns how far two sets of pictures are apart in CLIP's eyes (Jayasumana et al., "Rethinking FID", CVPR 2024): of
// embeddings, which are divided by their norms, 1000 times the squared maximum mean discrepancy with a Gaussian kernel of
// deviation 10. A picture is paired with itself, too, so that it is never below 0. The published one is of ViT-L/14 at 336
// pixels; those of other networks are other numbers, and should say of which.
func CMMD(x, y [][]float32) (float64, error) {
	a, err1 := normalised("the first set", x)
	b, err2 := normalised("the second set", y)
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	if len(a[0]) != len(b[0]) {
		return 0, fmt.Errorf("embeddings of %d numbers in the first set, and of %d in the second", len(a[0]), len(b[0]))
	}
	return 1000 * (meanKernel(a, a) + meanKernel(b, b) - 2*meanKernel(a, b)), nil
}

// normalised are embeddings divided by their norms.
func normalised(name string, x [][]float32) ([][]float64, error) {
	if len(x) == 0 {
		return nil, fmt.Errorf("%s has no pictures", name)
	}
	if err := checkFeatures(name, x); err != nil {
		return nil, err
	}
	out := make([][]float64, len(x))
	for i, v := range x {
		norm := 0.0
		for _, f := range v {
			norm += float64(f) * float64(f)
		}
		if norm == 0 {
			return nil, fmt.Errorf("the embedding of picture %d of %s is 0", i, name)
		}
		out[i] = make([]float64, len(v))
		for c, f := range v {
			out[i][c] = float64(f) / math.Sqrt(norm)
		}
	}
	return out, nil
}

// meanKernel is the mean of exp(-‖x-y‖²/200) over all pairs.
func meanKernel(x, y [][]float64) float64 {
	sums := make([]float64, len(x))
	kernels.Parallel(len(x), func(i int) {
		for _, v := range y {
			d := 0.0
			for c, f := range x[i] {
				d += (f - v[c]) * (f - v[c])
			}
			sums[i] += math.Exp(-d / 200)
		}
	})
	sum := 0.0
	for _, s := range sums {
		sum += s
	}
	return sum / float64(len(x)) / float64(len(y))
}
