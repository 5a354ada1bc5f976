package diffusion

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// SchedulerConfig is a model's scheduler_config.json: how the model was trained, and options of diffusers' scheduler
// classes. A field that is zero has its default; the zero SchedulerConfig is valid. Where a comment names schedulers,
// the others pass over the field.
type SchedulerConfig struct {
	Class string `json:"_class_name"` // of diffusers; what NewScheduler takes where no kind is asked for

	NumTrainTimesteps int       `json:"num_train_timesteps"` // default 1000
	BetaStart         float64   `json:"beta_start"`          // β of timestep 0; default 0.0001
	BetaEnd           float64   `json:"beta_end"`            // β of the last timestep; default 0.02
	BetaSchedule      string    `json:"beta_schedule"`       // linear (default), scaled_linear or squaredcos_cap_v2
	TrainedBetas      []float64 `json:"trained_betas"`       // β of each timestep, in place of the three above
	PredictionType    string    `json:"prediction_type"`     // epsilon (default), v_prediction, or, of Euler alone, sample: the picture

	// RescaleBetas scales the schedule so that nothing of the picture is left at its end, as some models that predict
	// v were trained (Lin et al. 2024). PNDM has no such option. At ᾱ = 0 DDIM needs a prediction of v.
	RescaleBetas bool `json:"rescale_betas_zero_snr"`

	// TimestepSpacing is leading (default of DDIM and PNDM), linspace (of the others) or trailing, which models for few
	// steps need; LCM and TCD have a spacing of their own.
	TimestepSpacing string `json:"timestep_spacing"`
	StepsOffset     int    `json:"steps_offset"` // added to the timesteps of leading spacing

	SetAlphaToOne   *bool    `json:"set_alpha_to_one"`   // DDIM (default true), PNDM (false): ᾱ after the last step is 1, not that of timestep 0
	ClipSample      *bool    `json:"clip_sample"`        // DDIM (default true), LCM (false): clip the predicted picture
	ClipSampleRange float64  `json:"clip_sample_range"`  // DDIM, LCM: to plus and minus this; default 1
	SkipPRKSteps    bool     `json:"skip_prk_steps"`     // PNDM: must be true
	FinalSigmas     string   `json:"final_sigmas_type"`  // Euler, DPM++ 2M, UniPC: noise after the last step, zero (default) or sigma_min
	KarrasSigmas    bool     `json:"use_karras_sigmas"`  // Euler, DPM++ 2M, UniPC, and as in k-diffusion Euler ancestral, which has none in diffusers
	LowerOrderFinal *bool    `json:"lower_order_final"`  // default true. DPM++ 2M: the last of less than 15 steps is of first order; UniPC: no order exceeds the steps that are left
	EulerAtFinal    bool     `json:"euler_at_final"`     // DPM++ 2M: the last step is of first order
	LambdaMin       *float64 `json:"lambda_min_clipped"` // DPM++ 2M: leave out timesteps whose log(√ᾱ/√(1-ᾱ)) is lower

	SolverOrder      int   `json:"solver_order"`      // UniPC: 1, 2 (default) or 3; DPM++ 2M: must be 2
	DisableCorrector []int `json:"disable_corrector"` // UniPC: steps whose result is not corrected when the next has asked the model

	OriginalInferenceSteps int     `json:"original_inference_steps"` // LCM, TCD: of the list that the model was distilled on; default 50
	TimestepScaling        float64 `json:"timestep_scaling"`         // LCM: of the timesteps in its boundary condition; default 10

	// Options of diffusers that are read to refuse them: zero or the value named is what is supported.
	Thresholding      bool   `json:"thresholding"`
	ExponentialSigmas bool   `json:"use_exponential_sigmas"`
	BetaSigmas        bool   `json:"use_beta_sigmas"`
	LuLambdas         bool   `json:"use_lu_lambdas"`
	FlowSigmas        bool   `json:"use_flow_sigmas"`
	Interpolation     string `json:"interpolation_type"` // linear
	TimestepType      string `json:"timestep_type"`      // discrete
	PredictX0         *bool  `json:"predict_x0"`         // true
	Algorithm         string `json:"algorithm_type"`     // dpmsolver++; with sde-dpmsolver++ the class is dpmpp2m-sde
	SolverType        string `json:"solver_type"`        // midpoint; of dpmpp2m-sde heun, too; of unipc bh2 (default) or bh1
	VarianceType      string `json:"variance_type"`      // none that is learned
}

