package nn

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/kerneltest"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// testDevice is a device whose memory nobody else can read, or skips the test.
func testDevice(t *testing.T) *kerneltest.Device {
	d := kerneltest.NewDevice(t)
	if d == nil {
		t.Skip("this system lacks the means for a device for tests")
	}
	return d
}

// TestDeviceTraffic: an input goes to the device once a run, however often it is
// read, and only outputs and what operations of gorgonia's own read come back.
func TestDeviceTraffic(t *testing.T) {
	d := testDevice(t)
	arena := NewArenaOn(d)
	defer arena.Close()
	p := compile(t, func(b *Build) []*G.Node {
		x := b.Input("x", 2, 3)
		return []*G.Node{SiLU(Mul(x, Add(x, Scale(x, 2)))), G.Must(G.Square(SiLU(x)))}
	}, WithArena(arena))
	x := []float32{1, -2, 0.5, 3, 0, -1}
	for run := 1; run <= 2; run++ {
		x[0] = float32(run)
		out, err := p.Run(context.Background(), map[string]*gt.Dense{"x": dense(x, gt.Shape{2, 3})})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range x {
			silu := func(x float64) float64 { return x / (1 + math.Exp(-x)) }
			want := []float64{silu(3 * float64(v) * float64(v)), math.Pow(silu(float64(v)), 2)}
			for k := range want {
				if got := out[k].Data().([]float32)[i]; math.Abs(float64(got)-want[k]) > 1e-5 {
					t.Errorf("run %d: output %d at %d is %v, want %v", run, k, i, got, want[k])
				}
			}
		}
		// The first output, and the silu that gorgonia squares.
		if d.Uploads != 6*run || d.Downloads != 12*run {
			t.Errorf("after run %d: %d numbers went up, %d came down; want %d and %d", run, d.Uploads, d.Downloads, 6*run, 12*run)
		}
	}
}

// small is a device with little memory left.
type small struct{ *kerneltest.Device }

func (small) MemInfo() (free, total uint64, err error) { return 1000, 1 << 20, nil }

func TestDeviceMemory(t *testing.T) {
	p := compile(t, func(b *Build) []*G.Node { return []*G.Node{SiLU(Affine(b.Input("x", 300), 2, 1))} },
		WithArena(NewArenaOn(small{testDevice(t)})), WithMemoryHint("buy another"))
	_, err := p.Run(context.Background(), map[string]*gt.Dense{"x": dense(make([]float32, 300), gt.Shape{300})})
	want := "nn: not enough memory: this graph needs 1.2 KiB for activations, the tests' device has 1.0 KiB to spare; " +
		"a pass with a gradient takes less, and longer, with a lower memory budget, or buy another"
	if !errors.Is(err, ErrMemory) || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// lost is a device that stops answering.
type lost struct{ *kerneltest.Device }

var errLost = errors.New("the device was lost")

func (lost) Download(dst, src []float32) error { return errLost }

func TestDeviceLost(t *testing.T) {
	p := compile(t, func(b *Build) []*G.Node { return []*G.Node{SiLU(b.Input("x", 3))} }, WithArena(NewArenaOn(lost{testDevice(t)})))
	_, err := p.Run(context.Background(), map[string]*gt.Dense{"x": dense(make([]float32, 3), gt.Shape{3})})
	if !errors.Is(err, errLost) || !strings.Contains(err.Error(), "the tests' device: the device was lost") {
		t.Errorf("error %v", err)
	}
}
