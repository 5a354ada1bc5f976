// Command parity runs one component of a model directory on the tensors of a
// safetensors file and writes the results, or compares them with a reference:
// for anyone who ports weights or changes a layer.
//
//	go run ./examples/parity --model DIR --run unet --in IN.safetensors --ref REF.safetensors
//
// It computes in float32.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

type options struct {
	Model  string  `required:"" type:"existingdir" placeholder:"DIR" help:"Model directory, as diffusers writes it."`
	Clip   string  `type:"existingdir" placeholder:"DIR" help:"CLIP directory, as transformers writes it (default: DIR/clip)."`
	Run    string  `required:"" enum:"${components}" placeholder:"COMPONENT" help:"One of ${components}."`
	In     string  `type:"existingfile" placeholder:"FILE" help:"Input tensors (tokenize: a JSON file)."`
	Out    string  `placeholder:"FILE" help:"Where to write the results."`
	Ref    string  `type:"existingfile" placeholder:"FILE" help:"Reference tensors to compare with."`
	Rtol   float64 `default:"1e-3" help:"Largest error allowed, as a share of a tensor's largest reference value."`
	Config string  `type:"existingfile" placeholder:"FILE" help:"anomalyany: the options of the run, JSON."`
	Trace  string  `placeholder:"FILE" help:"anomalyany: where to write the trace of the steps, JSON."`
}

func main() {
	var o options
	names := make([]string, len(components))
	for i, c := range components {
		names[i] = c.name
	}
	kong.Parse(&o, kong.Name("parity"), kong.Vars{"components": strings.Join(names, ",")},
		kong.Description("Run one component of a model directory and compare it with reference tensors."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.Run == "tokenize" {
		return tokenize(o)
	}
	in, err := readTensors(o.In)
	if err != nil {
		return err
	}
	var out map[string]*gt.Dense
	for _, c := range components {
		if c.name == o.Run {
			if out, err = c.run(ctx, o, in); err != nil {
				return fmt.Errorf("%s: %w", o.Run, err)
			}
		}
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
		return compare(os.Stdout, in, out, ref, o.Rtol)
	}
	return nil
}

// readTensors reads a whole file as float32.
func readTensors(path string) (map[string]*gt.Dense, error) {
	all := map[string]*gt.Dense{}
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
