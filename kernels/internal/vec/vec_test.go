package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/isa"
)

// eachSet runs a test on every implementation that this machine can run.
func eachSet(t *testing.T, test func(t *testing.T, f *functions)) {
	for _, level := range isa.Supported() {
		t.Run(level.String(), func(t *testing.T) { test(t, sets[level]) })
	}
}

func TestAssemblyIsUsed(t *testing.T) {
	for _, level := range isa.Supported() {
		if level != isa.PureGo && sets[level] == &pureGo {
			t.Errorf("%v runs the pure Go loops", level)
		}
	}
}

// vector is numbers between guard words. The words are NaNs, so that using one shows.
type vector []float32

const guard = 24

var guardWord = math.Float32frombits(0x7fc0dead)

func newVector(r *rand.Rand, n int) vector {
	v := make(vector, guard+n+guard)
	for i := range v {
		v[i] = guardWord
	}
	for i := range v.values() {
		v.values()[i] = float32(r.NormFloat64() * 2)
	}
	return v
}

func (v vector) values() []float32 { return v[guard : len(v)-guard : len(v)-guard] }

func (v vector) intact() bool {
	for i := range guard {
		for _, w := range []float32{v[i], v[len(v)-1-i]} {
			if math.Float32bits(w) != math.Float32bits(guardWord) {
				return false
			}
		}
	}
	return true
}

func cdf(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func swishSlope64(z float64) float64 { return sigmoid(z) * (1 + z*(1-sigmoid(z))) }

// TestElementwise compares with float64 at every length up to a few vectors. o is the output's old value, which only
// addScaled reads.
func TestElementwise(t *testing.T) {
	const f, g, h = 0.75, -1.25, 0.5
	eachSet(t, func(t *testing.T, s *functions) {
		tests := []struct {
			name string
			run  func(out []float32, v [][]float32)
			want func(o float64, v []float64) float64
		}{
			{"add", func(out []float32, v [][]float32) { s.add(out, v[0], v[1]) },
				func(o float64, v []float64) float64 { return v[0] + v[1] }},
			{"mul", func(out []float32, v [][]float32) { s.mul(out, v[0], v[1]) },
				func(o float64, v []float64) float64 { return v[0] * v[1] }},
			{"scale", func(out []float32, v [][]float32) { s.scale(out, v[0], f) },
				func(o float64, v []float64) float64 { return v[0] * f }},
			{"addScaled", func(out []float32, v [][]float32) { s.addScaled(out, v[0], f) },
				func(o float64, v []float64) float64 { return o + v[0]*f }},
			{"affine", func(out []float32, v [][]float32) { s.affine(out, v[0], v[1], v[2]) },
				func(o float64, v []float64) float64 { return v[1]*v[0] + v[2] }},
			{"affineSiLU", func(out []float32, v [][]float32) { s.affineSiLU(out, v[0], v[1], v[2]) },
				func(o float64, v []float64) float64 { y := v[1]*v[0] + v[2]; return y * sigmoid(y) }},
			{"affineSiLUGrad", func(out []float32, v [][]float32) { s.affineSiLUGrad(out, v[3], v[0], v[1], v[2]) },
				func(o float64, v []float64) float64 { return v[3] * swishSlope64(v[1]*v[0]+v[2]) }},
			{"normalize", func(out []float32, v [][]float32) { s.normalize(out, v[0], v[1], v[2], f, g) },
				func(o float64, v []float64) float64 { return (v[0]-f)*g*v[1] + v[2] }},
			{"combineDev", func(out []float32, v [][]float32) { s.combineDev(out, v[0], v[1], f, g, h, 2) },
				func(o float64, v []float64) float64 { return f*(v[0]-g) + h*(v[1]-2) }},
			{"combineColumns", func(out []float32, v [][]float32) { s.combineColumns(out, v[0], v[1], v[2], v[3], v[4]) },
				func(o float64, v []float64) float64 { return v[2]*v[0] + v[3]*v[1] + v[4] }},
			{"mulDev", func(out []float32, v [][]float32) { s.mulDev(out, v[0], v[1], f) },
				func(o float64, v []float64) float64 { return v[0] * (v[1] - f) }},
			{"clamp", func(out []float32, v [][]float32) { s.clamp(out, v[0], g, f) },
				func(o float64, v []float64) float64 { return min(max(v[0], g), f) }},
			{"larger", func(out []float32, v [][]float32) { s.larger(out, v[0], v[1]) },
				func(o float64, v []float64) float64 { return max(v[0], v[1]) }},
			{"exp", func(out []float32, v [][]float32) { s.exp(out, v[0]) },
				func(o float64, v []float64) float64 { return math.Exp(v[0]) }},
			{"swish", func(out []float32, v [][]float32) { s.swish(out, v[0], g) },
				func(o float64, v []float64) float64 { return v[0] * sigmoid(g*v[0]) }},
			{"swishGrad", func(out []float32, v [][]float32) { s.swishGrad(out, v[1], v[0], g) },
				func(o float64, v []float64) float64 { return v[1] * swishSlope64(g*v[0]) }},
			{"gelu", func(out []float32, v [][]float32) { s.gelu(out, v[0]) },
				func(o float64, v []float64) float64 { return v[0] * cdf(v[0]) }},
			{"geluGrad", func(out []float32, v [][]float32) { s.geluGrad(out, v[1], v[0]) },
				func(o float64, v []float64) float64 {
					return v[1] * (cdf(v[0]) + v[0]*math.Exp(-v[0]*v[0]/2)/math.Sqrt(2*math.Pi))
				}},
		}
		for _, tt := range tests {
			for n := range 70 {
				checkElementwise(t, fmt.Sprintf("%s of %d", tt.name, n), n, tt.run, tt.want)
			}
		}
	})
}

func checkElementwise(t *testing.T, name string, n int, run func(out []float32, v [][]float32),
	want func(o float64, v []float64) float64) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(n), 0))
	out, operands := newVector(r, n), make([][]float32, 5)
	for k := range operands {
		operands[k] = newVector(r, n).values()
	}
	old := append([]float32(nil), out.values()...)
	run(out.values(), operands)
	if !out.intact() {
		t.Fatalf("%s wrote outside its result", name)
	}
	v := make([]float64, len(operands))
	for i, got := range out.values() {
		for k := range v {
			v[k] = float64(operands[k][i])
		}
		w := want(float64(old[i]), v)
		if err := math.Abs(float64(got) - w); !(err <= 2e-6*max(1, math.Abs(w))) {
			t.Fatalf("%s: element %d is %g, want %g", name, i, got, w)
		}
	}
}

