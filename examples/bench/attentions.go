package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// Attention alone at the sites of Stable Diffusion 1.5, with guidance's batch of
// two: forward, forward with the maps of two tokens, and the gradient of queries,
// keys and values. PyTorch does each with its fused kernel and from separate
// operations, which alone have maps.

// repeats is how often a run computes attention, so that waiting for the end of it
// weighs little on a GPU.
const repeats = 20

// attentionSites are queries, keys and channels of a head.
var attentionSites = [][3]int{
	{4096, 4096, 40}, {4096, 77, 40}, {1024, 1024, 80}, {1024, 77, 80}, {256, 256, 160}, {256, 77, 160}, {64, 64, 160}, {64, 77, 160},
}

func attentions() []workload {
	var all []workload
	for _, site := range attentionSites {
		s := kernels.AttentionShape{B: 2, Heads: 8, Queries: site[0], Keys: site[1], HeadDim: site[2],
			Scale: float32(1 / math.Sqrt(float64(site[2])))}
		for _, what := range []string{"forward", "maps", "grad"} {
			peers := []string{"torch", "torch-eager"}
			if what == "maps" {
				peers = peers[1:]
			}
			all = append(all, workload{
				name: fmt.Sprintf("attention.%dx%dx%d.%s", site[0], site[1], site[2], what), peers: peers,
				load: func(ctx context.Context, o options) (func() error, error) { return attention(ctx, o, s, what) },
			})
		}
	}
	return all
}

// attention computes one site's attention with the kernels themselves.
func attention(ctx context.Context, o options, s kernels.AttentionShape, what string) (func() error, error) {
	m, functions := memory{}, kernels.CPU
	if o.device != nil {
		m.device, functions = o.device, o.device.Functions
	}
	var err error
	if m.functions, err = functions(o.precision()); err != nil {
		return nil, err
	}
	width := s.Heads * s.HeadDim
	queries, keys := s.B*s.Queries*width, s.B*s.Keys*width
	q, k, v, dout := m.normal(1, queries), m.normal(2, keys), m.normal(3, keys), m.normal(4, queries)
	out, lse := m.zeros(queries), m.zeros(s.B*s.Heads*s.Queries)
	tokens := []int{5, 7}
	p := m.zeros(len(tokens) * s.B * s.Heads * s.Queries)
	dq, dk, dv := m.zeros(queries), m.zeros(keys), m.zeros(keys)
	if m.err != nil {
		return nil, m.err
	}
	once := func() { m.functions.Attention(out, nil, q, k, v, s) }
	switch what {
	case "maps":
		once = func() {
			if o.device != nil {
				o.device.With(o.precision()).AttentionWithTokens(out, nil, p, q, k, v, tokens, s)
				return
			}
			m.functions.Attention(out, nil, q, k, v, s)
			m.functions.AttentionTokens(p, q, k, tokens, s)
		}
	case "grad":
		m.functions.Attention(out, lse, q, k, v, s)
		once = func() { m.functions.AttentionGrad(dq, dk, dv, q, k, v, out, dout, lse, s) }
	}
	products := map[string]int64{"forward": 2, "maps": 2, "grad": 5}[what]
	work := repeats * products * 2 * int64(s.B*s.Heads*s.Queries) * int64(s.Keys*s.HeadDim)
	return func() (err error) {
		start := time.Now()
		for range repeats {
			once()
		}
		if m.device != nil {
			err = m.device.Synchronize()
		}
		nn.Trace(ctx, nn.Executed{Op: "attention " + what, FLOPs: work, Took: time.Since(start)})
		return err
	}, nil
}

// memory gives operands where the kernels can read them; err is the first error.
type memory struct {
	device    kernels.Device // nil for this machine
	functions kernels.Functions
	err       error
}

func (m *memory) normal(seed uint64, n int) []float32 { return m.place(tensor.NewRand(seed).Randn(n)) }

func (m *memory) zeros(n int) []float32 { return m.place(make([]float32, n)) }

func (m *memory) place(x []float32) []float32 {
	if m.device == nil || m.err != nil {
		return x
	}
	there, err := m.device.Make(len(x))
	if err == nil {
		err = m.device.Upload(there, x)
	}
	m.err = err
	return there
}
