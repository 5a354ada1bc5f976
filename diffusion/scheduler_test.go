package diffusion

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/tensor"
)

// schedulerCase is a run of diffusers' scheduler, from testdata/make_schedulers.py.
type schedulerCase struct {
	Kind          string
	Pipeline      bool // the configuration is that of a pipeline's file
	Config        json.RawMessage
	Steps, Start  int
	Timesteps     []float64
	Sigma         float64
	Second, Final []float32
	NoisyAt       float64 `json:"noisy_at"`
	Noisy         []float32
	Drawn         int // how often a run draws noise
	Eta, Strength *float64
	Given         []int // timesteps
}

// options are what the case says beside the configuration.
func (c schedulerCase) options(randn func(n int) []float32) []SchedulerOption {
	opts := []SchedulerOption{WithNoise(randn), WithTimesteps(c.Given...)}
	if c.Eta != nil {
		opts = append(opts, WithEta(*c.Eta))
	}
	if c.Strength != nil {
		opts = append(opts, WithStrength(*c.Strength))
	}
	return opts
}

type schedulerCases struct {
	Init, Noise []float32
	Cases       []schedulerCase
}

func loadSchedulerCases(t *testing.T) schedulerCases {
	data, err := os.ReadFile("testdata/schedulers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases schedulerCases
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// config is the configuration of a case, read as it was in diffusers.
func (c schedulerCase) config(t *testing.T) (config SchedulerConfig) {
	t.Helper()
	var err error
	if c.Pipeline {
		config, err = LoadSchedulerConfig(schedulerFile(string(c.Config)))
	} else {
		err = json.Unmarshal(c.Config, &config)
	}
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// schedulerFile is a directory with a scheduler_config.json.
func schedulerFile(content string) tensor.Dir {
	return tensor.InFS(fstest.MapFS{"scheduler_config.json": {Data: []byte(content)}})
}

// madeUpModel is what testdata/make_schedulers.py runs the schedulers on.
func madeUpModel(x, noise []float32, i int) []float32 {
	out := make([]float32, len(x))
	for j := range out {
		out[j] = float32(0.7*math.Tanh(float64(x[j])) + 0.3*(1+0.01*float64(i))*float64(noise[j]))
	}
	return out
}

// rolled is the fresh noise of testdata/make_schedulers.py: at the k-th draw the noise rolled by k.
type rolled struct {
	noise []float32
	drawn int
}

func (r *rolled) randn(int) []float32 {
	r.drawn++
	at := len(r.noise) - r.drawn%len(r.noise)
	return slices.Concat(r.noise[at:], r.noise[:at])
}

// runScheduler runs the made-up model from step start on and returns the latent after every step.
func runScheduler(t *testing.T, s Scheduler, init, noise []float32, start int) [][]float32 {
	t.Helper()
	x := make([]float32, len(init))
	for j := range x {
		x[j] = init[j] * float32(s.InitNoiseSigma())
	}
	z := row(x...)
	var latents [][]float32
	for i := start; i < len(s.Timesteps()); i++ {
		in, err := s.ScaleModelInput(z, i)
		if err != nil {
			t.Fatal(err)
		}
		if z, err = s.Step(row(madeUpModel(in.Floats(), noise, i)...), z, i); err != nil {
			t.Fatal(err)
		}
		latents = append(latents, z.Floats())
	}
	return latents
}

// sameTimestep is the relative difference of timesteps that are the same: those of Karras sigmas hang on the last
// digit of a logarithm in single precision, which numpy does not round like others.
func sameTimestep(c schedulerCase) float64 {
	if strings.Contains(string(c.Config), "karras") {
		return 1e-6
	}
	return 0
}

var near = cmpopts.EquateApprox(1e-5, 1e-5)

// nearLatent is near for the latents of a run that starts with noise of level sigma: diffusers computes in single
// precision, and of a latent of that size the rounding stays when the noise is gone.
func nearLatent(sigma float64) cmp.Option {
	return cmpopts.EquateApprox(1e-5, max(1e-5, 0x1p-22*sigma))
}

func TestSchedulersLikeDiffusers(t *testing.T) {
	cases := loadSchedulerCases(t)
	for n, c := range cases.Cases {
		t.Run(fmt.Sprintf("%d-%s-%d", n, c.Kind, c.Steps), func(t *testing.T) {
			fresh := rolled{noise: cases.Noise}
			s, err := NewScheduler(c.Kind, c.config(t), c.Steps, c.options(fresh.randn)...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Timesteps, s.Timesteps(), cmpopts.EquateApprox(sameTimestep(c), 0)); diff != "" {
				t.Fatalf("%s: timesteps: %s", c.Config, diff)
			}
			if diff := cmp.Diff(c.Sigma, s.InitNoiseSigma(), near); diff != "" {
				t.Errorf("sigma: %s", diff)
			}
			for range 2 { // the second run after Reset is the same
				latents := runScheduler(t, s, cases.Init, cases.Noise, c.Start)
				if diff := cmp.Diff(c.Second, latents[min(1, len(latents)-1)], nearLatent(c.Sigma)); diff != "" {
					t.Errorf("%s: second latent: %s", c.Config, diff)
				}
				if diff := cmp.Diff(c.Final, latents[len(latents)-1], nearLatent(c.Sigma)); diff != "" {
					t.Errorf("%s: final latent: %s", c.Config, diff)
				}
				if fresh.drawn != c.Drawn {
					t.Errorf("%s: noise was drawn %d times, want %d", c.Config, fresh.drawn, c.Drawn)
				}
				s.Reset()
				fresh.drawn = 0
			}
			noisy, err := s.AddNoise(row(cases.Init...), row(cases.Noise...), s.Timesteps()[len(c.Timesteps)/2])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Noisy, noisy.Floats(), near); diff != "" {
				t.Errorf("%s: noise at %g: %s", c.Config, c.NoisyAt, diff)
			}
		})
	}
}

// Where the model finds the noise that is there, every scheduler without fresh noise takes a noised latent back to where it came from.
func TestSchedulersUndoAddNoise(t *testing.T) {
	picture, noise := row(0.5, -1, 2), row(1, -0.5, 0.25)
	for _, kind := range []string{"ddim", "pndm", "euler", "dpmpp2m", "unipc"} {
		config := SchedulerConfig{Class: "PNDMScheduler", SkipPRKSteps: true, SetAlphaToOne: new(bool), ClipSample: new(bool)}
		*config.SetAlphaToOne = true
		s, err := NewScheduler(kind, config, 10)
		if err != nil {
			t.Fatal(err)
		}
		start := 4
		if kind == "pndm" {
			start = 0 // a late start takes its second step for the repeated one
		}
		x, err := s.AddNoise(picture, noise, s.Timesteps()[start])
		if err != nil {
			t.Fatal(err)
		}
		for i := start; i < len(s.Timesteps()); i++ {
			if x, err = s.Step(noise, x, i); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(picture.Floats(), x.Floats(), cmpopts.EquateApprox(0, 1e-4)); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

func TestSchedulerErrors(t *testing.T) {
	good := SchedulerConfig{Class: "PNDMScheduler", SkipPRKSteps: true, StepsOffset: 1}
	for _, c := range []struct {
		kind   string
		change func(*SchedulerConfig)
		steps  int
		says   string
	}{
		{"heun", nil, 10, `unknown scheduler "heun": the known ones are ddim, pndm, euler, euler-a, dpmpp2m-sde, dpmpp2m, unipc, lcm, tcd`},
		{"ddim", nil, 0, "0 steps"},
		{"ddim", nil, 1001, "1001 steps: it must be between 1 and the 1000"},
		{"ddim", nil, 1000, "steps_offset 1 does not fit that many steps; ask for fewer"},
		{"ddim", func(c *SchedulerConfig) { c.StepsOffset = -1 }, 10, "timestep -1"},
		{"ddim", func(c *SchedulerConfig) { c.BetaSchedule = "cosine" }, 10, `beta_schedule is "cosine", it must be one of linear, scaled_linear, squaredcos_cap_v2`},
		{"ddim", func(c *SchedulerConfig) { c.PredictionType = "sample" }, 10, "prediction_type must be epsilon or v_prediction, sample is euler's alone"},
		{"euler", func(c *SchedulerConfig) { c.PredictionType = "flow_prediction" }, 10, `prediction_type is "flow_prediction", it must be one of epsilon, v_prediction, sample`},
		{"ddim", func(c *SchedulerConfig) { c.TimestepSpacing = "even" }, 10, "leading, linspace, trailing"},
		{"ddim", func(c *SchedulerConfig) { c.BetaEnd = 1.5 }, 10, "between 0 and 1"},
		{"ddim", func(c *SchedulerConfig) { c.NumTrainTimesteps = -1 }, 10, "num_train_timesteps is -1"},
		{"ddim", func(c *SchedulerConfig) { c.TrainedBetas = []float64{0.1} }, 10, "trained_betas has 1 values"},
		{"ddim", func(c *SchedulerConfig) { c.TrainedBetas, c.NumTrainTimesteps = []float64{0.1, 1.5}, 2 }, 1, "trained_betas: β of timestep 1 is 1.5, it must be between 0 and 1"},
		{"ddim", func(c *SchedulerConfig) { c.BetaStart = math.NaN() }, 10, "beta_start is NaN"},
		{"ddim", func(c *SchedulerConfig) { c.BetaStart = 0.80005 }, 10, "beta_start 0.80005, beta_end 0.02: at timestep 22 of 1000, ᾱ = 2.18e-16 is left"},
		{"ddim", func(c *SchedulerConfig) { c.ClipSampleRange = math.Inf(1) }, 10, "clip_sample_range is +Inf"},
		{"ddim", func(c *SchedulerConfig) { c.RescaleBetas, c.TimestepSpacing = true, "trailing" }, 10, "prediction_type is epsilon, want v_prediction"},
		{"ddim", func(c *SchedulerConfig) { c.RescaleBetas, c.NumTrainTimesteps, c.StepsOffset = true, 1, 0 }, 1, "num_train_timesteps 1, want at least 2"},
		{"euler", func(c *SchedulerConfig) { c.StepsOffset = -1 }, 10, "steps_offset is -1, it must be between 0 and 1000"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.StepsOffset = math.MaxInt }, 10, "steps_offset is 9223372036854775807, it must be between 0 and 1000"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.TimestepSpacing = "leading" }, 999, "ask for fewer steps"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.TimestepSpacing = "leading" }, 1000, "ask for fewer steps"},
		{"dpmpp2m", nil, 1000, "ask for fewer steps"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.NumTrainTimesteps = 10 }, 10, "ask for fewer steps"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.LambdaMin = new(4.4) }, 10, "ask for fewer steps"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.LambdaMin = new(8881.0) }, 10, "lambda_min_clipped is 8881, it must be less than λ = 4.61 of timestep 0"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.LambdaMin = new(math.NaN()) }, 10, "lambda_min_clipped is NaN"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.VarianceType = "learned_range" }, 10, "variance_type must be fixed"},
		{"ddim", func(c *SchedulerConfig) { c.Thresholding = true }, 10, "thresholding must be false"},
		{"pndm", func(c *SchedulerConfig) { c.SkipPRKSteps = false }, 10, "skip_prk_steps must be true"},
		{"euler", func(c *SchedulerConfig) { c.ExponentialSigmas = true }, 10, "use_exponential_sigmas must be false"},
		{"euler-a", nil, 10, "scheduler euler-a: its steps add noise: say WithNoise"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.SolverOrder = 3 }, 10, "solver_order must be 2"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.SolverType = "heun" }, 10, "solver_type must be midpoint"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.Algorithm = "dpmsolver" }, 10, "algorithm_type must be dpmsolver++ or sde-dpmsolver++"},
		{"dpmpp2m-sde", nil, 10, "its steps add noise: say WithNoise"},
		{"dpmpp2m", func(c *SchedulerConfig) { c.FinalSigmas = "one" }, 10, "zero, sigma_min"},
		{"unipc", func(c *SchedulerConfig) { c.SolverOrder = 4 }, 10, "solver_order must be 1, 2 or 3"},
		{"unipc", func(c *SchedulerConfig) { c.PredictX0 = new(bool) }, 10, "predict_x0 must be true"},
		{"unipc", func(c *SchedulerConfig) { c.SolverType = "bh3" }, 10, "solver_type must be bh1 or bh2"},
		{"unipc", func(c *SchedulerConfig) { c.SolverType = "bh1" }, 10, "final_sigmas_type is zero: want sigma_min, or bh2"},
		{"unipc", func(c *SchedulerConfig) { c.LowerOrderFinal = new(bool) }, 10, "lower_order_final is false"},
		{"lcm", nil, 4, "its steps add noise: say WithNoise"},
		{"tcd", nil, 4, "its steps add noise: say WithNoise"},
	} {
		config := good
		if c.change != nil {
			c.change(&config)
		}
		_, err := NewScheduler(c.kind, config, c.steps)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, %d steps: error %v, want one that says %s", c.kind, c.steps, err, c.says)
		}
	}
}