// LoadSchedulerConfig reads the scheduler_config.json of a directory as diffusers' StableDiffusionPipeline takes it:
// whatever the file says, steps_offset is 1 and clip_sample is false, which early files of Stable Diffusion lack.
//
// A value that no scheduler could work with is ErrDamaged, and the error names the file and the field; a missing file
// is fs.ErrNotExist. A class that there is no scheduler for is an error of NewScheduler, if that is asked for it.
func LoadSchedulerConfig(dir tensor.Dir) (SchedulerConfig, error) {
	return loadSchedulerConfig(dir, openOptions{})
}

// loadSchedulerConfig is LoadSchedulerConfig with what options say in place of the file.
func loadSchedulerConfig(dir tensor.Dir, o openOptions) (SchedulerConfig, error) {
	const file = "scheduler_config.json"
	config := SchedulerConfig{}.withDefaults("")
	if err := nn.ReadJSON(dir, file, &config); err != nil {
		return config, fmt.Errorf("diffusion: scheduler configuration: %w", err)
	}
	config.StepsOffset, config.ClipSample = 1, new(bool)
	o.correct(&config)
	if err := config.validate(); err != nil {
		return config, badFile("diffusion: %s: %w", dir.Path(file), err)
	}
	return config, nil
}

// withDefaults fills in what is absent.
func (c SchedulerConfig) withDefaults(spacing string) SchedulerConfig {
	setDefault(&c.NumTrainTimesteps, 1000)
	setDefault(&c.BetaStart, 0.0001)
	setDefault(&c.BetaEnd, 0.02)
	setDefault(&c.BetaSchedule, "linear")
	setDefault(&c.PredictionType, "epsilon")
	setDefault(&c.TimestepSpacing, spacing)
	setDefault(&c.ClipSampleRange, 1)
	setDefault(&c.FinalSigmas, "zero")
	setDefault(&c.OriginalInferenceSteps, 50)
	setDefault(&c.TimestepScaling, 10)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func orDefault[T any](field *T, value T) T {
	if field == nil {
		return value
	}
	return *field
}

// validate checks the values that every kind reads; defaults are filled in, but that of timestep_spacing, which is the
// kind's own.
func (c SchedulerConfig) validate() error {
	for _, word := range []struct {
		field, value string
		allowed      []string
	}{
		{"beta_schedule", c.BetaSchedule, []string{"linear", "scaled_linear", "squaredcos_cap_v2"}},
		{"prediction_type", c.PredictionType, append(slices.Clone(predictions), predictsPicture)},
		{"final_sigmas_type", c.FinalSigmas, []string{"zero", "sigma_min"}},
		{"timestep_spacing", c.TimestepSpacing, []string{"leading", "linspace", "trailing"}},
	} {
		if word.value != "" && !slices.Contains(word.allowed, word.value) {
			return fmt.Errorf("%s is %.60q, it must be one of %s", word.field, word.value, strings.Join(word.allowed, ", "))
		}
	}
	return c.validateNumbers()
}

func (c SchedulerConfig) validateNumbers() error {
	if c.NumTrainTimesteps < 1 || c.NumTrainTimesteps > 1e6 {
		return fmt.Errorf("num_train_timesteps is %d, it must be between 1 and 1000000", c.NumTrainTimesteps)
	}
	if n := len(c.TrainedBetas); n > 0 && n != c.NumTrainTimesteps {
		return fmt.Errorf("trained_betas has %d values for %d num_train_timesteps", n, c.NumTrainTimesteps)
	}
	if len(c.TrainedBetas) == 0 && c.BetaSchedule != "squaredcos_cap_v2" {
		for field, value := range map[string]float64{"beta_start": c.BetaStart, "beta_end": c.BetaEnd} {
			if !(value > 0 && value < 1) {
				return fmt.Errorf("%s is %g, it must be between 0 and 1", field, value)
			}
		}
	}
	if !(c.ClipSampleRange > 0 && c.ClipSampleRange <= 1e6) {
		return fmt.Errorf("clip_sample_range is %g, it must be more than 0 and at most 1e6", c.ClipSampleRange)
	}
	alphas, err := c.alphas()
	if err != nil {
		return err
	}
	// λ = log(√ᾱ/√(1-ᾱ)) falls with the timestep.
	if highest := math.Log(alphas[0]/(1-alphas[0])) / 2; !(orDefault(c.LambdaMin, math.Inf(-1)) < highest) {
		return fmt.Errorf("lambda_min_clipped is %g, it must be less than λ = %.3g of timestep 0: no timestep is left", *c.LambdaMin, highest)
	}
	return nil
}

// predictions are what a UNet may predict.
var predictions = []string{"epsilon", "v_prediction"}

// predictsPicture is the prediction_type of a UNet that says the picture itself, as one for a single step may.
const predictsPicture = "sample"

// unsupported returns an error for an option that diffusers' class has and the one of this name has not.
func (c SchedulerConfig) unsupported(name string) error {
	for _, option := range []struct {
		isSet       bool
		field, want string
		kinds       string
	}{
		{c.Thresholding, "thresholding", "false", "ddim dpmpp2m dpmpp2m-sde unipc lcm"},
		{c.PredictionType == predictsPicture, "prediction_type", "epsilon or v_prediction, sample is euler's alone", "ddim pndm euler-a dpmpp2m dpmpp2m-sde unipc lcm tcd"},
		{!c.SkipPRKSteps, "skip_prk_steps", "true, as in Stable Diffusion's files (absent means false)", "pndm"},
		{c.ExponentialSigmas, "use_exponential_sigmas", "false", "euler dpmpp2m dpmpp2m-sde unipc"},
		{c.BetaSigmas, "use_beta_sigmas", "false", "euler dpmpp2m dpmpp2m-sde unipc"},
		{c.LuLambdas, "use_lu_lambdas", "false", "dpmpp2m dpmpp2m-sde"},
		{c.FlowSigmas, "use_flow_sigmas", "false", "dpmpp2m dpmpp2m-sde unipc"},
		{!unset(c.Interpolation, "linear"), "interpolation_type", "linear", "euler"},
		{!unset(c.TimestepType, "discrete"), "timestep_type", "discrete", "euler"},
		{!unset(c.SolverOrder, 2), "solver_order", "2", "dpmpp2m dpmpp2m-sde"},
		{!unset(c.SolverOrder, 1, 2, 3), "solver_order", "1, 2 or 3", "unipc"},
		{!orDefault(c.PredictX0, true), "predict_x0", "true", "unipc"},
		// diffusers' classes take what the files of the others say here for their own defaults.
		{!unset(c.Algorithm, "dpmsolver++", "sde-dpmsolver++", "deis"), "algorithm_type", "dpmsolver++ or sde-dpmsolver++", "dpmpp2m dpmpp2m-sde"},
		{!unset(c.SolverType, "midpoint", "logrho", "bh1", "bh2"), "solver_type", "midpoint", "dpmpp2m"},
		{!unset(c.SolverType, "midpoint", "heun", "logrho", "bh1", "bh2"), "solver_type", "midpoint or heun", "dpmpp2m-sde"},
		{!unset(c.SolverType, "bh1", "bh2", "midpoint", "heun", "logrho"), "solver_type", "bh1 or bh2", "unipc"},
		{strings.HasPrefix(c.VarianceType, "learned"), "variance_type", "fixed", "dpmpp2m dpmpp2m-sde"},
	} {
		if option.isSet && slices.Contains(strings.Fields(option.kinds), name) {
			return fmt.Errorf("%s must be %s: nothing else is supported%.0w", option.field, option.want, ErrUnsupportedScheduler)
		}
	}
	return nil
}

// unset reports whether a field is absent or has one of the values that mean the same.
func unset[T comparable](value T, same ...T) bool {
	var zero T
	return value == zero || slices.Contains(same, value)
}
