//go:build unix

package main

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/cuda"
	"github.com/sdgraph/sdgraph/kernels/cuda/emulator"
)

// testGPU is the GPU that SDGRAPH_TEST_DEVICE names, in tests with the tag gpu, or one that a program of this machine
// emulates; the test is skipped where there is neither.
func testGPU(t *testing.T) *cuda.Device {
	t.Helper()
	var driver cuda.Driver
	var err error
	if name := os.Getenv("SDGRAPH_TEST_DEVICE"); name != "" {
		driver, err = cuda.Open(name)
	} else {
		driver, err = emulator.Start(emulator.Options{Sanitize: true})
	}
	if errors.Is(err, emulator.ErrNoCompiler) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	d := cuda.New(driver)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// everything reports whether tests may take many minutes on an emulated GPU.
func everything() bool {
	return os.Getenv("CUDA_EMULATE_ALL") != "" || os.Getenv("SDGRAPH_TEST_DEVICE") != ""
}

// TestGPU runs whole models, with gradients and attention maps, on the kernels for GPUs and compares them with PyTorch.
// An emulated GPU takes minutes for all of them, so the UNet and the decoder are left to CUDA_EMULATE_ALL=1 in float32.
func TestGPU(t *testing.T) {
	if testing.Short() {
		t.Skip("compiling and emulating the kernels takes minutes")
	}
	d := testGPU(t)
	slow := []string{"f32/unet", "f32/vae-decode", "f16/vae-decode"}
	for _, c := range []struct {
		name    string
		float16 bool
		rtol    float64
	}{{"f32", false, 1e-4}, {"f16", true, 1e-2}} {
		for _, component := range []string{"unet", "vae-decode", "vae-encode", "text", "image"} {
			name := c.name + "/" + component
			t.Run(name, func(t *testing.T) {
				if slices.Contains(slow, name) && !everything() {
					t.Skip("CUDA_EMULATE_ALL=1 runs this")
				}
				o := options{Model: model("a"), Run: component, Rtol: c.rtol, Float16: c.float16, device: d,
					In: golden("a", component+"_in.safetensors"), Ref: golden("a", component+"_ref.safetensors")}
				if err := run(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// TestAnomalyAnyOnGPU does the same for a whole run.
func TestAnomalyAnyOnGPU(t *testing.T) {
	if !everything() {
		t.Skip("CUDA_EMULATE_ALL=1 runs this")
	}
	d := testGPU(t)
	err := run(t.Context(), options{Model: model("a"), Run: "anomalyany", Rtol: 1e-2, device: d, Config: golden("a", "anomalyany.json"),
		In: golden("a", "anomalyany_in.safetensors"), Ref: golden("a", "anomalyany_ref.safetensors")})
	if err != nil {
		t.Fatal(err)
	}
}
