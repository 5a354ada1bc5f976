package cli

import (
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
)

func TestCompute(t *testing.T) {
	_, err := kernels.CPU(kernels.BFloat16)
	able := err == nil
	for _, c := range []struct {
		given, used string
		fails       bool
	}{
		{given: "f32", used: "f32"},
		{given: "bf16", used: "bf16", fails: !able},
		{given: "f16", used: "f16", fails: true},
	} {
		var out strings.Builder
		p := Compute{Device: "cpu", Precision: c.given}
		err := p.Use(&out)
		if (err != nil) != c.fails || p.Precision != c.used || out.Len() > 0 {
			t.Errorf("%s became %s, said %q, error %v", c.given, p.Precision, out.String(), err)
		}
		if c.fails && !strings.Contains(err.Error(), "--precision "+c.given+": ") {
			t.Errorf("error %q does not name the flag", err)
		}
	}
}

// TestComputeChooses leaves the choice to the program, which measures: both answers are right, but what it says and
// what it does is one.
func TestComputeChooses(t *testing.T) {
	var out strings.Builder
	p := Compute{Device: "cpu", Precision: "auto"}
	if err := p.Use(&out); err != nil {
		t.Fatal(err)
	}
	multiplies := map[string]string{"f32": "float32", "bf16": "bfloat16"}[p.Precision]
	if !strings.HasPrefix(p.Arithmetic(), multiplies+" ") || !strings.Contains(out.String(), "computing in "+p.Precision) {
		t.Errorf("auto became %s, said %q, and products are called %s", p.Precision, out.String(), p.Arithmetic())
	}
}
