package winograd

import "github.com/sdgraph/sdgraph/kernels/internal/gemm"

// byWeights takes a block of weights to frequencies where it is multiplied by a
// hundred tiles or so, and does it again for the next hundred: there are few
// tiles and so many weights that it would not pay to store them (those of all
// layers of Stable Diffusion 1.5 would be 4.5 GB).
func (w work) byWeights() {
	tile := w.transforms.frequencies() * w.elements(w.Weights.In())
	rounds := gemm.SplitEvenly(w.count(), max(roundNumbers/tile, w.share(roundTiles)), 1)
	for i := range rounds.Count {
		lo, hi := rounds.At(i)
		r := newRound(w, lo, hi)
		r.transform()
		r.multiply()
		r.v.Free()
	}
}

// round is the tiles that are transformed at a time. Blocks of tiles, and of
// channels in them, are one after the other in the order in which they are
// multiplied, so that the processor reads ahead.
type round struct {
	work
	first  int          // tile
	blocks gemm.Split   // of tiles
	depths gemm.Split   // of channels
	v      *gemm.Buffer // transformed tiles: [block of tiles][block of channels][frequency][tile][channel]
	plane  int          // distance of frequencies in v
}

func newRound(w work, lo, hi int) *round {
	r := &round{work: w, first: lo, blocks: gemm.SplitEvenly(hi-lo, w.share(jobTiles), w.gemm.Rows)}
	_, tiles := r.blocks.At(0)
	r.depths = gemm.SplitEvenly(w.Weights.In(), min(blockWeights, w.share(jobNumbers)-tiles*w.gemm.Cols)/w.gemm.Cols, 16)
	_, channels := r.depths.At(0)
	r.plane = tiles*w.elements(channels) + pad
	r.v = gemm.NewBuffer(r.blocks.Count * r.depths.Count * w.transforms.frequencies() * r.plane)
	return r
}

// planes is where the first frequency of a block begins.
func (r *round) planes(block, depth int) []float32 {
	return r.v.Numbers[(block*r.depths.Count+depth)*r.transforms.frequencies()*r.plane:]
}

// transform takes the pictures' tiles to frequencies.
func (r *round) transform() {
	const each = 4 // tiles of a job
	_, most := r.blocks.At(0)
	jobs := gemm.SplitEvenly(most, each, 1)
	channels := r.Weights.In()
	r.parallel(r.blocks.Count*jobs.Count, func(job int) {
		s := workspaces.Get().(*workspace)
		defer workspaces.Put(s)
		block := job / jobs.Count
		first, end := r.blocks.At(block)
		lo, hi := jobs.At(job % jobs.Count)
		for i := lo; i < min(hi, end-first); i++ {
			src, row := r.pixels(r.X, channels, r.first+first+i, s)
			for d := range r.depths.Count {
				k0, k1 := r.depths.At(d)
				r.transforms.input(r.planes(block, d)[i*r.elements(k1-k0):], r.plane, src[k0:], row, channels, k1-k0)
			}
		}
	})
}

// multiply sums over channels and takes the sums to pixels.
func (r *round) multiply() {
	panels := r.Weights.Out() / r.gemm.Cols
	r.parallel(r.blocks.Count*panels, func(job int) {
		s := workspaces.Get().(*workspace)
		defer workspaces.Put(s)
		block, panel := job/panels, job%panels
		lo, hi := r.blocks.At(block)
		r.sum(s, block, hi-lo, panel)
		r.write(s, r.first+lo, r.first+hi, panel)
	})
}

// sum multiplies a block of tiles by the weights of one panel.
func (r *round) sum(s *workspace, block, tiles, panel int) {
	cols := r.gemm.Cols
	for d := range r.depths.Count {
		k0, k1 := r.depths.At(d)
		k := r.elements(k1 - k0)
		plane := k*cols + pad
		r.frequenciesOf(s, s.weights, plane, panel, k0, k1)
		r.multiplyTiles(s, r.planes(block, d), r.plane, s.weights, plane, k, tiles, d > 0)
	}
}
