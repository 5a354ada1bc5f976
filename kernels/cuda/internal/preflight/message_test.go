package preflight

import (
	"strings"
	"testing"
)

func TestMessageNamesACause(t *testing.T) {
	for _, c := range []struct {
		code int
		set  bool
		want string
	}{
		{stubLibrary, false, "LD_LIBRARY_PATH"},
		{noDevice, false, "finds no GPU: nvidia-smi"},
		{noDevice, true, `CUDA_VISIBLE_DEVICES="7"`},
		{systemNotReady, false, "nvidia-fabricmanager"},
		{driverMismatch, false, "restart"},
		{notOnDevice, false, "cuda-compat"},
		{999, false, "nvidia-smi"},
	} {
		got := message(c.code, "CUDA_ERROR_OF_SOME_KIND", "7", c.set)
		for _, want := range []string{c.want, "CUDA_ERROR_OF_SOME_KIND", "without -tags gpu"} {
			if !strings.Contains(got, want) {
				t.Errorf("code %d: no %q in:\n%s", c.code, want, got)
			}
		}
	}
}
