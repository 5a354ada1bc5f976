package tensor

import (
	"os"
	"strconv"
	"strings"
	"testing"

	gt "gorgonia.org/tensor"
)

// TestForget checks that memory goes back, where the system tells, and that
// the numbers are there again afterwards.
func TestForget(t *testing.T) {
	const n = 8 << 20
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	path := t.TempDir() + "/big.safetensors"
	if err := Save(path, map[string]*gt.Dense{"a": FromFloat32s(v, n), "b": FromFloat32s(v[:3], 3)}, nil); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	a, err := f.Get("a")
	if err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		for i, x := range Float32s(a) {
			if x != float32(i) {
				t.Fatalf("element %d is %v", i, x)
			}
		}
	}
	check()
	before := mapped(t)
	f.Forget("a")
	f.Forget("nothing of this name")
	if after := mapped(t); before > 0 && before-after < 4*n/2 {
		t.Errorf("%d bytes of files in memory, %d after forgetting %d", before, after, 4*n)
	}
	check()
}

// mapped is how much memory of this process is mapped files, 0 where the
// system does not tell.
func mapped(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
