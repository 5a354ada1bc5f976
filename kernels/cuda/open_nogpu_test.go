//go:build !gpu

package cuda

import (
	"errors"
	"strings"
	"testing"
)

func TestOpenSaysHowToBuild(t *testing.T) {
	if _, err := Open("cuda:0"); !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), "-tags gpu") {
		t.Errorf("error %v", err)
	}
	if _, err := Open("gpu0"); err == nil || errors.Is(err, ErrNotBuilt) {
		t.Errorf("a device of no name: error %v", err)
	}
}
