// Command parity runs one component of a model directory on the tensors of a
// safetensors file and writes the results, or compares them with a reference:
// for anyone who ports weights or changes a layer.
//
//	go run ./examples/parity --model DIR --run unet --in IN.safetensors --ref REF.safetensors
//	go run ./examples/parity --cases CASES.json --only 'taesd-*'
//
// It computes in float32, convolutions directly unless --winograd is given; with
// --bf16 products are of bfloat16 numbers, whose results are 1e-2 off.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/cuda"
	"github.com/sdgraph/sdgraph/tensor"
)

type options struct {
	Model string `placeholder:"MODEL" help:"Model: a directory as diffusers writes it, a single .safetensors file, or owner/name[@revision] of the Hugging Face hub."`
	Clip  string `placeholder:"DIR" help:"CLIP directory, as transformers writes it, or owner/name of the hub (default: DIR/clip)."`
	cli.Hub
	TAESD    string  `name:"taesd" type:"path" placeholder:"DIR" help:"Tiny autoencoder for taesd-decode and taesd-encode (default: that of --model)."`
	Run      string  `enum:",${components}" default:"" placeholder:"COMPONENT" help:"One of ${components}."`
	In       string  `type:"existingfile" placeholder:"FILE" help:"Input tensors (tokenize and prompt: a JSON file)."`
	Out      string  `placeholder:"FILE" help:"Where to write the results."`
	Ref      string  `type:"existingfile" placeholder:"FILE" help:"Reference tensors to compare with."`
	Report   string  `placeholder:"FILE" help:"Where to write how far each tensor is from its reference, JSON."`
	Rtol     float64 `default:"1e-3" help:"Largest error allowed, as a share of a tensor's largest reference value."`
	Config   string  `type:"existingfile" placeholder:"FILE" help:"anomalyany: the options of the run, JSON; samplers: the list of runs."`
	Winograd bool    `help:"Compute 3×3 convolutions by Winograd's algorithm, as other programs do: faster, with five times the rounding error."`
	Device   string  `default:"cpu" placeholder:"DEVICE" help:"Where to compute: cpu, or a GPU, cuda:0, cuda:1 and so on, in a program built with -tags gpu (default: ${default})."`
	Float16  bool    `name:"f16" help:"On a GPU, multiply float16 numbers, as other programs do by default there."`
	BFloat16 bool    `name:"bf16" help:"Multiply bfloat16 numbers, as other programs do by default where the processor can."`
	cli.Embeddings
	Trace string `placeholder:"FILE" help:"anomalyany: where to write the trace of the steps, JSON."`
	Cases string `type:"existingfile" placeholder:"FILE" help:"Run all that a JSON file lists and print a line for each, in place of --model and --run."`
	Only  string `placeholder:"GLOB" help:"With --cases, those whose names match, such as 'taesd-*'."`

	device   kernels.Device     // that Device names, nil for the processor
	lines    io.Writer          // where a comparison is printed, nil for the standard output
	compared func([]comparison) // is told what was compared, if it is not nil
}

// Validate is called by kong after parsing.
func (o *options) Validate() error {
	if err := o.validateCases(); err != nil {
		return err
	}
	for _, f := range [][2]string{{"--model", o.Model}, {"--clip", o.Clip}} {
		if _, err := os.Stat(f[1]); f[1] != "" && err != nil && !cli.IsHub(f[1]) {
			return fmt.Errorf("%s: %w", f[0], err)
		}
	}
	if _, err := os.Stat(o.TAESD); o.TAESD != "" && err != nil {
		return fmt.Errorf("--taesd: %w", err)
	}
	if !(o.Rtol >= 0) {
		return fmt.Errorf("--rtol is %g, want 0 or more", o.Rtol)
	}
	if o.Float16 && (o.BFloat16 || o.Device == "cpu") {
		return errors.New("--f16 is for GPUs, --device cuda:0, and excludes --bf16")
	}
	return nil
}

