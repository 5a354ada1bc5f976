package tensor

import (
	"os"
	"path/filepath"
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
	dir, err := filepath.EvalSymlinks(t.TempDir()) // as the system tells it
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "big.safetensors")
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
	f.Forget("a")
	f.Forget("nothing of this name")
	if left := resident(t, path); left > 4*n/2 {
		t.Errorf("%d bytes of the file are in memory after forgetting %d", left, 4*n)
	}
	check()
}

// resident is how much of a file this process has in memory through mappings, 0 where the
// system does not tell.
func resident(t *testing.T, path string) (bytes int) {
	t.Helper()
	mappings, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return 0
	}
	of := "" // the file of the mapping whose lines these are
	for line := range strings.Lines(string(mappings)) {
		switch fields := strings.Fields(line); {
		case !strings.HasSuffix(fields[0], ":"):
			of = fields[len(fields)-1]
		case fields[0] == "Rss:" && of == path:
			kb, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			bytes += kb << 10
		}
	}
	return bytes
}
