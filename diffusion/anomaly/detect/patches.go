package detect

import (
	"slices"

	"github.com/sdgraph/sdgraph/kernels"
)

// features are the numbers of a layer, or vectors of patches, [n, h, w, c].
type features struct {
	n, h, w, c int
	values     []float32
}

func newFeatures(n, h, w, c int) features { return features{n, h, w, c, make([]float32, n*h*w*c)} }

// patches is how many vectors there are.
func (f features) patches() int { return f.n * f.h * f.w }

// at is the vector at row y and column x of picture i.
func (f features) at(i, y, x int) []float32 { return f.values[((i*f.h+y)*f.w+x)*f.c:][:f.c] }

// eachRow calls do for every row of every picture, on all threads.
func (f features) eachRow(do func(i, y int)) {
	kernels.Range(f.n*f.h, 1+1<<14/(f.w*f.c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			do(r/f.h, r%f.h)
		}
	})
}

// resized is f at another size, between half-pixel centres (torch's mode "bilinear").
func (f features) resized(h, w int) features {
	if f.h == h && f.w == w {
		return f
	}
	out := newFeatures(f.n, h, w, f.c)
	kernels.Resample(out.values, f.values, f.n, f.h, f.w, f.c, kernels.BilinearTaps(f.h, h), kernels.BilinearTaps(f.w, w))
	return out
}

// averaged is the mean over 3×3 patches, of which those beyond the border are 0 and count.
func (f features) averaged() features {
	out := newFeatures(f.n, f.h, f.w, f.c)
	out.eachRow(func(i, y int) {
		for x := range f.w {
			to := out.at(i, y, x)
			f.around(y, x, func(_, y, x int) {
				for c, v := range f.at(i, y, x) {
					to[c] += v
				}
			})
			for c := range to {
				to[c] /= 9
			}
		}
	})
	return out
}

// around calls do for those of a place's 3×3 neighbours that exist, k being their number from 0 to 8.
func (f features) around(y, x int, do func(k, y, x int)) {
	for k := range 9 {
		if y, x := y+k/3-1, x+k%3-1; y >= 0 && y < f.h && x >= 0 && x < f.w {
			do(k, y, x)
		}
	}
}

// joined has the vectors of all, which have one size, behind each other.
func joined(all ...features) features {
	width := 0
	for _, f := range all {
		width += f.c
	}
	out := newFeatures(all[0].n, all[0].h, all[0].w, width)
	out.eachRow(func(i, y int) {
		for x := range out.w {
			to := out.at(i, y, x)
			for _, f := range all {
				to = to[copy(to, f.at(i, y, x)):]
			}
		}
	})
	return out
}

// locallyAware are the vectors of PatchCore's patches in anomalib: means over 3×3 of each layer, at the first one's size.
func locallyAware(layers []features) features {
	all := make([]features, len(layers))
	for i, f := range layers {
		all[i] = f.averaged().resized(layers[0].h, layers[0].w)
	}
	return joined(all...)
}

// preprocessed are the vectors of PatchCore's patches in the authors' code: of each layer 3×3 vectors as one, channel by
// channel, pooled to `each` numbers and brought to the first one's size; all of a patch are then pooled to `together`.
func preprocessed(layers []features, each, together int) features {
	all := make([]features, len(layers))
	for i, f := range layers {
		all[i] = f.neighbourhoods(each).resized(layers[0].h, layers[0].w)
	}
	f := joined(all...)
	out := newFeatures(f.n, f.h, f.w, together)
	out.eachRow(func(i, y int) {
		for x := range f.w {
			pool(out.at(i, y, x), f.at(i, y, x))
		}
	})
	return out
}

// neighbourhoods are the 3×3 vectors around each patch, 0 beyond the border, pooled to width numbers.
func (f features) neighbourhoods(width int) features {
	out := newFeatures(f.n, f.h, f.w, width)
	out.eachRow(func(i, y int) {
		window := make([]float32, 9*f.c)
		for x := range f.w {
			clear(window)
			f.around(y, x, func(k, y, x int) {
				for c, v := range f.at(i, y, x) {
					window[9*c+k] = v
				}
			})
			pool(out.at(i, y, x), window)
		}
	})
	return out
}

// pool averages x in as many bins as out has, which overlap where it must be (torch's adaptive_avg_pool1d).
func pool(out, x []float32) {
	for i := range out {
		lo, hi := i*len(x)/len(out), ((i+1)*len(x)+len(out)-1)/len(out)
		sum := float32(0)
		for _, v := range x[lo:hi] {
			sum += v
		}
		out[i] = sum / float32(hi-lo)
	}
}

// chosen are the vectors of PaDiM's patches: those of all layers, brought to the first one's size by repetition (torch's
// mode "nearest"), of which the given channels are taken, in their order.
func chosen(layers []features, channels []int) features {
	first := layers[0]
	out := newFeatures(first.n, first.h, first.w, len(channels))
	rows, columns := make([][]int, len(layers)), make([][]int, len(layers))
	for i, f := range layers {
		rows[i], columns[i] = nearest(f.h, first.h), nearest(f.w, first.w)
	}
	type place struct{ layer, channel int }
	places := make([]place, len(channels))
	for i, c := range channels {
		layer := 0
		for c >= layers[layer].c {
			c -= layers[layer].c
			layer++
		}
		places[i] = place{layer, c}
	}
	out.eachRow(func(i, y int) {
		vectors := make([][]float32, len(layers))
		for x := range out.w {
			for l, f := range layers {
				vectors[l] = f.at(i, rows[l][y], columns[l][x])
			}
			to := out.at(i, y, x)
			for j, p := range places {
				to[j] = vectors[p.layer][p.channel]
			}
		}
	})
	return out
}

// nearest is torch's choice of an input for each output: the position of its corner in float32, rounded down.
func nearest(in, out int) []int {
	scale := float32(in) / float32(out)
	at := make([]int, out)
	for i := range at {
		at[i] = min(int(float32(i)*scale), in-1)
	}
	return at
}

// appended has the pictures of f and g, one after the other.
func appended(f, g features) features {
	if f.n == 0 {
		g.values = slices.Clone(g.values)
		return g
	}
	return features{f.n + g.n, f.h, f.w, f.c, append(f.values, g.values...)}
}
