package tensor

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	gt "gorgonia.org/tensor"
)

var dtypes = []gt.Dtype{gt.Float32, Float16, BFloat16}

// TestToBF16 compares with the definition: of the two BF16 around a float32 the
// nearer one, and the even one where both are as near.
func TestToBF16(t *testing.T) {
	for i := range 1 << 16 {
		lower := BF16(i)
		f := lower.Float32()
		switch {
		case f != f:
			if got := ToBF16(f).Float32(); got == got {
				t.Fatalf("NaN %04x becomes %v", i, got)
			}
			continue
		case ToBF16(f) != lower:
			t.Fatalf("%v becomes %04x, want %04x", f, ToBF16(f), i)
		case math.IsInf(float64(f), 0):
			continue
		}
		even := lower + lower&1
		for offset, want := range map[uint32]BF16{1: lower, 0x7fff: lower, 0x8000: even, 0x8001: lower + 1, 0xffff: lower + 1} {
			f := math.Float32frombits(uint32(i)<<16 + offset)
			if got := ToBF16(f); got != want {
				t.Fatalf("%v (%08x) becomes %04x, want %04x", f, math.Float32bits(f), got, want)
			}
		}
	}
	onlyLowBits := math.Float32frombits(0x7f800001)
	if got := ToBF16(onlyLowBits).Float32(); got == got {
		t.Errorf("a NaN with a payload in its lower half becomes %v", got)
	}
}

func TestFromFloat32sAsRounds(t *testing.T) {
	// 1 + 2^-11 lies between two float16, 1 + 3·2^-11 too; likewise 2^-8 for BF16.
	v := []float32{1 + 1./(1<<11), 1 + 3./(1<<11), 1 + 1./(1<<8), 1 + 3./(1<<8), 65520}
	got := Float32s(FromFloat32sAs(Float16, v, 5))
	want := []float32{1, 1 + 2./(1<<10), 1 + 1./(1<<8), 1 + 3./(1<<8), float32(math.Inf(1))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Float16 (-want +got):\n%s", diff)
	}
	got = Float32s(FromFloat32sAs(BFloat16, v, 5))
	want = []float32{1, 1, 1, 1 + 2./(1<<7), 65536}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("BFloat16 (-want +got):\n%s", diff)
	}
}

// TestViews reads tensors whose memory is not in row-major order, and scalars,
// all of which gorgonia hands out in ways of their own.
func TestViews(t *testing.T) {
	numbers := []float32{1, 2, 3, 4, 5, 6}
	for _, dtype := range dtypes {
		d := FromFloat32sAs(dtype, numbers, 2, 3)
		transposed := d.Clone().(*gt.Dense)
		if err := transposed.T(); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			d    *gt.Dense
			want []float32
		}{
			"whole":      {d, numbers},
			"transposed": {transposed, []float32{1, 4, 2, 5, 3, 6}},
			"row":        {slice(t, d, gt.S(1)), []float32{4, 5, 6}},
			"column":     {slice(t, d, nil, gt.S(1)), []float32{2, 5}},
			"block":      {slice(t, d, nil, gt.S(1, 3)), []float32{2, 3, 5, 6}},
			"element":    {slice(t, d, gt.S(1), gt.S(1)), []float32{5}},
			"scalar":     {FromFloat32sAs(dtype, []float32{7}), []float32{7}},
			"one number": {FromFloat32sAs(dtype, []float32{7}, 1, 1), []float32{7}},
		} {
			t.Run(dtype.Name()+" "+name, func(t *testing.T) {
				got := make([]float32, len(c.want))
				Elements(c.d).Float32(got)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("Elements (-want +got):\n%s", diff)
				}
				f := ToFloat32(c.d)
				if diff := cmp.Diff(c.want, Float32s(f)); diff != "" {
					t.Errorf("ToFloat32 (-want +got):\n%s", diff)
				}
				if !f.Shape().Eq(c.d.Shape()) {
					t.Errorf("ToFloat32 has shape %v, want %v", f.Shape(), c.d.Shape())
				}
			})
		}
	}
}

func slice(t *testing.T, d *gt.Dense, s ...gt.Slice) *gt.Dense {
	t.Helper()
	v, err := d.Slice(s...)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*gt.Dense)
}

func TestNothingIsCopiedWithoutNeed(t *testing.T) {
	v := []float32{1, 2, 3, 4}
	d := FromFloat32s(v, 2, 2)
	v[0] = 9
	if got := Float32s(d)[0]; got != 9 {
		t.Errorf("FromFloat32s copied: %v", got)
	}
	if ToFloat32(d) != d {
		t.Error("ToFloat32 copied a float32 tensor")
	}
	scalar := []float32{1}
	d = FromFloat32s(scalar)
	scalar[0] = 2
	if got := Float32s(d)[0]; got != 2 {
		t.Errorf("a scalar was copied: %v", got)
	}
	copied := FromFloat32sAs(gt.Float32, v, 4)
	v[0] = 3
	if got := Float32s(copied)[0]; got != 9 {
		t.Errorf("FromFloat32sAs did not copy: %v", got)
	}
}

// TestNoTensor makes none of numbers that do not fit, and reads none where there
// is none.
func TestNoTensor(t *testing.T) {
	six := make([]float32, 6)
	for _, shape := range [][]int{{5}, {}, {2, 2}, {-2, -3}, {-6}, {0}, {1 << 62, 4, 6}, {1 << 32, 1 << 32}} {
		if d := FromFloat32s(six, shape...); d != nil {
			t.Errorf("6 numbers have shape %v", d.Shape())
		}
		if d := FromFloat32sAs(Float16, six, shape...); d != nil {
			t.Errorf("6 numbers in Float16 have shape %v", d.Shape())
		}
	}
	if d := FromFloat32sAs(gt.Int, six, 6); d != nil {
		t.Errorf("there is a tensor of %v", d.Dtype())
	}
	doubles := gt.New(gt.WithShape(3), gt.WithBacking([]float64{1, math.NaN(), math.Inf(1)}))
	for name, d := range map[string]*gt.Dense{
		"nil": nil, "zero": {}, "doubles": doubles, "integers": gt.New(gt.WithShape(2), gt.WithBacking([]int{1, 2})),
	} {
		if Elements(d).Len() != 0 || ToFloat32(d) != nil || Float32s(d) != nil {
			t.Errorf("%s: there are numbers", name)
		}
		want := -1
		if d == doubles {
			want = 1
		}
		if at := NonFinite(d); at != want {
			t.Errorf("%s: NonFinite is %d, want %d", name, at, want)
		}
	}
}

func TestBF16Prints(t *testing.T) {
	if got := ToBF16(1.5).String(); got != "1.5" {
		t.Errorf("got %q", got)
	}
}

func TestTensorsWithoutNumbers(t *testing.T) {
	for _, dtype := range dtypes {
		d := FromFloat32sAs(dtype, nil, 3, 0)
		if n := Elements(d).Len(); n != 0 {
			t.Errorf("%v: Elements has %d", dtype, n)
		}
		if f := ToFloat32(d); !f.Shape().Eq(d.Shape()) || len(Float32s(f)) != 0 {
			t.Errorf("%v: ToFloat32 is %v", dtype, f.Shape())
		}
		if at := NonFinite(d); at != -1 {
			t.Errorf("%v: NonFinite is %d", dtype, at)
		}
	}
}
