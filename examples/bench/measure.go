package main

import (
	"context"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
)

// result is a line of output.
type result struct {
	Name    string               `json:"name"`
	Dtype   string               `json:"dtype"`
	Threads int                  `json:"threads"`
	Seconds float64              `json:"seconds"`                   // of the fastest run but the first
	First   float64              `json:"first_seconds,omitempty"`   // of the first run
	Packing float64              `json:"packing_seconds,omitempty"` // of what was done to the weights before; random ones are drawn then
	CPU     float64              `json:"cpu_seconds,omitempty"`     // of all threads in the run that took least: what to compare on a busy machine
	GFLOP   float64              `json:"gflop"`                     // work of one run's matrix products
	GFLOPS  float64              `json:"gflops"`
	OfPeak  float64              `json:"of_peak,omitempty"`
	PeakRSS float64              `json:"peak_rss_gb,omitempty"`    // of the process, in 10⁹ bytes; not on every system
	Device  float64              `json:"peak_device_gb,omitempty"` // of the GPU's memory, 10⁹ bytes, for all that was made there
	ISA     string               `json:"isa"`                      // or the GPU
	Profile map[string]operation `json:"profile,omitempty"`        // by kind
}

// operation is what the operations of one kind took in the fastest run.
type operation struct {
	Calls   int     `json:"calls"`
	Seconds float64 `json:"seconds"`
	GFLOPS  float64 `json:"gflops,omitempty"`
}

// peak is the line that --peak prints.
type peak struct {
	Name    string  `json:"name"`
	Threads int     `json:"threads"`
	GFLOPS  float64 `json:"gflops"`
	ISA     string  `json:"isa"`
}

// peakGFLOPS is what all threads together can do on registers, of products of p.
func peakGFLOPS(p kernels.Precision) float64 {
	return p.Peak() / 1e9 * float64(min(kernels.Threads(), runtime.NumCPU()))
}

// measure runs a workload in this process: once to warm up, and then as long as
// again says.
func measure(ctx context.Context, o options, w workload, again func() bool) (*result, error) {
	now := newTally()
	o.packing = new(time.Duration)
	watched := &traced{Context: ctx, with: nn.WithTrace(ctx, now.add), on: true}
	run, err := w.load(watched, o)
	if err != nil {
		return nil, err
	}
	var best tally
	var first, least time.Duration
	var work int64
	for turn := 0; turn == 0 || again(); turn++ {
		now = newTally()
		_, cpu := usage()
		start := time.Now()
		if err := run(); err != nil {
			return nil, err
		}
		now.took = time.Since(start)
		_, end := usage()
		if turn == 0 {
			first, work = now.took, now.flops
			watched.on = o.device == nil || o.Profile
			continue
		}
		now.flops = work
		if turn == 1 || now.took < best.took {
			best = now
		}
		if turn == 1 || end-cpu < least {
			least = end - cpu
		}
	}
	rss, _ := usage()
	r := best.result()
	r.Name, r.Dtype, r.Threads, r.ISA = w.name, o.Dtype, o.Threads, kernels.ISA()
	r.First, r.Packing = round(first.Seconds(), 4), round(o.packing.Seconds(), 4)
	if o.device == nil {
		r.OfPeak = round(r.GFLOPS/peakGFLOPS(o.precision()), 3)
	} else {
		r.ISA, r.Device = o.device.Name(), round(float64(o.device.PeakBytes())/1e9, 3)
	}
	r.CPU, r.PeakRSS = round(least.Seconds(), 4), round(float64(rss)/1e9, 3)
	if !o.Profile {
		r.Profile = nil
	}
	return r, nil
}

// traced is a context under which operations are reported as long as it is on: on a
// GPU that means to wait for each one, which is left to a first run.
type traced struct {
	context.Context
	with context.Context
	on   bool
}

func (t *traced) Value(key any) any {
	if t.on {
		return t.with.Value(key)
	}
	return t.Context.Value(key)
}

// tally adds up the operations of one run.
type tally struct {
	took  time.Duration
	flops int64
	kinds map[string]operation // GFLOPS is the work in 10⁹ operations until result
}

func newTally() tally { return tally{kinds: map[string]operation{}} }

func (t *tally) add(e nn.Executed) {
	t.flops += e.FLOPs
	k := t.kinds[kind(e.Op)]
	k.Calls++
	k.Seconds += e.Took.Seconds()
	k.GFLOPS += float64(e.FLOPs) / 1e9
	t.kinds[kind(e.Op)] = k
}

func (t *tally) result() *result {
	seconds, gflop := t.took.Seconds(), float64(t.flops)/1e9
	r := &result{Seconds: round(seconds, 4), GFLOP: round(gflop, 4), GFLOPS: round(gflop/seconds, 4), Profile: map[string]operation{}}
	rest := seconds
	for name, k := range t.kinds {
		rest -= k.Seconds
		r.Profile[name] = operation{k.Calls, round(k.Seconds, 4), round(k.GFLOPS/k.Seconds, 4)}
	}
	r.Profile["outside operations"] = operation{Seconds: round(rest, 4)}
	return r
}

// kind is an operation's name without what tells it from others of its kind:
// the weight's path, sizes, numbers.
func kind(op string) string {
	words := strings.Fields(op)
	kept := words[:0]
	for _, w := range words {
		if !strings.ContainsAny(w, "0123456789.:") {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// round keeps so many digits.
func round(x float64, digits int) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	scale := math.Pow(10, float64(digits-1)-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}
