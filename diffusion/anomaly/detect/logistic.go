package detect

import (
	"context"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// logistic is a logistic regression: the log-odds of a vector of being defective are bias + weights·x.
type logistic struct {
	weights []float32
	bias    float32
}

// examples are vectors, [n, width], of which each is defective (1), normal (0), or something in between that counts
// less: weight says how much. Both classes together count the same.
type examples struct {
	width     int
	vectors   []float32
	defective []bool
	weight    []float64
}

// fitLogistic minimises the mean loss of both classes, each -log of what the regression gives the right one, plus
// l2/2·‖w‖² of vectors with mean 0 and deviation 1 in every place. It is deterministic: L-BFGS from 0, and sums in a
// fixed order.
func fitLogistic(ctx context.Context, e examples, l2 float64) (*logistic, error) {
	mean, deviation := e.moments()
	standard := make([]float32, len(e.vectors))
	kernels.Range(len(e.weight), 1+1<<14/e.width, func(lo, hi int) {
		for i := lo * e.width; i < hi*e.width; i++ {
			c := i % e.width
			standard[i] = float32((float64(e.vectors[i]) - mean[c]) / deviation[c])
		}
	})
	e.vectors = standard
	o := &objective{examples: e, l2: l2, balance: e.balance()}
	at, err := minimise(ctx, e.width+1, 1e-6, o.evaluate)
	if err != nil {
		return nil, fmt.Errorf("detect: a regression on %d patches: %w", len(e.weight), err)
	}
	out, bias := &logistic{weights: make([]float32, e.width)}, at[e.width]
	for c := range out.weights {
		w := at[c] / deviation[c]
		out.weights[c] = float32(w)
		bias -= w * mean[c]
	}
	out.bias = float32(bias)
	return out, nil
}

// moments are the mean and the deviation of each place, 1 where all vectors have the same number.
func (e examples) moments() (mean, deviation []float64) {
	mean, deviation = make([]float64, e.width), make([]float64, e.width)
	n := float64(len(e.weight))
	for i, v := range e.vectors {
		mean[i%e.width] += float64(v) / n
	}
	for i, v := range e.vectors {
		d := float64(v) - mean[i%e.width]
		deviation[i%e.width] += d * d / n
	}
	for c, v := range deviation {
		if deviation[c] = math.Sqrt(v); deviation[c] <= 1e-6*math.Abs(mean[c]) || deviation[c] == 0 {
			deviation[c] = 1
		}
	}
	return mean, deviation
}

// balance is what a weight of each class is multiplied with for both to count a half.
func (e examples) balance() (each [2]float64) {
	for i, w := range e.weight {
		each[class(e.defective[i])] += w
	}
	return [2]float64{0.5 / each[0], 0.5 / each[1]}
}

func class(defective bool) int {
	if defective {
		return 1
	}
	return 0
}

// objective is what fitLogistic minimises.
type objective struct {
	examples
	l2      float64
	balance [2]float64
}

// sumOf is how many examples are summed on their own, so that sums do not depend on the number of threads.
const sumOf = 256

// evaluate returns the objective and its gradient at a place: weights, and the bias behind them.
func (o *objective) evaluate(at []float64) (loss float64, gradient []float64) {
	n := len(o.weight)
	losses, gradients := make([]float64, (n+sumOf-1)/sumOf), make([][]float64, (n+sumOf-1)/sumOf)
	kernels.Parallel(len(losses), func(p int) {
		losses[p], gradients[p] = o.part(at, p*sumOf, min((p+1)*sumOf, n))
	})
	gradient = make([]float64, len(at))
	for p, l := range losses {
		loss += l
		add(gradient, gradients[p], 1)
	}
	weights := at[:o.width]
	add(gradient, weights, o.l2)
	return loss + o.l2/2*dot(weights, weights), gradient
}

// part is the share of examples lo to hi-1.
func (o *objective) part(at []float64, lo, hi int) (loss float64, gradient []float64) {
	gradient = make([]float64, len(at))
	for i := lo; i < hi; i++ {
		x := o.vectors[i*o.width:][:o.width]
		odds, side := dot32(at[:o.width], x)+at[o.width], -1.0
		if o.defective[i] {
			side = 1
		}
		weight := o.weight[i] * o.balance[class(o.defective[i])]
		loss += weight * softplus(-side*odds)
		slope := -side * weight / (1 + math.Exp(side*odds))
		for c, v := range x {
			gradient[c] += slope * float64(v)
		}
		gradient[o.width] += slope
	}
	return loss, gradient
}

// softplus is log(1 + eˣ).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// odds are the log-odds of vectors, [n, width].
func (l *logistic) odds(vectors []float32) []float32 {
	width, weights := len(l.weights), make([]float64, len(l.weights))
	for c, w := range l.weights {
		weights[c] = float64(w)
	}
	out := make([]float32, len(vectors)/width)
	kernels.Range(len(out), 1+1<<14/width, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			out[i] = float32(float64(l.bias) + dot32(weights, vectors[i*width:]))
		}
	})
	return out
}
