package main

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/cuda"
	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// launch is the shape in which a kernel is launched.
type launch struct {
	threads, shared int // of a block; bytes of dynamic shared memory
}

// recorder is a driver that runs nothing, holds arguments to the parameters of compiled kernels, and remembers how these
// are launched. The addresses that it gives are of no memory.
type recorder struct {
	index    *modules.Index
	launches map[string]launch
	next     uintptr
}

func (r *recorder) Name() string                             { return "recorder" }
func (r *recorder) MemInfo() (free, total uint64, err error) { return 1 << 40, 1 << 40, nil }
func (r *recorder) Free(address uintptr) error               { return nil }
func (r *recorder) Upload(dst uintptr, src []byte) error     { return nil }
func (r *recorder) Download(dst []byte, src uintptr) error   { return nil }
func (r *recorder) Synchronize() error                       { return nil }
func (r *recorder) Close() error                             { return nil }
func (r *recorder) Alloc(bytes int) (address uintptr, _ error) {
	address, r.next = r.next, r.next+1<<20
	return
}

func (r *recorder) Launch(kernel string, grid, block [3]uint32, shared uint32, args ...any) error {
	k, err := r.index.Kernel(kernel)
	if err != nil {
		return err
	}
	if _, err := k.Arguments(args); err != nil {
		return err
	}
	l := launch{int(block[0] * block[1] * block[2]), int(shared)}
	if was, ok := r.launches[kernel]; ok && was != l {
		return fmt.Errorf("%s is launched with %+v and with %+v: the table has one line for it", kernel, was, l)
	}
	r.launches[kernel] = l
	return nil
}

// recordLaunches calls every function of package cuda, at sizes for which it launches each of its kernels.
func recordLaunches(index *modules.Index) (map[string]launch, error) {
	r := &recorder{index: index, launches: map[string]launch{}, next: 1 << 20}
	for _, p := range []kernels.Precision{kernels.Float32, kernels.Float16, kernels.BFloat16} {
		d := cuda.New(r).With(p)
		// Heads of 200 channels go by way of matrices.
		for _, channels := range []int{40, 64, 80, 160, 200} {
			if err := recordAttention(d, p, channels); err != nil {
				return nil, err
			}
		}
		if err := recordOthers(d); err != nil {
			return nil, err
		}
		if err := recordLayers(d); err != nil {
			return nil, err
		}
		if err := d.Synchronize(); err != nil {
			return nil, err
		}
	}
	return r.launches, nil
}

// recordAttention calls the functions of attention with one head of so many channels, one query and one key.
func recordAttention(d *cuda.Device, p kernels.Precision, channels int) error {
	s := kernels.AttentionShape{B: 1, Heads: 1, Queries: 1, Keys: 1, HeadDim: channels, Scale: 1}
	x, err := d.Make(channels)
	if err != nil {
		return err
	}
	number, err := d.Make(1)
	if err != nil {
		return err
	}
	d.AttentionWithTokens(x, number, number, x, x, x, []int{0}, s)
	d.AttentionGrad(x, x, x, x, x, x, x, x, nil, s)
	d.AttentionTokens(number, x, x, []int{0}, s)
	d.AttentionTokensGrad(x, x, x, x, number, []int{0}, s)
	if p == kernels.Float32 || channels > 160 {
		return nil
	}
	half, err := d.Make16(channels)
	if err != nil {
		return err
	}
	d.Attention16(half, number, half, half, half, s)
	d.AttentionGrad16(half, half, half, half, half, half, half, half, nil, s)
	return nil
}

// recordLayers calls the functions of layers with weights of every type, at sizes for which products are cut into narrow
// and wide tiles, and into parts.
func recordLayers(d *cuda.Device) error {
	for _, size := range [][3]int{{1, 8, 8}, {64, 1280, 1280}, {8192, 1280, 1280}} {
		m, n, k := size[0], size[1], size[2]
		x, err := d.Make(m * max(n, k))
		if err != nil {
			return err
		}
		singles, halves := make([]float32, n*k), make([]uint16, n*k)
		for _, w := range []kernels.Elements{kernels.Float32s(singles), kernels.Float16s(halves), kernels.BFloat16s(halves)} {
			d.Linear(x[:m*n], x[:m*k], w, nil, nil, m, n, k)
			d.LinearGrad(x[:m*k], x[:m*n], w, m, n, k)
		}
	}
	return nil
}

// recordOthers calls the functions that multiply no matrices, with one number or as few as they take.
func recordOthers(d *cuda.Device) error {
	x, err := d.Make(1)
	if err != nil {
		return err
	}
	two, err := d.Make(2)
	if err != nil {
		return err
	}
	d.Add(x, x, x)
	d.Mul(x, x, x)
	d.Scale(x, x, 1)
	d.AddScaled(x, x, 1)
	d.Dot(x, x, x)
	d.ScaleBy(x, x, x)
	d.Mean(x, x)
	d.MeanGrad(x, x)
	d.OneMinusMax(x, x)
	d.OneMinusMaxGrad(x, x, x)
	d.Largest(x, [][]float32{x})
	d.LargestGrad(x, x, [][]float32{x}, 0)
	d.CosineSimilarity(x, x, x, 1, 1)
	d.CosineSimilarityGrad(x, x, x, x, 1, 1)
	d.Waves(two, x, x, 0, 1)
	d.Copy(x, x)
	d.Fill(x, 0)
	d.Affine(x, x, 1, 0)
	d.AffineChannels(x, x, x, x, 1, 1)
	d.Clamp(x, x, 0, 1)
	d.ClampGrad(x, x, x, 0, 1)
	d.AddRows(x, x, x, 1, 1, 1)
	d.SumRows(x, x, 1, 1, 1)
	d.SiLUForward(x, x)
	d.SiLUGrad(x, x, x)
	d.GELU(x, x)
	d.GELUGrad(x, x, x)
	d.GEGLU(x, two, 1, 1)
	d.GEGLUGrad(two, x, two, 1, 1)
	d.LayerNorm(x, x, x, x, 1, 1, 1)
	d.LayerNormGrad(x, x, x, x, 1, 1, 1)
	d.GroupNorm(x, x, x, x, 1, 1, 1, 1, 1, kernels.SiLU)
	d.GroupNormGrad(x, x, x, x, x, 1, 1, 1, 1, 1, kernels.SiLU)
	d.UpsampleNearest(x, x, 1, 1, 1, 1, 1)
	d.UpsampleNearestGrad(x, x, 1, 1, 1, 1, 1)
	d.SplitChannels(x, two, 1, 2, 0, 1)
	d.SplitChannelsGrad(two, x, 1, 2, 0, 1)
	d.ChannelsLast(x, x, 1, 1, 1)
	taps := kernels.Taps{In: 1, Out: 1, Start: []int{0}, Count: []int{1}, Weight: [][]float32{{1}}}
	d.Resample(x, x, 1, 1, 1, 1, taps, taps)
	return nil
}