// validateCases checks that there is one thing to run, or a list.
func (o *options) validateCases() error {
	if _, err := path.Match(o.Only, ""); err != nil {
		return fmt.Errorf("--only %s: %w", o.Only, err)
	}
	switch {
	case o.Cases == "" && (o.Model == "" || o.Run == ""):
		return errors.New("missing flags: --model=DIR and --run=COMPONENT, or --cases=FILE")
	case o.Cases == "" && o.Only != "":
		return errors.New("--only needs --cases")
	case o.Cases != "" && cmp.Or(o.Model, o.TAESD, o.Run, o.In, o.Ref, o.Out, o.Report, o.Config, o.Trace) != "" || o.Cases != "" && len(o.Embedding) > 0:
		return errors.New("--cases says itself what to run: --model, --taesd, --run, --in, --ref, --out, --report, --config, --trace and --embedding do not go with it")
	}
	return nil
}

func newParser(o *options) cli.Parser {
	return cli.NewParser("parity", "Run one component of a model directory and compare it with reference tensors.", o,
		kong.Vars{"components": strings.Join(names(), ",")})
}

func main() {
	var o options
	cli.Main(newParser(&o), "no file is half written", func(ctx context.Context) error { return run(ctx, o) })
}

// precision is what is multiplied.
func (o *options) precision() kernels.Precision {
	switch {
	case o.Float16:
		return kernels.Float16
	case o.BFloat16:
		return kernels.BFloat16
	}
	return kernels.Float32
}

// use opens the device, unless there is one, and refuses a precision that the
// processor has not.
func (o *options) use() (closeDevice func() error, err error) {
	if err := kernels.CheckEnvironment(); err != nil {
		return nil, err
	}
	if o.device != nil {
		return func() error { return nil }, nil
	}
	if o.Device == "cpu" || o.Device == "" {
		if _, err := kernels.CPU(o.precision()); err != nil {
			return nil, fmt.Errorf("--bf16: %w", err)
		}
		return func() error { return nil }, nil
	}
	d, err := cuda.OpenDevice(o.Device)
	if err != nil {
		return nil, fmt.Errorf("--device %s: %w", o.Device, err)
	}
	o.device = d
	return d.Close, nil
}

// output is where a comparison is printed.
func (o *options) output() io.Writer {
	if o.lines != nil {
		return o.lines
	}
	return os.Stdout
}

// names lists the components.
func names() []string {
	var all []string
	for _, c := range components {
		all = append(all, c.name)
	}
	return all
}

// run runs a component, or a list of cases.
func run(ctx context.Context, o options) error {
	kernels.SetWinograd(o.Winograd)
	closeDevice, err := o.use()
	if err != nil {
		return err
	}
	defer closeDevice()
	if o.Cases != "" {
		return runCases(ctx, os.Stdout, o)
	}
	found, err := o.Find(ctx, o.Model, o.Clip)
	if err != nil {
		return err
	}
	o.Model, o.Clip = found[0].Path, found[1].Path
	return runOne(ctx, o)
}

// runOne runs a component and compares what it gives.
func runOne(ctx context.Context, o options) error {
	if len(o.Embedding) > 0 && o.Run != "prompt" && o.Run != "anomalyany" {
		return fmt.Errorf("--embedding is for prompt and anomalyany, which read texts, not for %s", o.Run)
	}
	switch o.Run {
	case "tokenize":
		return tokenize(ctx, o)
	case "prompt":
		return encodePrompts(ctx, o)
	}
	at := slices.IndexFunc(components, func(c component) bool { return c.name == o.Run })
	if at < 0 {
		return fmt.Errorf("unknown component %q; there are %s", o.Run, strings.Join(names(), ", "))
	}
	in, err := readTensors(o.In)
	if err != nil {
		return err
	}
	c := components[at]
	if err := c.check(o.In, in); err != nil {
		return err
	}
	out, err := c.run(ctx, o, in)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Run, err)
	}
	if o.Out != "" {
		if err := tensor.Save(o.Out, out, nil); err != nil {
			return err
		}
	}
	if o.Ref != "" {
		ref, err := readTensors(o.Ref)
		if err != nil {
			return err
		}
		return compare(o.output(), in, out, ref, o)
	}
	return nil
}

// readTensors reads a whole file as float32.
func readTensors(path string) (tensors, error) {
	all := tensors{}
	if path == "" {
		return all, nil
	}
	f, err := tensor.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, name := range f.Names() {
		d, err := f.Get(name)
		if err != nil {
			return nil, err
		}
		all[name] = tensor.FromFloat32s(append([]float32(nil), tensor.Float32s(d)...), d.Shape()...)
	}
	return all, nil
}