// TestReductions compares with float64 at every length up to a few unrolled loops and at one long one.
func TestReductions(t *testing.T) {
	const m = 0.75
	eachSet(t, func(t *testing.T, s *functions) {
		tests := []struct {
			name    string
			run     func(a, b []float32) float32
			initial float64
			step    func(acc, a, b float64) float64
		}{
			{"sum", func(a, b []float32) float32 { return s.sum(a) }, 0,
				func(acc, a, b float64) float64 { return acc + a }},
			{"max", func(a, b []float32) float32 { return s.max(a) }, math.Inf(-1),
				func(acc, a, b float64) float64 { return max(acc, a) }},
			{"dot", func(a, b []float32) float32 { return s.dot(a, b) }, 0,
				func(acc, a, b float64) float64 { return acc + a*b }},
			{"sumSquareDev", func(a, b []float32) float32 { return s.sumSquareDev(a, m) }, 0,
				func(acc, a, b float64) float64 { return acc + (a-m)*(a-m) }},
			{"dotDev", func(a, b []float32) float32 { return s.dotDev(a, b, m) }, 0,
				func(acc, a, b float64) float64 { return acc + a*(b-m) }},
			{"expSub", func(a, b []float32) float32 { return s.expSub(make([]float32, len(a)), a, m) }, 0,
				func(acc, a, b float64) float64 { return acc + math.Exp(a-m) }},
		}
		for _, tt := range tests {
			for n := range 150 {
				if n == 149 {
					n = 4001
				}
				r := rand.New(rand.NewPCG(uint64(n), 1))
				a, b := newVector(r, n).values(), newVector(r, n).values()
				for i := range a {
					a[i] -= 9 // all negative: a stray zero would be the largest
				}
				want, size := tt.initial, 1.0
				for i := range a {
					next := tt.step(want, float64(a[i]), float64(b[i]))
					if tt.name != "max" {
						size += math.Abs(next - want)
					}
					want = next
				}
				got := float64(tt.run(a, b))
				if !(got == want || math.Abs(got-want) <= 1e-6*size) {
					t.Fatalf("%s of %d elements is %g, want %g", tt.name, n, got, want)
				}
			}
		}
	})
}

