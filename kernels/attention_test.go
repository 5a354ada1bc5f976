package kernels

import (
	"math"
	"testing"
)

var attentionShapes = []AttentionShape{
	{B: 1, Heads: 1, Queries: 1, Keys: 1, HeadDim: 1, Scale: 1},
	{B: 2, Heads: 3, Queries: 5, Keys: 7, HeadDim: 8, Scale: 0.35},
	{B: 1, Heads: 2, Queries: 64, Keys: 77, HeadDim: 40, Scale: 0.158},
	{B: 1, Heads: 1, Queries: 33, Keys: 300, HeadDim: 10, Scale: 0.316},
	{B: 1, Heads: 2, Queries: 77, Keys: 77, HeadDim: 64, Scale: 0.125, Causal: true},
	{B: 1, Heads: 1, Queries: 270, Keys: 270, HeadDim: 5, Scale: 0.4, Causal: true},
	{B: 1, Heads: 1, Queries: 20, Keys: 9, HeadDim: 3, Scale: 0.5, Causal: true},
	{B: 1, Heads: 1, Queries: 17, Keys: 150, HeadDim: 512, Scale: 0.044},
}

func TestAttention(t *testing.T) {
	for _, s := range attentionShapes {
		q, k, v, _ := attentionInputs(s)
		ref := referenceAttention(s, q, k, v)
		everyWay(t, shapeName(s), func(t *testing.T) []float32 {
			out, lse := nan(len(q)), nan(s.B*s.Heads*s.Queries)
			Float32.Attention(out, lse, q, k, v, s)
			near(t, "out", out, ref.out, 2e-6)
			near(t, "lse", lse, ref.lse, 2e-6)
			alone := nan(len(q))
			Float32.Attention(alone, nil, q, k, v, s)
			for i := range out {
				if alone[i] != out[i] {
					t.Fatalf("without lse, out[%d] is %v instead of %v", i, alone[i], out[i])
				}
			}
			return append(out, lse...)
		})
	}
}

// TestAttentionLargeScores has scores far beyond the range of exp.
func TestAttentionLargeScores(t *testing.T) {
	s := AttentionShape{B: 1, Heads: 1, Queries: 9, Keys: 600, HeadDim: 4, Scale: 100}
	q, k, v, _ := attentionInputs(s)
	ref := referenceAttention(s, q, k, v)
	everyWay(t, "scores", func(t *testing.T) []float32 {
		out := nan(len(q))
		Float32.Attention(out, nil, q, k, v, s)
		near(t, "out", out, ref.out, 1e-4)
		return out
	})
}

func TestAttentionGrad(t *testing.T) {
	for _, s := range attentionShapes {
		q, k, v, dout := attentionInputs(s)
		ref := referenceAttention(s, q, k, v)
		dq, dk, dv := ref.grad(s, q, k, v, dout)
		everyWay(t, shapeName(s), func(t *testing.T) []float32 {
			out, lse := nan(len(q)), nan(s.B*s.Heads*s.Queries)
			Float32.Attention(out, lse, q, k, v, s)
			gq, gk, gv := nan(len(q)), nan(len(k)), nan(len(v))
			Float32.AttentionGrad(gq, gk, gv, q, k, v, out, dout, lse, s)
			near(t, "dq", gq, dq, 1e-5)
			near(t, "dk", gk, dk, 1e-5)
			near(t, "dv", gv, dv, 1e-5)
			all := append(append(append([]float32(nil), gq...), gk...), gv...)
			for skip := range 3 { // leave one out, and let lse be computed inside
				part := [][]float32{nan(len(q)), nan(len(k)), nan(len(v))}
				part[skip] = nil
				Float32.AttentionGrad(part[0], part[1], part[2], q, k, v, out, dout, nil, s)
				for i, want := range [][]float64{dq, dk, dv} {
					if part[i] != nil {
						near(t, "part", part[i], want, 1e-5)
					}
				}
			}
			return all
		})
	}
}

// TestReferenceGradient checks the reference itself by finite differences.
func TestReferenceGradient(t *testing.T) {
	s := AttentionShape{B: 1, Heads: 2, Queries: 3, Keys: 3, HeadDim: 2, Scale: 0.7, Causal: true}
	q, k, v, dout := attentionInputs(s)
	loss := func() (sum float64) {
		for i, o := range referenceAttention(s, q, k, v).out {
			sum += o * float64(dout[i])
		}
		return sum
	}
	dq, dk, dv := referenceAttention(s, q, k, v).grad(s, q, k, v, dout)
	for n, x := range [][]float32{q, k, v} {
		for i := range x {
			const h = 0x1p-10
			old := x[i]
			x[i] = old + h
			up, xUp := loss(), float64(x[i])
			x[i] = old - h
			down, xDown := loss(), float64(x[i])
			x[i] = old
			got, want := [][]float64{dq, dk, dv}[n][i], (up-down)/(xUp-xDown)
			if math.Abs(got-want) > 1e-5 {
				t.Errorf("operand %d, element %d: gradient %v, finite difference %v", n, i, got, want)
			}
		}
	}
}

