//go:build unix

package kerneltest

import (
	"runtime/debug"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
)

// TestDevice: numbers go to the device and come back, and nobody else sees them.
func TestDevice(t *testing.T) {
	d := NewDevice(t)
	x, err := d.Make(3)
	if err != nil {
		t.Fatal(err)
	}
	d.Upload(x, []float32{1, 2, 3})
	f, err := d.Functions(kernels.Float32)
	if err != nil {
		t.Fatal(err)
	}
	f.AddScaled(x[1:], f.Constant([]float32{10, 20}), 0.5)
	got := make([]float32, 3)
	d.Download(got, x)
	if got[0] != 1 || got[1] != 7 || got[2] != 13 {
		t.Errorf("came back as %v", got)
	}
	if !faults(func() { got[0] = x[1] }) || !faults(func() { x[1] = 0 }) {
		t.Error("the device's memory could be read or written")
	}
	if d.Held() != 5 || d.Forget() != nil || d.Held() != 3 || d.Free(x) != nil || d.Held() != 0 || d.Free(x) == nil {
		t.Errorf("%d numbers are left", d.Held())
	}
}

func faults(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	f()
	return false
}