func TestColumnSums(t *testing.T) {
	eachSet(t, func(t *testing.T, s *functions) {
		for n := 1; n < 70; n++ {
			for _, rows := range []int{0, 1, 2, 8} {
				r := rand.New(rand.NewPCG(uint64(n), 2))
				sum, second, shift := newVector(r, n), newVector(r, n), newVector(r, n).values()
				d, x := newVector(r, rows*n).values(), newVector(r, rows*n).values()
				for _, kernel := range []string{"moments", "comoments"} {
					wantSum, wantSecond := wide(sum.values()), wide(second.values())
					for i := range x {
						j := i % n
						dev, y := float64(x[i])-float64(shift[j]), float64(d[i])
						if kernel == "moments" {
							y = dev
						}
						wantSum[j] += y
						wantSecond[j] += y * dev
					}
					if kernel == "moments" {
						s.moments(sum.values(), second.values(), shift, x)
					} else {
						s.comoments(sum.values(), second.values(), shift, d, x)
					}
					for j := range n {
						a, b := float64(sum.values()[j]), float64(second.values()[j])
						if !(math.Abs(a-wantSum[j]) < 1e-5) || !(math.Abs(b-wantSecond[j]) < 1e-4) {
							t.Fatalf("%s, column %d of %d, %d rows: %g and %g, want %g and %g",
								kernel, j, n, rows, a, b, wantSum[j], wantSecond[j])
						}
					}
					if !sum.intact() || !second.intact() {
						t.Fatalf("%s, %d columns: wrote outside its results", kernel, n)
					}
				}
			}
		}
	})
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestExpEverywhere samples all bit patterns: within 2 ulp, subnormal results included, and -Inf, +Inf and NaN as they
// should be.
func TestExpEverywhere(t *testing.T) {
	var x []float32
	for bits := uint64(0); bits < 1<<32; bits += 4099 {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	inf := float32(math.Inf(1))
	x = append(x, -inf, inf, float32(math.NaN()), 0, 88.72283, 88.72284, -87.33654, -103.97208, -104)
	for v := float32(-105); v < 90; v += 0.0007 {
		x = append(x, v)
	}
	eachSet(t, func(t *testing.T, s *functions) {
		out := make([]float32, len(x))
		s.exp(out, x)
		worst, at := 0.0, float32(0)
		for i, got := range out {
			want := math.Exp(float64(x[i]))
			if got != got || want != want {
				if (got != got) != (want != want) {
					t.Fatalf("e^%g is %g, want %g", x[i], got, want)
				}
				continue
			}
			if want > math.MaxFloat32 {
				if got < math.MaxFloat32 {
					t.Fatalf("e^%g is %g, want more than that", x[i], got)
				}
				continue
			}
			ulp := max(math.Exp2(math.Floor(math.Log2(max(want, 1e-300)))-23), 0x1p-149)
			if err := math.Abs(float64(got)-want) / ulp; err > worst {
				worst, at = err, x[i]
			}
		}
		if !(worst <= 2) {
			t.Errorf("e^%g is %.2f ulp off", at, worst)
		}
		t.Logf("largest error %.2f ulp", worst)
	})
}

// TestGELUAccuracy holds GELU and its slope to 1e-6·max(1, |x|), and GELU's left tail to a small relative error.
func TestGELUAccuracy(t *testing.T) {
	var x, ones []float32
	for v := float32(-20); v < 20; v += 0.0003 {
		x, ones = append(x, v), append(ones, 1)
	}
	eachSet(t, func(t *testing.T, s *functions) {
		y, d := make([]float32, len(x)), make([]float32, len(x))
		s.gelu(y, x)
		s.geluGrad(d, ones, x)
		for i := range x {
			v := float64(x[i])
			want, slope := v*cdf(v), cdf(v)+v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)
			if err := math.Abs(float64(y[i]) - want); err > 4e-7*max(1, math.Abs(v)) {
				t.Fatalf("gelu(%g) is %g, want %g", v, y[i], want)
			}
			if err := math.Abs(float64(y[i])/want - 1); v < -0.1 && v > -10 && err > 1e-5 {
				t.Fatalf("gelu(%g) is %g, want %g", v, y[i], want)
			}
			if err := math.Abs(float64(d[i]) - slope); err > 4e-7*max(1, math.Abs(v)) {
				t.Fatalf("gelu'(%g) is %g, want %g", v, d[i], slope)
			}
		}
	})
}

// TestActivationTails: far out on both sides the activations are 0 or x and their slopes 0 or 1, and a NaN stays one.
func TestActivationTails(t *testing.T) {
	x := []float32{-200, -1e30, 200, 1e30, float32(math.NaN())}
	ones := []float32{1, 1, 1, 1, 1}
	eachSet(t, func(t *testing.T, s *functions) {
		for name, run := range map[string]func(y, d []float32){
			"gelu":  func(y, d []float32) { s.gelu(y, x); s.geluGrad(d, ones, x) },
			"swish": func(y, d []float32) { s.swish(y, x, 1); s.swishGrad(d, ones, x, 1) },
		} {
			y, d := make([]float32, len(x)), make([]float32, len(x))
			run(y, d)
			for i := range 4 {
				wantY, wantD := float32(0), float32(0)
				if x[i] > 0 {
					wantY, wantD = x[i], 1
				}
				if y[i] != wantY || d[i] != wantD {
					t.Errorf("%s(%g) is %g with slope %g, want %g and %g", name, x[i], y[i], d[i], wantY, wantD)
				}
			}
			if y[4] == y[4] || d[4] == d[4] {
				t.Errorf("%s(NaN) is %g with slope %g", name, y[4], d[4])
			}
		}
	})
}

// half is binary16 as IEEE 754 defines it.
func half(h uint16) float64 {
	sign, e, f := 1-2*float64(h>>15), int(h>>10&31), float64(h&1023)
	switch {
	case e == 0:
		return sign * math.Ldexp(f, -24)
	case e < 31:
		return sign * math.Ldexp(1024+f, e-25)
	case f == 0:
		return sign * math.Inf(1)
	}
	return math.NaN()
}

// TestConversions converts every number there is, and every short length.
func TestConversions(t *testing.T) {
	all := make([]uint16, 1<<16)
	for i := range all {
		all[i] = uint16(i)
	}
	eachSet(t, func(t *testing.T, s *functions) {
		for name, tt := range map[string]struct {
			run  func(dst []float32, src []uint16)
			want func(h uint16) float64
		}{
			"float16":  {s.float16, half},
			"bfloat16": {s.bfloat16, func(h uint16) float64 { return float64(math.Float32frombits(uint32(h) << 16)) }},
		} {
			check := func(src []uint16) {
				dst := newVector(rand.New(rand.NewPCG(1, 1)), len(src))
				tt.run(dst.values(), src)
				for i, got := range dst.values() {
					want := tt.want(src[i])
					same := float64(got) == want && math.Signbit(float64(got)) == math.Signbit(want)
					if !same && (got == got || want == want) {
						t.Fatalf("%s: %#04x is %g, want %g", name, src[i], got, want)
					}
				}
				if !dst.intact() {
					t.Fatalf("%s: wrote outside its result of %d", name, len(src))
				}
			}
			check(all)
			for n := range 40 {
				check(all[0x3bf1:][:n])
			}
		}
	})
}
