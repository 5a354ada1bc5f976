package diffusion

import (
	"fmt"
	"testing"

	"github.com/sdgraph/sdgraph/nn"
)

// TestPrograms keeps the programs that were used last, and no more than the bound.
func TestPrograms(t *testing.T) {
	var c programs[int]
	compiled := 0
	get := func(key int) *nn.Program {
		p, err := c.get(key, func() (*nn.Program, error) { compiled++; return new(nn.Program), nil })
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := get(0)
	for key := 1; key < 10*mostPrograms; key++ {
		get(key)
		if get(0) != first {
			t.Fatalf("a program that is used all the time was compiled again after %d others", key)
		}
	}
	if len(c.kept) != mostPrograms || len(c.used) != mostPrograms {
		t.Errorf("%d programs are kept under %d keys, want %d", len(c.kept), len(c.used), mostPrograms)
	}
	if compiled != 10*mostPrograms {
		t.Errorf("%d compilations of %d programs", compiled, 10*mostPrograms)
	}
	if get(1); compiled != 10*mostPrograms+1 {
		t.Error("the program that was not used for longest is still there")
	}
	if _, err := c.get(-1, func() (*nn.Program, error) { return nil, fmt.Errorf("no") }); err == nil || c.kept[-1] != nil {
		t.Error("a program that was not compiled is kept")
	}
}
