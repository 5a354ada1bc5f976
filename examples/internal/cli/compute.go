package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/cuda"
)

// Compute is the flags that say where and in what is computed, for programs to
// embed.
type Compute struct {
	Device    string `default:"cpu" placeholder:"DEVICE" help:"Where to compute: cpu, or a GPU, cuda:0, cuda:1 and so on, in a program built with -tags gpu (default: ${default})." json:"-"`
	Precision string `default:"auto" enum:"auto,f32,f16,bf16" help:"What is multiplied, with sums in f32: f32; bf16, faster and with 8 bits; on GPUs f16 too, with 11. auto is f16 on a GPU, else bf16 where the processor multiplies it faster." json:"precision"`

	Opened kernels.Device `kong:"-" json:"-"` // by Use; nil for the processor
}

// Precisions are what can be multiplied, by the names that flags have for them.
var Precisions = map[string]kernels.Precision{"f32": kernels.Float32, "f16": kernels.Float16, "bf16": kernels.BFloat16}

// Use opens the device, which Close closes. Where the choice of a precision was left
// to the program it becomes the one that was made, and w is told.
func (c *Compute) Use(w io.Writer) error {
	if err := kernels.CheckEnvironment(); err != nil {
		return err
	}
	if c.Device != "cpu" && c.Device != "" {
		return c.useDevice(w)
	}
	if c.Precision == "f16" {
		return errors.New("--precision f16: a processor multiplies f32 or bf16 here; f16 is for GPUs, --device cuda:0")
	}
	if c.Precision == "auto" {
		c.Precision = choose(w)
	}
	if _, err := kernels.CPU(Precisions[c.Precision]); err != nil {
		return fmt.Errorf("--precision %s: %w", c.Precision, err)
	}
	return nil
}

// choose is what the processor multiplies fastest, and tells w.
func choose(w io.Writer) string {
	switch peak := kernels.BFloat16.Peak(); {
	case peak == 0:
		fmt.Fprintln(w, "computing in f32: this processor does not multiply bf16")
	case peak < kernels.Float32.Peak():
		fmt.Fprintln(w, "computing in f32: this processor multiplies bf16 more slowly")
	default:
		fmt.Fprintln(w, "computing in bf16, with sums in f32; --precision f32 is slower and rounds less")
		return "bf16"
	}
	return "f32"
}

func (c *Compute) useDevice(w io.Writer) error {
	auto := c.Precision == "auto"
	if auto {
		c.Precision = "f16"
	}
	d, err := cuda.OpenDevice(c.Device)
	if err != nil {
		return fmt.Errorf("--device %s: %w", c.Device, err)
	}
	c.Opened = d
	if auto {
		fmt.Fprintln(w, "computing in f16, with sums in f32; --precision f32 is slower and rounds less")
	}
	return nil
}

// Close closes the device, once the pipelines on it are closed.
func (c *Compute) Close() error {
	d := c.Opened
	if c.Opened = nil; d == nil {
		return nil
	}
	return d.Close()
}

// OnDevice reports whether it is not the processor that computes. Only one pipeline
// at a time may then be open.
func (c *Compute) OnDevice() bool { return c.Opened != nil }

// Options are what makes a pipeline compute there and so.
func (c *Compute) Options() []diffusion.OpenOption {
	opts := []diffusion.OpenOption{diffusion.WithPrecision(Precisions[c.Precision])}
	if c.Opened != nil {
		opts = append(opts, diffusion.WithDevice(c.Opened))
	}
	return opts
}

// Arithmetic names what is multiplied and by what, such as "bfloat16 avx512":
// pictures of one name are the same bit for bit.
func (c *Compute) Arithmetic() string {
	precision, by := c.by()
	return precision + " " + by
}

// String says the same to people, and with how many threads.
func (c *Compute) String() string {
	precision, by := c.by()
	if c.Opened != nil {
		return precision + " on " + by
	}
	return fmt.Sprintf("%s on %s, %d threads", precision, by, kernels.Threads())
}

func (c *Compute) by() (precision, by string) {
	precision = Precisions[c.Precision].String()
	if c.Opened == nil {
		return precision, kernels.ISA()
	}
	return precision, c.Opened.Name()
}