func TestSchedulerStepErrors(t *testing.T) {
	zeros := func(n int) []float32 { return make([]float32, n) }
	two, three := row(0, 0), row(0, 0, 0)
	for _, kind := range SchedulerNames() {
		s, err := NewScheduler(kind, SchedulerConfig{SkipPRKSteps: true}, 5, WithNoise(zeros))
		if err != nil {
			t.Fatal(err)
		}
		hasMemory := slices.Contains([]string{"pndm", "dpmpp2m", "dpmpp2m-sde", "unipc"}, kind)
		for _, c := range []struct {
			name string
			call func() error
			fail bool
		}{
			{"output too short", func() error { _, err := s.Step(two, three, 0); return err }, true},
			{"negative step", func() error { _, err := s.Step(two, two, -1); return err }, true},
			{"step behind the last", func() error { _, err := s.Step(two, two, len(s.Timesteps())); return err }, true},
			{"input behind the last", func() error { _, err := s.ScaleModelInput(two, len(s.Timesteps())); return err }, true},
			{"noise too short", func() error { _, err := s.AddNoise(three, two, 100); return err }, true},
			{"timestep too high", func() error { _, err := s.AddNoise(two, two, 1000); return err }, true},
			{"no timestep", func() error { _, err := s.AddNoise(two, two, math.NaN()); return err }, true},
			{"first step", func() error { _, err := s.Step(two, two, 2); return err }, false},
			{"same step again", func() error { _, err := s.Step(two, two, 2); return err }, hasMemory},
			{"other size", func() error { _, err := s.Step(three, three, 3); return err }, hasMemory},
			{"step after Reset", func() error { s.Reset(); _, err := s.Step(three, three, 0); return err }, false},
		} {
			if err := c.call(); (err != nil) != c.fail {
				t.Errorf("%s: %s: error %v", kind, c.name, err)
			}
		}
	}
}

