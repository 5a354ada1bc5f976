// Command bench measures Stable Diffusion 1.5, CLIP ViT-L/14 and what detectors
// and generators of defects compute on this machine, and prints one JSON object
// a line:
//
//	go run ./examples/bench --only unet.b1,unet.grad
//
// Weights are random unless --model names a directory: time and memory are the
// same. Every workload runs in a process of its own, so that its peak memory is
// its own. With --peers, a Python interpreter that has what requirements.txt
// lists, each workload takes turns with the same one in PyTorch, and without
// gradients in OpenVINO, or in faiss, OpenCV, anomalib or the released NSA, and
// lines with the ratios follow.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/cuda"
)

type options struct {
	Model string `help:"Model directory, as diffusers writes it, with CLIP in its clip/, or owner/name of the Hugging Face hub (default: random weights)."`
	cli.Hub
	Device  string   `default:"cpu" placeholder:"DEVICE" help:"What to measure: cpu, or a GPU, cuda:0, cuda:1 and so on, in a program built with -tags gpu (default: ${default})."`
	Dtype   string   `default:"f32" help:"What to multiply in: f32, or bf16 where the processor can, or f16 on a GPU; sums are f32."`
	Threads int      `help:"Threads to compute with (default: one a processor)."`
	Only    []string `help:"Workloads to run (default: all, of attention alone on a GPU only, of detectors and generators of defects on a processor only): ${names}; ${sums} stand for their parts, and are added up of them."`
	Memory  float64  `placeholder:"GIB" help:"Memory for activations of whole models and of steps; less is slower (default: no limit, of AnomalyAny's steps what they have by default)."`
	Peak    bool     `help:"Measure only the processor's peak, a loop of multiply-adds on registers."`
	Profile bool     `help:"Report the time and speed of each kind of operation as well."`
	Peers   string   `help:"Python interpreter with what requirements.txt lists, to compare with."`

	Size  int    `default:"512" hidden:"" help:"Height and width of pictures."`
	Child string `hidden:"" help:"Run this workload in this process."`
	Wait  bool   `hidden:"" help:"Run it when told to."`

	device  *cuda.Device   // nil for the processor
	packing *time.Duration // what bringing weights in order took
}

func newParser(o *options) cli.Parser {
	return cli.NewParser("bench", "Measure the time and memory of Stable Diffusion 1.5, CLIP, detectors and generators of defects.", o,
		kong.Vars{"names": strings.Join(names(workloads()), ", "), "sums": sums[0].name + " and " + sums[1].name})
}

func main() {
	var o options
	cli.Main(newParser(&o), "what was printed is complete", func(ctx context.Context) error { return run(ctx, os.Stdout, o) })
}

func run(ctx context.Context, out io.Writer, o options) error {
	if err := o.complete(); err != nil {
		return err
	}
	if err := kernels.CheckEnvironment(); err != nil {
		return err
	}
	lines := json.NewEncoder(out)
	runtime.GOMAXPROCS(o.Threads)
	kernels.SetThreads(o.Threads)
	if !o.onGPU() {
		if _, err := kernels.CPU(o.precision()); err != nil {
			return fmt.Errorf("--dtype bf16: %w", err)
		}
	}
	switch {
	case o.Peak:
		return lines.Encode(peak{Name: "peak", Threads: o.Threads, GFLOPS: round(peakGFLOPS(o.precision()), 4), ISA: kernels.ISA()})
	case o.Child != "":
		if err := o.open(); err != nil {
			return err
		}
		again := alone()
		if o.Wait {
			again = waiting(os.Stdin, out)
		}
		r, err := measure(ctx, o, find(o.Child), again)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Child, err)
		}
		return lines.Encode(r)
	}
	found, err := o.Find(ctx, o.Model)
	if err != nil {
		return err
	}
	o.Model = found[0].Path // as the processes are told that measure
	return runAll(ctx, lines, o)
}

// onGPU reports whether it is a GPU that is measured.
func (o options) onGPU() bool { return o.Device != "" && o.Device != "cpu" }

// precision is what is multiplied.
func (o options) precision() kernels.Precision { return cli.Precisions[o.Dtype] }

// open opens the GPU, if it is one.
func (o *options) open() (err error) {
	if !o.onGPU() {
		return nil
	}
	if o.device, err = cuda.OpenDevice(o.Device); err != nil {
		return fmt.Errorf("--device %s: %w", o.Device, err)
	}
	return nil
}

// More than any machine has: processors, and GiB of memory.
const (
	mostThreads = 4096
	mostMemory  = 1e6
)

// complete checks the options and fills in the defaults.
func (o *options) complete() error {
	switch {
	case o.onGPU() && o.precision() == kernels.Float32 && o.Dtype != "f32":
		return fmt.Errorf("--dtype %s: want f32, f16 or bf16", o.Dtype)
	case !o.onGPU() && o.Dtype != "f32" && o.Dtype != "bf16":
		return fmt.Errorf("--dtype %s: want f32 or bf16", o.Dtype)
	case o.Threads < 0:
		return fmt.Errorf("--threads %d: want at least 1", o.Threads)
	case o.Threads > mostThreads:
		return fmt.Errorf("--threads %d: want at most %d", o.Threads, mostThreads)
	case !(o.Memory >= 0 && o.Memory <= mostMemory):
		return fmt.Errorf("--memory is %v, want 0 to %g", o.Memory, float64(mostMemory))
	case o.Size < 64 || o.Size%64 != 0 || o.Size > cli.LongestSide:
		return fmt.Errorf("--size %d: want a multiple of 64, up to %d", o.Size, cli.LongestSide)
	}
	if _, err := os.Stat(o.Model); o.Model != "" && err != nil && !cli.IsHub(o.Model) {
		return fmt.Errorf("--model: %w", err)
	}
	if o.Device == "" {
		o.Device = "cpu"
	}
	if o.Threads == 0 {
		o.Threads = runtime.NumCPU()
	}
	if o.Child != "" {
		o.Only = []string{o.Child}
	}
	o.Only = withParts(o.Only)
	for _, name := range o.Only {
		if !slices.Contains(names(workloads()), name) {
			return fmt.Errorf("--only: there is no workload %q; there are %s", name, strings.Join(names(workloads()), ", "))
		}
	}
	if len(o.Only) == 0 {
		o.Only = o.usual()
	}
	return nil
}
