package cli

import (
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
)

func TestCompute(t *testing.T) {
	t.Cleanup(func() { kernels.SetBFloat16(false) })
	able := kernels.SetBFloat16(true) == nil
	auto := "f32"
	if kernels.BFloat16Peak() > kernels.Peak() {
		auto = "bf16"
	}
	for _, c := range []struct {
		given, used string
		fails, says bool
	}{
		{given: "f32", used: "f32"},
		{given: "bf16", used: "bf16", fails: !able},
		{given: "auto", used: auto, says: true},
		{given: "f16", used: "f16", fails: true},
	} {
		var out strings.Builder
		p := Compute{Device: "cpu", Precision: c.given}
		err := p.Use(&out)
		if (err != nil) != c.fails || p.Precision != c.used || strings.Contains(out.String(), "computing in "+c.used) != c.says {
			t.Errorf("%s became %s, said %q, error %v", c.given, p.Precision, out.String(), err)
		}
		if c.fails && !strings.Contains(err.Error(), "--precision "+c.given+": ") {
			t.Errorf("error %q does not name the flag", err)
		}
	}
}