func TestFreshNoiseOfAnotherSize(t *testing.T) {
	s, err := NewScheduler("euler-a", SchedulerConfig{}, 5, WithNoise(func(n int) []float32 { return make([]float32, n-1) }))
	if err != nil {
		t.Fatal(err)
	}
	const says = "WithNoise gave 2 numbers of noise, the latent has 3"
	if _, err := s.Step(row(0, 0, 0), row(0, 0, 0), 0); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v, want one that says %s", err, says)
	}
}

// A class with two algorithms has the one that its file says, and each of them by its own name.
func TestAlgorithmOfFile(t *testing.T) {
	for _, c := range []struct{ kind, algorithm, want string }{
		{"", "sde-dpmsolver++", "dpmpp2m-sde"}, {"DPMSolverMultistepScheduler", "sde-dpmsolver++", "dpmpp2m-sde"},
		{"", "dpmsolver++", "dpmpp2m"}, {"", "", "dpmpp2m"}, {"dpmpp2m", "sde-dpmsolver++", "dpmpp2m"}, {"dpmpp2m-sde", "dpmsolver++", "dpmpp2m-sde"},
	} {
		draws := 0
		s, err := NewScheduler(c.kind, SchedulerConfig{Class: "DPMSolverMultistepScheduler", Algorithm: c.algorithm}, 5,
			WithNoise(func(n int) []float32 { draws++; return make([]float32, n) }))
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Timesteps() {
			if _, err := s.Step(row(1), row(1), i); err != nil {
				t.Fatal(err)
			}
		}
		if want := map[string]int{"dpmpp2m": 0, "dpmpp2m-sde": 5}[c.want]; draws != want {
			t.Errorf("%q of a file with %q draws %d times, want %d as %s does", c.kind, c.algorithm, draws, want, c.want)
		}
	}
}

