package kernels

import "testing"

// TestAttentionTokens compares with the columns of the whole matrix, and its
// gradient with the softmax's, computed in float64.
func TestAttentionTokens(t *testing.T) {
	for _, s := range attentionShapes {
		q, k, v, _ := attentionInputs(s)
		ref := referenceAttention(s, q, k, v)
		tokens := []int{s.Keys - 1, 0, s.Keys / 2, 0} // in any order, one of them twice
		rows := s.B * s.Heads * s.Queries
		dp := make([]float32, rows*len(tokens))
		want := make([]float64, len(dp))
		for i := range dp {
			dp[i] = float32(i%7) - 2.5
			want[i] = ref.p[i/len(tokens)*s.Keys+tokens[i%len(tokens)]]
		}
		dq, dk := tokensGradient(s, ref.p, q, k, dp, tokens)
		everyWay(t, shapeName(s), func(t *testing.T) []float32 {
			p := nan(len(dp))
			AttentionTokens(p, q, k, tokens, s)
			near(t, "p", p, want, 3e-6)
			gq, gk := nan(len(q)), nan(len(k))
			Float32.AttentionTokensGrad(gq, gk, q, k, dp, tokens, s)
			near(t, "dq", gq, dq, 2e-5)
			near(t, "dk", gk, dk, 2e-5)
			onlyQ, onlyK := nan(len(q)), nan(len(k))
			Float32.AttentionTokensGrad(onlyQ, nil, q, k, dp, tokens, s)
			Float32.AttentionTokensGrad(nil, onlyK, q, k, dp, tokens, s)
			near(t, "dq alone", onlyQ, dq, 2e-5)
			near(t, "dk alone", onlyK, dk, 2e-5)
			return append(append(p, gq...), gk...)
		})
	}
}

// tokensGradient is dq and dk by way of the gradient of every score.
func tokensGradient(s AttentionShape, p []float64, q, k, dp []float32, tokens []int) (dq, dk []float64) {
	dq, dk = make([]float64, len(q)), make([]float64, len(k))
	n, width := len(tokens), s.Heads*s.HeadDim
	for row := range s.B * s.Heads * s.Queries {
		p, all := p[row*s.Keys:][:s.Keys], make([]float64, s.Keys)
		sum := 0.0
		for t, j := range tokens {
			all[j] += float64(dp[row*n+t])
			sum += float64(dp[row*n+t]) * p[j]
		}
		b, h, i := row/s.Queries/s.Heads, row/s.Queries%s.Heads, row%s.Queries
		for j := range all {
			score := p[j] * (all[j] - sum) * float64(s.Scale)
			for d := range s.HeadDim {
				qi, kj := (b*s.Queries+i)*width+h*s.HeadDim+d, (b*s.Keys+j)*width+h*s.HeadDim+d
				dq[qi] += score * float64(k[kj])
				dk[kj] += score * float64(q[qi])
			}
		}
	}
	return dq, dk
}

func TestAttentionTokensRefuses(t *testing.T) {
	s := AttentionShape{B: 1, Heads: 1, Queries: 2, Keys: 3, HeadDim: 1, Scale: 1}
	q, k := make([]float32, 2), make([]float32, 3)
	for name, f := range map[string]func(){
		"token":    func() { AttentionTokens(make([]float32, 2), q, k, []int{3}, s) },
		"negative": func() { Float32.AttentionTokensGrad(q, k, q, k, make([]float32, 2), []int{-1}, s) },
		"length":   func() { AttentionTokens(make([]float32, 3), q, k, []int{1}, s) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
