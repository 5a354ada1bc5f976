package nn

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/x448/float16"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

// Randomize gives every weight of a model (see Params) random numbers of the
// given dtype (gt.Float32, tensor.Float16 or tensor.BFloat16), so that a model
// can be measured and tested without a checkpoint. Matrices and convolutions
// are normal with variance 1/fan-in, which keeps activations of size one
// through a network of any depth; scales of norms and variances are near 1, biases
// and the rest near 0.
//
// The numbers depend on the seed, the weight's name and the dtype, and on nothing
// else. They are good enough to compute with, not to sample from: all numbers of a
// weight are among 4096 values.
func Randomize(model any, seed uint64, dtype gt.Dtype) error {
	params, err := Params(model)
	if err != nil {
		return fmt.Errorf("random weights: %w", err)
	}
	for _, p := range params {
		if slices.ContainsFunc(p.shape, func(dim int) bool { return dim < 0 }) {
			return fmt.Errorf("random weights: %s has the shape %v, want no negative dimension", p.Name, p.shape)
		}
		var draw func() *gt.Dense
		switch dtype {
		case gt.Float32:
			draw = func() *gt.Dense { return random(p, seed, func(f float32) float32 { return f }) }
		case tensor.Float16:
			draw = func() *gt.Dense { return random(p, seed, float16.Fromfloat32) }
		case tensor.BFloat16:
			draw = func() *gt.Dense { return random(p, seed, tensor.ToBF16) }
		default:
			return fmt.Errorf("random weights: dtype %v; want float32, Float16 or BF16", dtype)
		}
		if p.reordered() {
			p.bindTo(p.Name, draw) // kept in the order of Weight.Conv alone, as that of a mapped file is
		} else {
			p.bindTo(p.Name, draw)
			p.value, p.forget = remembered(draw)
		}
	}
	return nil
}

// remembered is what draw draws, drawn when it is asked for, and again when it was forgotten.
func remembered(draw func() *gt.Dense) (value func() *gt.Dense, forget func()) {
	var mu sync.Mutex
	var drawn *gt.Dense
	value = func() *gt.Dense {
		mu.Lock()
		defer mu.Unlock()
		if drawn == nil {
			drawn = draw()
		}
		return drawn
	}
	return value, func() {
		mu.Lock()
		defer mu.Unlock()
		drawn = nil
	}
}

const (
	indexBits = 12 // of randomness in a number: it is one of 4096 quantiles
	perWord   = 64 / indexBits
)

// random draws a weight's numbers from a table of its distribution's quantiles,
// rounded beforehand. Word k of the random bits is a hash of k, so that any
// goroutine can begin anywhere.
func random[T any](p Param, seed uint64, round func(float32) T) *gt.Dense {
	var table [1 << indexBits]T
	mean, std := distribution(p.Name, p.shape)
	for i, q := range normalQuantiles() {
		table[i] = round(float32(mean + std*q))
	}
	key := fnv.New64a()
	key.Write([]byte(p.Name))
	seed = hash64(seed ^ key.Sum64())

	v := make([]T, p.shape.TotalSize())
	words := (len(v) + perWord - 1) / perWord
	kernels.Range(words, 1<<14, func(lo, hi int) {
		const mask = 1<<indexBits - 1
		rest := v[lo*perWord : min(hi*perWord, len(v))]
		k := seed + uint64(lo)
		for ; len(rest) >= perWord; rest = rest[perWord:] { // written out: a model has 860 million numbers
			bits := hash64(k)
			rest[0] = table[bits&mask]
			rest[1] = table[bits>>indexBits&mask]
			rest[2] = table[bits>>(2*indexBits)&mask]
			rest[3] = table[bits>>(3*indexBits)&mask]
			rest[4] = table[bits>>(4*indexBits)&mask]
			k++
		}
		for bits := hash64(k); len(rest) > 0; rest = rest[1:] {
			rest[0] = table[bits&mask]
			bits >>= indexBits
		}
	})
	return gt.New(gt.WithShape(p.shape...), gt.WithBacking(v))
}

// distribution returns what a weight's numbers are like, from its name and shape.
func distribution(name string, shape gt.Shape) (mean, std float64) {
	switch {
	case len(shape) >= 2:
		fanIn := shape[1:].TotalSize()
		return 0, 1 / math.Sqrt(float64(fanIn))
	case name == "weight" || strings.HasSuffix(name, ".weight") || isVariance(name):
		return 1, 0.05 // the scale of a norm, or what a batch norm divides by
	}
	return 0, 0.02
}

// normalQuantiles returns 4096 numbers of equal probability under the standard
// normal distribution, scaled so that their own variance is 1 too.
var normalQuantiles = sync.OnceValue(func() []float64 {
	q := make([]float64, 1<<indexBits)
	sum := 0.0
	for i := range q {
		q[i] = math.Sqrt2 * math.Erfinv((2*float64(i)+1)/float64(len(q))-1)
		sum += q[i] * q[i]
	}
	std := math.Sqrt(sum / float64(len(q)))
	for i := range q {
		q[i] /= std
	}
	return q
})

// hash64 is the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable
// pseudorandom number generators", 2014), a step of its sequence for every x.
func hash64(x uint64) uint64 {
	x *= 0x9e3779b97f4a7c15 // 2^64 over the golden ratio
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