// Two noise levels that are equal leave Heun's step of the SDE undefined, which is NaN in diffusers.
func TestEqualLevels(t *testing.T) {
	c := SchedulerConfig{KarrasSigmas: true, FinalSigmas: "sigma_min", SolverType: "heun"}
	_, err := NewScheduler("dpmpp2m-sde", c, 20, WithNoise(func(n int) []float32 { return make([]float32, n) }))
	if err == nil || !strings.Contains(err.Error(), "too close for this method") {
		t.Errorf("error %v, want one that says that the timesteps are too close", err)
	}
}

// A file's use_karras_sigmas is the option of the same name.
func TestKarrasFromFile(t *testing.T) {
	fromFile, err := LoadSchedulerConfig(schedulerFile(`{"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": true}`))
	if err != nil {
		t.Fatal(err)
	}
	times := func(c SchedulerConfig) []float64 {
		s, err := NewScheduler("euler", c, 6)
		if err != nil {
			t.Fatal(err)
		}
		return s.Timesteps()
	}
	if diff := cmp.Diff(times(SchedulerConfig{KarrasSigmas: true}), times(fromFile)); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(times(SchedulerConfig{}), times(fromFile)) {
		t.Error("the file's use_karras_sigmas changed nothing")
	}
}

func TestLoadSchedulerConfig(t *testing.T) {
	config, err := LoadSchedulerConfig(schedulerFile(`{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "beta_end": 0.012, "trained_betas": null}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewScheduler("", config, 7)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Timesteps(); len(got) != 7 || got[0] != 999 {
		t.Errorf("timesteps %v", got)
	}
	for content, says := range map[string]string{
		`{"beta_end": "x"}`:                             `beta_end is "x", want a number`,
		`{"beta_end": null}`:                            "beta_end is null, want a number",
		`{"beta_end": NaN}`:                             `beta_end is "NaN", want a number`,
		`{"beta_end": 1e999}`:                           "beta_end is 1e999, want a number",
		`{"beta_end": -Infinity}`:                       `beta_end is "-Infinity", want a number`,
		`{"beta_end": 1}`:                               "beta_end is 1, it must be between 0 and 1",
		`{"beta_start": 0}`:                             "beta_start is 0, it must be between 0 and 1",
		`{"beta_start": 0.80005}`:                       "beta_start 0.80005, beta_end 0.02: at timestep 22 of 1000",
		`{"num_train_timesteps": 2000000000}`:           "num_train_timesteps is 2000000000, it must be between 1 and 1000000",
		`{"num_train_timesteps": 0}`:                    "num_train_timesteps is 0, it must be between",
		`{"num_train_timesteps": 99.5}`:                 "num_train_timesteps is 99.5, want a whole number",
		`{"beta_schedule": "exp"}`:                      `beta_schedule is "exp", it must be one of linear, scaled_linear, squaredcos_cap_v2`,
		`{"prediction_type": "flow"}`:                   `prediction_type is "flow", it must be one of epsilon, v_prediction, sample`,
		`{"timestep_spacing": "even"}`:                  `timestep_spacing is "even", it must be one of leading, linspace, trailing`,
		`{"final_sigmas_type": "one"}`:                  `final_sigmas_type is "one", it must be one of zero, sigma_min`,
		`{"trained_betas": [0.1]}`:                      "trained_betas has 1 values for 1000 num_train_timesteps",
		`{"clip_sample_range": 0}`:                      "clip_sample_range is 0, it must be more than 0",
		`{"lambda_min_clipped": 8881}`:                  "lambda_min_clipped is 8881, it must be less than λ = 4.61",
		`{"trained_betas": ` + strings.Repeat("[", 1e5): "",
		`{"x": "` + strings.Repeat("x", 2<<20) + `"}`:   "want at most 1048576",
		`{`: "unexpected end",
	} {
		_, err := LoadSchedulerConfig(schedulerFile(content))
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "scheduler_config.json") {
			t.Errorf("%.40s: error %v, want one that says %s", content, err, says)
		}
	}
	none := tensor.OnDisk(t.TempDir())
	if _, err := LoadSchedulerConfig(none); err == nil || !strings.Contains(err.Error(), none.Path("scheduler_config.json")) {
		t.Errorf("absent file: error %v", err)
	}
}

// A class that there is no scheduler for is an error where it is asked for, and nowhere else.
func TestUnknownSchedulerClass(t *testing.T) {
	for content, says := range map[string]string{
		`{"_class_name": "HeunDiscreteScheduler"}`: `_class_name is "HeunDiscreteScheduler", the known ones are DDIMScheduler, PNDMScheduler`,
		`{}`: `_class_name is "", the known ones are DDIMScheduler`,
	} {
		config, err := LoadSchedulerConfig(schedulerFile(content))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewScheduler("ddim", config, 5); err != nil {
			t.Errorf("%s: another scheduler is refused: %v", content, err)
		}
		if _, err := NewScheduler("", config, 5); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %s", content, err, says)
		}
	}
}

// What Timesteps returns belongs to the caller.
func TestTimestepsCopied(t *testing.T) {
	s, err := NewScheduler("ddim", SchedulerConfig{}, 4)
	if err != nil {
		t.Fatal(err)
	}
	before := s.Timesteps()
	slices.Reverse(s.Timesteps())
	if diff := cmp.Diff(before, s.Timesteps()); diff != "" {
		t.Error(diff)
	}
}

// The training schedule is torch's to the last bit.
func TestAlphas(t *testing.T) {
	for _, c := range []struct {
		config SchedulerConfig
		want   map[int]float64 // diffusers' alphas_cumprod
	}{
		{SchedulerConfig{BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear"},
			map[int]float64{0: 0x1.ff9096p-1, 1: 0x1.ff20a8p-1, 499: 0x1.1c556p-2, 500: 0x1.1af6e6p-2, 998: 0x1.351d06p-8, 999: 0x1.31676cp-8}},
		{SchedulerConfig{},
			map[int]float64{0: 0x1.fff2e4p-1, 1: 0x1.ffe32cp-1, 499: 0x1.41e4bp-4, 500: 0x1.3ea7b4p-4, 998: 0x1.59758cp-15, 999: 0x1.528cccp-15}},
		{SchedulerConfig{BetaSchedule: "squaredcos_cap_v2"},
			map[int]float64{0: 0x1.fffa96p-1, 499: 0x1.f9b21ap-2, 998: 0x1.45fbc6p-19, 999: 0x1.4dcd84p-29}},
	} {
		s, err := newSchedule(c.config, "leading", 10)
		if err != nil {
			t.Fatal(err)
		}
		for at, want := range c.want {
			if s.alphas[at] != want {
				t.Errorf("%s: ᾱ of timestep %d is %x, want %x", s.config.BetaSchedule, at, s.alphas[at], want)
			}
		}
	}
}

// A schedule that is rescaled ends at 0 and starts as before; torch's square roots are not rounded the same on every processor.
func TestAlphasOfZeroSNR(t *testing.T) {
	s, err := newSchedule(SchedulerConfig{BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear", RescaleBetas: true}, "leading", 10)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int]float64{0: 0x1.ff9096p-1, 1: 0x1.ff1876p-1, 500: 0x1.ed9b22p-3, 856: 0x1.e39588p-8, 998: 0x1.a69de8p-23, 999: 0} {
		if diff := cmp.Diff(want, s.alphas[at], cmpopts.EquateApprox(1e-6, 0)); diff != "" {
			t.Errorf("ᾱ of timestep %d: %s", at, diff)
		}
	}
}
