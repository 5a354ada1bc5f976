package anomalyany

import (
	"context"

	"github.com/sdgraph/sdgraph/diffusion"
	gt "gorgonia.org/tensor"
)

// fastSteps is T of preset fast.
const fastSteps = 12

// Fast is preset fast, the paper's algorithm in a tenth of its time: every number, and no words.
//
// DPM-Solver++ (2M) takes 12 steps in the place of DDIM's hundred. In the last half of those that run CLIP looks at the
// picture, and the mask is read; CLIP, which sees pictures of 224×224, is shown the latent decoded at half its height and width.
// λ and all other numbers are the paper's. What that costs on drawings is measured by examples/demo/trust presets.
func Fast() Options { return Paper().Fast() }

// Fast returns options of PaperPreset as those of FastPreset: T is 12, and R, where there is refinement, Auto.
func (o Options) Fast() Options {
	if o.Refine != 0 {
		o.Refine = Auto
	}
	o.Preset, o.Steps = FastPreset, fastSteps
	return o
}

// fastCourse is the paper's, but that of so few steps half are refined, and the mask is read from half.
func fastCourse(o Options) course {
	c := paperCourse(o)
	half := (c.steps + 1) / 2
	if o.Refine == Auto {
		c.refined = half
	}
	c.annotated = max(c.refined, half)
	return c
}

// newDPMPP2M is preset fast's scheduler for a model that was trained as c says, whatever else c says.
func newDPMPP2M(c diffusion.SchedulerConfig, steps int) (diffusion.Scheduler, error) {
	return diffusion.NewScheduler("dpmpp2m", diffusion.SchedulerConfig{
		NumTrainTimesteps: c.NumTrainTimesteps,
		BetaStart:         c.BetaStart, BetaEnd: c.BetaEnd, BetaSchedule: c.BetaSchedule, TrainedBetas: c.TrainedBetas,
		PredictionType: c.PredictionType, RescaleBetas: c.RescaleBetas,
		TimestepSpacing: "leading", StepsOffset: 1,
	}, steps)
}

// prepareFast prepares the paper's method, with CLIP's look at half the size.
func prepareFast(ctx context.Context, s *setup) (method, error) {
	return newPaper(ctx, s, func(detail *gt.Dense) comparison {
		c := paperComparison(s.pipeline, detail)
		c.halved = true
		return c
	})
}
