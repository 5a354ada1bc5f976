package diffusion

import "math"

// adam moves numbers against the gradient of a loss (Kingma and Ba, arXiv 1412.6980, algorithm 1), with the authors' β of
// 0.9 and 0.999 and ε of 1e-8.
type adam struct {
	parameters    []Parameter
	gradients     [][]float32 // of each parameter, summed up
	first, second [][]float32 // moments
}

const (
	adamBeta1, adamBeta2 = 0.9, 0.999
	adamEpsilon          = 1e-8
)

func newAdam(parameters []Parameter) (adam, error) {
	a := adam{parameters: parameters}
	names := map[string]bool{}
	for _, p := range parameters {
		n := 1
		for _, s := range p.Shape {
			n *= s
		}
		if p.Name == "" || names[p.Name] || n != len(p.Values) || n == 0 {
			return a, badArgument("a parameter %q of shape %v with %d numbers: want names that differ, and as many numbers as the shape has", p.Name, p.Shape, len(p.Values))
		}
		names[p.Name] = true
		a.gradients = append(a.gradients, make([]float32, n))
		a.first = append(a.first, make([]float32, n))
		a.second = append(a.second, make([]float32, n))
	}
	if len(parameters) == 0 {
		return a, badArgument("the words have no parameters to be learned")
	}
	return a, nil
}

// clear begins a sum of gradients.
func (a *adam) clear() {
	for _, g := range a.gradients {
		clear(g)
	}
}

// step moves the parameters for the n-th time, n from 1 on, against share times the sum of gradients.
func (a *adam) step(n int, rate, share float64) {
	rate *= math.Sqrt(1-math.Pow(adamBeta2, float64(n))) / (1 - math.Pow(adamBeta1, float64(n)))
	epsilon := adamEpsilon * math.Sqrt(1-math.Pow(adamBeta2, float64(n)))
	for k, p := range a.parameters {
		for i, g := range a.gradients[k] {
			g := float64(g) * share
			m := adamBeta1*float64(a.first[k][i]) + (1-adamBeta1)*g
			s := adamBeta2*float64(a.second[k][i]) + (1-adamBeta2)*g*g
			a.first[k][i], a.second[k][i] = float32(m), float32(s)
			p.Values[i] -= float32(rate * m / (math.Sqrt(s) + epsilon))
		}
	}
}
