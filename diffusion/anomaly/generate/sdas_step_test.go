package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// sdasGolden returns a tensor of testdata/sdas.safetensors by name.
func sdasGolden(t *testing.T) func(name string) []float32 {
	t.Helper()
	file, err := tensor.Open(filepath.Join("testdata", "sdas.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return func(name string) []float32 {
		d, err := file.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Float32s(d)
	}
}

// near fails where numbers are farther from the wanted ones than most.
func near(t *testing.T, what string, got, want []float32, most float64) {
	t.Helper()
	worst := 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got[i]-w)))
	}
	t.Logf("%s: within %.2g", what, worst)
	if len(got) != len(want) || !(worst <= most) {
		t.Errorf("%s: %d numbers within %g, want %d within %g", what, len(got), worst, len(want), most)
	}
}

// TestStepIsRealNets takes steps of RealNet's released sampler in pixels. Its variance is learned: the noise is given
// that. Its schedule is of double precision and ours, which is diffusers', of single: that is 4e-6 of the steps next to
// the picture, where 1-ᾱ is 1e-4.
func TestStepIsRealNets(t *testing.T) {
	golden := sdasGolden(t)
	a, err := newAncestral(diffusion.SchedulerConfig{}, 20) // guided diffusion's
	if err != nil {
		t.Fatal(err)
	}
	beta, posterior, v := golden("beta"), golden("posterior_log_variance"), golden("v")
	x, eps := diffusion.NewLatent(golden("x"), 3, 8, 8), diffusion.NewLatent(golden("eps"), 3, 8, 8)
	for left, most := range map[int]float64{19: 1e-6, 10: 1e-6, 1: 5e-6, 0: 5e-6} { // steps that come after it
		i := 19 - left
		a.noises[i] = slices.Clone(golden("noise"))
		for j := range a.noises[i] {
			share := float64(v[j]+1) / 2
			learned := math.Exp((share*math.Log(float64(beta[left])) + (1-share)*float64(posterior[left])) / 2)
			a.noises[i][j] *= float32(learned / a.sigma(i))
		}
		for _, s := range []string{"0.0", "0.1", "0.2", "1.0"} {
			a.strength, _ = strconv.ParseFloat(s, 64)
			got, err := a.Step(eps, x, i)
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("pixel.ancestral.%d.%s", left, s)
			near(t, name, got.Floats(), golden(name), most)
		}
	}
}

// exact is the model of normal data of deviation c: E[noise | x].
type exact struct {
	c      float64
	alphas []float64
	v      bool // what it predicts is v
}

func (e exact) Denoise(_ context.Context, z diffusion.Latent, t float64, _ diffusion.Guidance) (diffusion.Latent, error) {
	a := e.alphas[int(t)]
	gain := math.Sqrt(1-a) / (a*e.c*e.c + 1 - a)
	out := z.Copy()
	for i, x := range out.Floats() {
		noise := float64(x) * gain
		if e.v {
			noise = (noise - math.Sqrt(1-a)*float64(x)) / math.Sqrt(a)
		}
		out.Floats()[i] = float32(noise)
	}
	return out, nil
}

// exactly returns a sampler of such data over Stable Diffusion's schedule.
func exactly(t *testing.T, c float64, prediction string, steps int, strength float64, noises [][]float32) diffusion.Sampler {
	t.Helper()
	no := false
	config := diffusion.SchedulerConfig{
		BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear", PredictionType: prediction,
		StepsOffset: 1, SetAlphaToOne: &no, ClipSample: &no,
	}
	a, err := newAncestral(config, steps)
	if err != nil {
		t.Fatal(err)
	}
	alphas, err := config.Alphas()
	if err != nil {
		t.Fatal(err)
	}
	a.strength, a.noises = strength, noises
	return diffusion.Sampler{Model: exact{c, alphas, prediction == "v_prediction"}, Scheduler: a}
}

// TestLatentRun takes whole runs; that without strength is diffusers' DDIM with eta 1. A model that predicts v takes the
// same.
func TestLatentRun(t *testing.T) {
	golden := sdasGolden(t)
	const n = 4 * 8 * 8
	noises := slices.Collect(slices.Chunk(golden("latent.noises"), n))
	for _, prediction := range []string{"epsilon", "v_prediction"} {
		for _, s := range []string{"0.0", "0.15", "0.5"} {
			strength, _ := strconv.ParseFloat(s, 64)
			z := diffusion.NewLatent(golden("latent.start"), 4, 8, 8)
			sampler := exactly(t, 0.6, prediction, len(noises), strength, noises)
			var got []float32
			for m, err := range sampler.Steps(t.Context(), &z, 0) {
				if err != nil {
					t.Fatal(err)
				}
				if slices.Contains([]int{0, 1, 5, 9}, m.I) {
					got = append(got, z.Floats()...)
				}
			}
			near(t, prediction+" "+s, append(got, z.Floats()...), golden("latent.run."+s), 1e-6)
		}
	}
}

// TestEta: without η there is no fresh noise, and the last step has some only where it is to.
func TestEta(t *testing.T) {
	a, err := newAncestral(diffusion.SchedulerConfig{StepsOffset: 1, SetAlphaToOne: new(bool)}, 10)
	if err != nil {
		t.Fatal(err)
	}
	whole := a.sigma(4)
	if a.eta = 0.5; math.Abs(a.sigma(4)-whole/2) > 1e-12 || a.sigma(9) != 0 {
		t.Errorf("η of ½: %g of %g; in the last step %g", a.sigma(4), whole, a.sigma(9))
	}
	if a.last = true; !(a.sigma(9) > 0 && a.sigma(9) < a.sigma(8)) {
		t.Errorf("the last step adds %g, that before it %g", a.sigma(9), a.sigma(8))
	}
	if a.eta = 0; a.sigma(4) != 0 {
		t.Errorf("η of 0 adds %g", a.sigma(4))
	}
}

// TestFinalDeviation compares what a run ends with, from noise alone, with the exact deviation: s is no unit, and the same
// s does more where there are more steps or the data are narrow.
func TestFinalDeviation(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "sdas.json"))
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Final map[string]map[string]map[string]float64 `json:"final_deviation"` // steps, c, s
	}
	if err := json.Unmarshal(data, &said); err != nil {
		t.Fatal(err)
	}
	const c, h, w = 4, 64, 64
	r := tensor.NewRand(5)
	tried := 0
	for count, cs := range said.Final {
		steps, _ := strconv.Atoi(count)
		noises := make([][]float32, steps)
		for i := range noises {
			noises[i] = r.Randn(c * h * w)
		}
		for spread, strengths := range cs {
			for strength, want := range strengths {
				of, _ := strconv.ParseFloat(spread, 64)
				s, _ := strconv.ParseFloat(strength, 64)
				sampler := exactly(t, of, "epsilon", steps, s, noises)
				z, err := sampler.Run(t.Context(), diffusion.NewLatent(r.Randn(c*h*w), c, h, w), 0)
				if err != nil {
					t.Fatal(err)
				}
				sum := 0.0
				for _, v := range z.Floats() {
					sum += float64(v) * float64(v)
				}
				tried++
				if got := math.Sqrt(sum / (c * h * w)); math.Abs(got/want-1) > 0.02 {
					t.Errorf("%s steps, data of deviation %s, strength %s: %.4f, want %.4f", count, spread, strength, got, want)
				}
			}
		}
	}
	if tried != 3*3*3 {
		t.Errorf("%d runs", tried)
	}
}
