package cli

import (
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/clip"
)

func TestWarnOfCuts(t *testing.T) {
	var out strings.Builder
	WarnOfCuts(&out, clip.DefaultTokenizer(), "prompt", "a photo of a cat")
	if out.Len() > 0 {
		t.Errorf("a short prompt: %q, want nothing", out.String())
	}
	WarnOfCuts(&out, clip.DefaultTokenizer(), "detailed prompt", strings.Repeat("very ", 75)+"ragged crack")
	for _, part := range []string{"warning: the detailed prompt", "75 tokens", "left out: ragged crack\n"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q does not say %q", out.String(), part)
		}
	}
}
