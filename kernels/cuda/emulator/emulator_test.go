//go:build unix

package emulator_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/x448/float16"

	"github.com/sdgraph/sdgraph/kernels/cuda"
	"github.com/sdgraph/sdgraph/kernels/cuda/emulator"
)

var _ cuda.Driver = (*emulator.Emulator)(nil)

// start starts the emulator with the kernels that test it.
func start(t *testing.T) *emulator.Emulator {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("testdata", "selftest.cu"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Start(emulator.Options{Sanitize: true, Sources: []string{source}})
	if errors.Is(err, emulator.ErrNoCompiler) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// vector is device memory with the numbers of x.
func vector(t *testing.T, e *emulator.Emulator, x []float32) uintptr {
	t.Helper()
	bytes, err := binary.Append(nil, binary.LittleEndian, x)
	if err != nil {
		t.Fatal(err)
	}
	address, err := e.Alloc(len(bytes))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Upload(address, bytes); err != nil {
		t.Fatal(err)
	}
	return address
}

func numbers(t *testing.T, e *emulator.Emulator, address uintptr, n int) []float32 {
	t.Helper()
	bytes, x := make([]byte, 4*n), make([]float32, n)
	if err := e.Download(bytes, address); err != nil {
		t.Fatal(err)
	}
	if _, err := binary.Decode(bytes, binary.LittleEndian, x); err != nil {
		t.Fatal(err)
	}
	return x
}

func launch(t *testing.T, e *emulator.Emulator, kernel string, blocks, threads, shared uint32, args ...any) {
	t.Helper()
	if err := e.Launch(kernel, [3]uint32{blocks, 1, 1}, [3]uint32{threads, 1, 1}, shared, args...); err != nil {
		t.Fatal(err)
	}
}

func random(n int) []float32 {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// TestConversions holds the 16-bit types to another implementation, at every number that ends near a tie or a limit.
func TestConversions(t *testing.T) {
	e := start(t)
	var x []float32
	for high := range 1 << 16 {
		for _, low := range []uint32{0, 1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0xffff} {
			if f := math.Float32frombits(uint32(high)<<16 | low); f == f {
				x = append(x, f)
			}
		}
	}
	in, out := vector(t, e, x), vector(t, e, x)
	blocks := uint32((len(x) + 255) / 256)
	launch(t, e, "selftest_convert_f16", blocks, 256, 0, out, in, int32(len(x)))
	for i, got := range numbers(t, e, out, len(x)) {
		if want := float16.Fromfloat32(x[i]).Float32(); math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("f16 of %g (%#x) is %g, want %g", x[i], math.Float32bits(x[i]), got, want)
		}
	}
	launch(t, e, "selftest_convert_bf16", blocks, 256, 0, out, in, int32(len(x)))
	for i, got := range numbers(t, e, out, len(x)) {
		if want := bfloat16(x[i]); math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("bf16 of %g (%#x) is %g, want %g", x[i], math.Float32bits(x[i]), got, want)
		}
	}
}

// bfloat16 rounds by choosing the nearer of two neighbours.
func bfloat16(x float32) float32 {
	down := math.Float32bits(x) &^ 0xffff
	low, high := math.Float32frombits(down), math.Float32frombits(down+0x10000)
	if math.IsInf(float64(x), 0) {
		return x
	}
	distance := math.Ldexp(1, max(int(down>>23&0xff), 1)-127-7) // of the neighbours
	past := math.Abs(float64(x)) - math.Abs(float64(low))
	if past < distance/2 || past == distance/2 && down>>16&1 == 0 {
		return low
	}
	return high
}

func half(x float32) float64 { return float64(float16.Fromfloat32(x).Float32()) }

func TestProducts(t *testing.T) {
	e := start(t)
	a, b, c := random(16*16), random(16*8), random(16*8 + 1)[:16*8]
	d := vector(t, e, c)
	da, db, dc := vector(t, e, a), vector(t, e, b), vector(t, e, c)
	check := func(name string, c []float32) {
		t.Helper()
		for i, got := range numbers(t, e, d, 16*8) {
			want := float64(c[i])
			for k := range 16 {
				want += half(a[i/8*16+k]) * half(b[k*8+i%8])
			}
			if math.Abs(float64(got)-want) > 1e-5 {
				t.Fatalf("%s: element (%d, %d) is %g, want %g", name, i/8, i%8, got, want)
			}
		}
	}
	launch(t, e, "selftest_mma", 1, 32, 0, d, da, db, dc)
	check("mma", c)
	launch(t, e, "selftest_ldmatrix", 1, 32, 2*(256+128), d, da, db)
	check("ldmatrix", make([]float32, len(c)))
}

func TestSharedMemory(t *testing.T) {
	e := start(t)
	x := make([]float32, 3*256)
	for i := range x {
		x[i] = float32(i)
	}
	out := vector(t, e, make([]float32, 256))
	launch(t, e, "selftest_sum", 3, 256, 0, out, vector(t, e, x))
	for i, got := range numbers(t, e, out, 3) {
		if want := float32(256*i*256 + 255*128); got != want {
			t.Errorf("sum of block %d is %g, want %g", i, got, want)
		}
	}
	wrong := func(withBarrier int32) (n int) {
		launch(t, e, "selftest_rotate", 1, 256, 4*256, out, withBarrier)
		for i, got := range numbers(t, e, out, 256) {
			if got != float32((i+32)%256) {
				n++
			}
		}
		return n
	}
	if n := wrong(1); n > 0 {
		t.Errorf("%d numbers passed between warps are wrong", n)
	}
	if wrong(0) == 0 {
		t.Error("a missing barrier does not show")
	}
}

// TestCopies holds copies of cp.async to arriving when they are waited for, and those of nothing to being zeros.
func TestCopies(t *testing.T) {
	e := start(t)
	in, out := vector(t, e, []float32{1, 2, 3, 4}), vector(t, e, make([]float32, 4*32))
	launch(t, e, "selftest_copy", 1, 32, 16*32, out, in, int32(0), int32(1))
	for i, got := range numbers(t, e, out, 4*32) {
		want := float32(i%4 + 1)
		if i/4%2 != 0 {
			want = 0
		}
		if got != want {
			t.Errorf("number %d of thread %d is %g, want %g", i%4, i/4, got, want)
		}
	}
	launch(t, e, "selftest_copy", 1, 32, 16*32, out, in, int32(0), int32(0))
	for i, got := range numbers(t, e, out, 4*32) {
		if got == got {
			t.Fatalf("number %d is %g without waiting for it, want NaN", i, got)
		}
	}
}

// here stands for the address so many bytes into 64 numbers.
type here uintptr

// TestMistakes makes every mistake that the emulator says it reports. Those that end it come in emulators of their own.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name, kernel, want string
		shared             uint32
		args               []any
	}{
		{"barrier", "selftest_divergent", "selftest_divergent, block (0, 0, 0)", 0, []any{here(0)}},
		{"warp", "selftest_divergent_warp", "selftest.cu", 0, []any{here(0)}},
		{"name", "selftest_nothing", "no kernel selftest_nothing", 0, nil},
		{"kinds", "selftest_shared", "arguments of kinds f, want i", 0, []any{float32(1)}},
		{"write", "selftest_write", "heap-buffer-overflow", 0, []any{here(0), here(0), int32(64), int32(0)}},
		{"read", "selftest_write", "heap-buffer-overflow", 0, []any{here(0), here(0), int32(0), int32(-1)}},
		{"shared", "selftest_shared", "heap-buffer-overflow", 100, []any{int32(100)}},
		{"copy", "selftest_copy", "not aligned to 16", 16 * 64, []any{here(0), here(0), int32(1), int32(1)}},
		{"copy out of bounds", "selftest_copy", "heap-buffer-overflow", 16 * 64,
			[]any{here(0), here(0), int32(64), int32(1)}},
		{"copy beyond", "selftest_copy", "cp.async", 16, []any{here(0), here(0), int32(0), int32(1)}},
		{"alignment", "selftest_aligned", "misaligned", 0, []any{here(0), here(4)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := start(t)
			x := vector(t, e, make([]float32, 64))
			for i, arg := range c.args {
				if offset, ok := arg.(here); ok {
					c.args[i] = x + uintptr(offset)
				}
			}
			err := e.Launch(c.kernel, [3]uint32{1, 1, 1}, [3]uint32{64, 1, 1}, c.shared, c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	e := start(t)
	x := vector(t, e, make([]float32, 4))
	one := [3]uint32{1, 1, 1}
	for _, sizes := range [][2][3]uint32{
		{{1, 0, 1}, one}, {{1, 65536, 1}, one}, {one, {32, 0, 1}}, {one, {2048, 1, 1}}, {one, {1024, 2, 1}},
	} {
		if err := e.Launch("selftest_shared", sizes[0], sizes[1], 400, int32(1)); err == nil {
			t.Errorf("a grid of %v blocks of %v threads is no error", sizes[0], sizes[1])
		}
	}
	if err := e.Upload(x+8, make([]byte, 12)); err == nil {
		t.Error("an upload beyond an allocation is no error")
	}
	if err := e.Free(x + 4); err == nil {
		t.Error("freeing what was not allocated is no error")
	}
}
