package main

import (
	"math"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// maps is what was seen of the words: for each, a map of every step, the mean of
// the sites, and one of every site, the mean of the steps. Passes are added up as
// they come, so that memory does not grow with steps times sites.
type maps struct {
	words []word
	h, w  int // of the maps of steps

	times   []float64     // of the steps
	bySteps [][][]float32 // [word][step], h·w

	sites   []string      // paths
	sizes   [][2]int      // of the maps of sites
	bySites [][][]float32 // [word][site], sums over the steps
}

func newMaps(words []word, h, w int) *maps {
	return &maps{words: words, h: h, w: w, bySteps: make([][][]float32, len(words)), bySites: make([][][]float32, len(words))}
}

// add takes what one pass read: the mean of the sites and each site, [B,
// positions, words], of whose batch the last entry is the prompt's.
func (m *maps) add(t float64, read []*gt.Dense) {
	m.times = append(m.times, t)
	for k := range m.words {
		m.bySteps[k] = append(m.bySteps[k], column(read[0], k))
		for i, site := range read[1:] {
			if len(m.bySites[k]) <= i {
				m.bySites[k] = append(m.bySites[k], make([]float32, site.Shape()[1]))
			}
			for at, v := range column(site, k) {
				m.bySites[k][i][at] += v
			}
		}
	}
}

// column is x[last, :, k].
func column(x *gt.Dense, k int) []float32 {
	positions, words := x.Shape()[1], x.Shape()[2]
	all := tensor.Float32s(x)
	last, out := all[len(all)-positions*words:], make([]float32, positions)
	for i := range out {
		out[i] = last[i*words+k]
	}
	return out
}

// total is a word's mean over steps and sites, h·w.
func (m *maps) total(k int) []float32 { return mean(m.bySteps[k]) }

func mean(all [][]float32) []float32 {
	out := make([]float32, len(all[0]))
	for _, one := range all {
		for i, v := range one {
			out[i] += v / float32(len(all))
		}
	}
	return out
}

// site is a word's mean over the steps at one site.
func (m *maps) site(k, i int) []float32 {
	out := make([]float32, len(m.bySites[k][i]))
	for at, v := range m.bySites[k][i] {
		out[at] = v / float32(len(m.times))
	}
	return out
}

// stretched is a map with its smallest value at 0 and its largest at 1, and
// these values. A map that is the same everywhere is 0.
func stretched(v []float32) (out []float32, lo, hi float32) {
	lo, hi = float32(math.Inf(1)), float32(math.Inf(-1))
	for _, x := range v {
		lo, hi = min(lo, x), max(hi, x)
	}
	out = make([]float32, len(v))
	if hi > lo {
		for i, x := range v {
			out[i] = (x - lo) / (hi - lo)
		}
	}
	return out, lo, hi
}