func TestAttentionRefusesWrongLengths(t *testing.T) {
	s := AttentionShape{B: 1, Heads: 1, Queries: 2, Keys: 2, HeadDim: 2, Scale: 1}
	x := make([]float32, 4)
	wantPanic(t, "k", func() { Float32.Attention(x, nil, x, x[:2], x, s) })
	wantPanic(t, "lse", func() { Float32.Attention(x, x[:1], x, x, x, s) })
	s.Keys = 0
	wantPanic(t, "no keys", func() { Float32.Attention(x, nil, x, nil, nil, s) })
}

func attentionInputs(s AttentionShape) (q, k, v, dout []float32) {
	r := source("attention", s.Queries, s.Keys, s.HeadDim)
	width := s.B * s.Heads * s.HeadDim
	return random(r, s.Queries*width), random(r, s.Keys*width), random(r, s.Keys*width), random(r, s.Queries*width)
}

// near fails unless got is within tol of want, relative where want exceeds 1.
func near(t *testing.T, name string, got []float32, want []float64, tol float64) {
	t.Helper()
	for i, g := range got {
		if err := math.Abs(float64(g) - want[i]); !(err <= tol*max(1, math.Abs(want[i]))) {
			t.Fatalf("%s[%d] = %v, want %v", name, i, g, want[i])
		}
	}
}

type attentionReference struct{ out, lse, p []float64 }

// eachHead calls f for every query of every head, with the start of its row,
// of the head's keys, and its number among all.
func eachHead(s AttentionShape, f func(query, keys, number, seen int)) {
	for b := range s.B {
		for h := range s.Heads {
			for i := range s.Queries {
				seen := s.Keys
				if s.Causal {
					seen = min(i+1, s.Keys)
				}
				f(((b*s.Queries+i)*s.Heads+h)*s.HeadDim, (b*s.Keys*s.Heads+h)*s.HeadDim, (b*s.Heads+h)*s.Queries+i, seen)
			}
		}
	}
}

func referenceAttention(s AttentionShape, q, k, v []float32) attentionReference {
	n := s.B * s.Heads * s.Queries
	ref := attentionReference{make([]float64, len(q)), make([]float64, n), make([]float64, n*s.Keys)}
	stride := s.Heads * s.HeadDim
	eachHead(s, func(query, keys, number, seen int) {
		p := ref.p[number*s.Keys:][:seen]
		top, sum := math.Inf(-1), 0.0
		for j := range p {
			for c := range s.HeadDim {
				p[j] += float64(s.Scale) * float64(q[query+c]) * float64(k[keys+j*stride+c])
			}
			top = max(top, p[j])
		}
		for j := range p {
			p[j] = math.Exp(p[j] - top)
			sum += p[j]
		}
		ref.lse[number] = top + math.Log(sum)
		for j := range p {
			p[j] /= sum
			for c := range s.HeadDim {
				ref.out[query+c] += p[j] * float64(v[keys+j*stride+c])
			}
		}
	})
	return ref
}

// grad is the chain rule through the softmax, written out.
func (ref attentionReference) grad(s AttentionShape, q, k, v, dout []float32) (dq, dk, dv []float64) {
	dq, dk, dv = make([]float64, len(q)), make([]float64, len(k)), make([]float64, len(v))
	stride := s.Heads * s.HeadDim
	eachHead(s, func(query, keys, number, seen int) {
		p := ref.p[number*s.Keys:][:seen]
		dp, mean := make([]float64, seen), 0.0
		for j := range p {
			for c := range s.HeadDim {
				at := keys + j*stride + c
				dp[j] += float64(dout[query+c]) * float64(v[at])
				dv[at] += p[j] * float64(dout[query+c])
			}
			mean += p[j] * dp[j]
		}
		for j := range p {
			ds := float64(s.Scale) * p[j] * (dp[j] - mean)
			for c := range s.HeadDim {
				at := keys + j*stride + c
				dq[query+c] += ds * float64(k[at])
				dk[at] += ds * float64(q[query+c])
			}
		}
	})
	return dq, dk, dv
}
