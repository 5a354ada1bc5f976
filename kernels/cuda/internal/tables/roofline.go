package main

import (
	"fmt"
	"strings"
)

// gpu has the peaks of a model, from NVIDIA's data sheets.
type gpu struct {
	name      string
	bandwidth float64 // bytes of device memory a second
	float     float64 // operations a second of float32, a fused multiply-add being two
	tensor    float64 // the same of tensor cores: float16 or bfloat16 operands, dense, summed in float32
	units     int     // multiprocessors
	clock     float64 // Hz, boost
	source    string
}

var gpus = []gpu{
	{"A100 SXM 80 GB", 2039e9, 19.5e12, 312e12, 108, 1.41e9,
		"NVIDIA A100 Tensor Core GPU data sheet; NVIDIA A100 Tensor Core GPU Architecture, 2020, table 1"},
	{"H100 SXM", 3350e9, 67e12, 989.4e12, 132, 1.83e9,
		"NVIDIA H100 Tensor Core GPU data sheet (which counts sparse products: halved); Hopper Architecture, 2022"},
	{"RTX 4090", 1008e9, 82.6e12, 165.2e12, 128, 2.52e9,
		"NVIDIA Ada GPU Architecture, 2023, appendix A"},
}

// exponentials is how many a second the special function units compute: 16 in a multiprocessor at a time (CUDA C++
// Programming Guide, "Arithmetic Instructions", compute capability 8.x and 9.0).
func (g gpu) exponentials() float64 { return 16 * float64(g.units) * g.clock }

// site is a place of attention in Stable Diffusion 1.5's UNet, for pictures of 512×512 pixels.
type site struct{ queries, keys, channels int }

// The UNet has 8 heads at every site, and guidance makes a batch of 2: with the prompt and without.
const batch, heads = 2, 8

var sites = []site{
	{4096, 4096, 40}, {4096, 77, 40},
	{1024, 1024, 80}, {1024, 77, 80},
	{256, 256, 160}, {256, 77, 160},
	{64, 64, 160}, {64, 77, 160},
}

// work is what a pass must at least do, in numbers of float32: each operand is read once and each result written once.
type work struct {
	bytes, operations, exponentials float64
}

// forward counts q, k, v, out and lse; the two products q·kᵀ and p·v; an exponential for each score.
func (s site) forward() work {
	q, k, scores := s.sizes()
	return work{4 * (2*q + 2*k + s.rows()), 2 * 2 * scores * float64(s.channels), scores}
}

// gradient counts q, k, v, out, dout, lse, dq, dk and dv; seven products, since one kernel computes dq and another dk
// and dv, and both need the scores and what they got of the gradient: q·kᵀ and dout·vᵀ twice, then ds·k, dsᵀ·q and pᵀ·dout
// (Dao, "FlashAttention-2", 2023, has five by adding to dq atomically, in an order that changes from run to run).
func (s site) gradient() work {
	q, k, scores := s.sizes()
	return work{4 * (4*q + 4*k + s.rows()), 7 * 2 * scores * float64(s.channels), 2 * scores}
}

// sizes returns the numbers of q, of k and of all scores.
func (s site) sizes() (q, k, scores float64) {
	return s.rows() * float64(s.channels), batch * heads * float64(s.keys*s.channels), s.rows() * float64(s.keys)
}

func (s site) rows() float64 { return batch * heads * float64(s.queries) }

// bound returns the least time in seconds that a GPU takes for some work, products having the given peak, and what it
// waits for.
func (g gpu) bound(w work, peak float64) (float64, string) {
	seconds, by := w.bytes/g.bandwidth, "memory"
	if t := w.operations / peak; t > seconds {
		seconds, by = t, "products"
	}
	if t := w.exponentials / g.exponentials(); t > seconds {
		seconds, by = t, "exp"
	}
	return seconds, by
}

// rooflineTable has a line for each site and pass.
func rooflineTable() string {
	var out strings.Builder
	out.WriteString("| site | pass | MB | GFLOP | FLOP/B |")
	for _, g := range gpus {
		fmt.Fprintf(&out, " %s, tensor cores | float32 |", g.name)
	}
	out.WriteString("\n|---|---|--:|--:|--:|" + strings.Repeat("--:|--:|", len(gpus)) + "\n")
	for _, s := range sites {
		for _, pass := range []struct {
			name string
			work
		}{{"forward", s.forward()}, {"gradient", s.gradient()}} {
			w := pass.work
			fmt.Fprintf(&out, "| %d×%d×%d | %s | %.1f | %.2f | %.0f |", s.queries, s.keys, s.channels, pass.name,
				w.bytes/1e6, w.operations/1e9, w.operations/w.bytes)
			for _, g := range gpus {
				for _, peak := range []float64{g.tensor, g.float} {
					seconds, by := g.bound(w, peak)
					fmt.Fprintf(&out, " %.1f µs %s |", seconds*1e6, by)
				}
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// gpuTable has the peaks and where they are from.
func gpuTable() string {
	var out strings.Builder
	out.WriteString("| GPU | memory, GB/s | float32, TFLOP/s | tensor cores | exp, 10¹²/s | source |\n")
	out.WriteString("|---|--:|--:|--:|--:|---|\n")
	for _, g := range gpus {
		fmt.Fprintf(&out, "| %s | %.0f | %.1f | %.1f | %.1f | %s |\n", g.name, g.bandwidth/1e9, g.float/1e12,
			g.tensor/1e12, g.exponentials()/1e12, g.source)
	}
	return out.String()
}
