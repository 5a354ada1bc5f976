package cli

import (
	"fmt"
	"io"

	"github.com/sdgraph/sdgraph/kernels"
)

// Precision is the flag that says what is multiplied, for programs to embed.
type Precision struct {
	Precision string `default:"auto" enum:"auto,f32,bf16" help:"What is multiplied: f32, or bf16, which is faster and has 8 bits; auto is bf16 where the processor multiplies it (AVX512_BF16)." json:"precision"`
}

// Use makes the kernels multiply so. Where the choice was left to the program it
// becomes the one that was made, and w is told.
func (p *Precision) Use(w io.Writer) error {
	err := kernels.SetBFloat16(p.Precision == "bf16" || p.Precision == "auto")
	switch {
	case p.Precision != "auto" && err != nil:
		return fmt.Errorf("--precision %s: %w", p.Precision, err)
	case p.Precision != "auto":
		return nil
	case err != nil:
		p.Precision = "f32"
		fmt.Fprintln(w, "computing in f32: this processor does not multiply bf16")
	default:
		p.Precision = "bf16"
		fmt.Fprintln(w, "computing in bf16, with sums in f32; --precision f32 is slower and rounds less")
	}
	return nil
}
