package winograd

import "github.com/sdgraph/sdgraph/kernels/internal/gemm"

// byTiles takes all weights to frequencies first, and then, a few tiles at a
// time, multiplies tiles that stay in the second-level cache by weights that
// pass by: there are many tiles and few channels.
func (w work) byTiles(most int) {
	in, cols, frequencies := w.elements(w.Weights.In()), w.gemm.Cols, w.transforms.frequencies()
	panels := w.Weights.Out() / cols
	plane := in*cols + pad // distance of frequencies in u
	u := gemm.NewBuffer(panels * frequencies * plane)
	defer u.Free()
	w.allWeights(u.Numbers, plane)

	blocks := gemm.SplitEvenly(w.count(), most, w.gemm.Rows)
	w.parallel(blocks.Count, func(job int) {
		s := workspaces.Get().(*workspace)
		defer workspaces.Put(s)
		lo, hi := blocks.At(job)
		v, distance := w.transformTiles(s, lo, hi)
		for panel := range panels {
			w.multiplyTiles(s, v, distance, u.Numbers[panel*frequencies*plane:], plane, in, hi-lo, false)
			w.write(s, lo, hi, panel)
		}
	})
}

// tilesAtATime is how many tiles of all channels, transformed, stay in a core's
// cache, or zero if there are too many weights or too few tiles for byTiles.
func (w work) tilesAtATime() int {
	in, rows := w.transforms.frequencies()*w.elements(w.Weights.In()), w.gemm.Rows
	if in*w.Weights.Out() > allNumbers {
		return 0
	}
	return min(blockNumbers/in, w.share(jobTiles), w.count()/fewestBlocks) / rows * rows
}

// allWeights takes all weights to frequencies: u[panel][frequency][channel][column].
func (w work) allWeights(u []float32, plane int) {
	cols := w.gemm.Cols
	depths := gemm.SplitEvenly(w.Weights.In(), blockWeights/cols, 16)
	panelSize := w.transforms.frequencies() * plane
	w.parallel(w.Weights.Out()/cols*depths.Count, func(job int) {
		s := workspaces.Get().(*workspace)
		defer workspaces.Put(s)
		panel := job / depths.Count
		k0, k1 := depths.At(job % depths.Count)
		w.frequenciesOf(s, u[panel*panelSize+w.elements(k0)*cols:], plane, panel, k0, k1)
	})
}

// transformTiles takes tiles lo to hi-1 to frequencies: v[frequency][tile][channel],
// frequencies lying so far apart.
func (w work) transformTiles(s *workspace, lo, hi int) (v []float32, distance int) {
	channels := w.Weights.In()
	in := w.elements(channels)
	distance = (hi-lo)*in + pad
	v = grow(&s.tiles, w.transforms.frequencies()*distance)
	for i := lo; i < hi; i++ {
		src, row := w.pixels(w.X, channels, i, s)
		w.transforms.input(v[(i-lo)*in:], distance, src, row, channels, channels)
	}
	return v, distance
}
