package anomalyany

import (
	"context"

	"github.com/sdgraph/sdgraph/diffusion"
	gt "gorgonia.org/tensor"
)

// method is one of the algorithms, prepared for a prompt and a size: the
// paper's (paper.go), the same in a few steps (fast.go), or that of the released code (released*.go). Generator, run
// and State do not know which.
type method interface {
	// embedding returns the prompt's embedding that runs begin with.
	embedding() *gt.Dense
	// draw draws what a run needs, of a photograph with a mask or without; randn
	// returns so many standard normal numbers.
	draw(masked bool, randn func(n int) []float32) Noises
	// begin sets the first latent of a run, and what stays outside the mask.
	begin(r *run, n Noises) error
	// step moves latent and embedding of a run in step i, at timestep t, before the
	// latent is denoised, and sets the embeddings that guide that.
	step(ctx context.Context, r *run, i int, t float64) (StepTrace, error)
	// work returns the floating-point operations of a step without and with refinement.
	work() (plain, refined int64)
}

// algorithm is what is known of a method before it is prepared.
type algorithm struct {
	validate  func(o *Options) error // checks the numbers that the other has not
	course    func(o Options) course
	scheduler func(c diffusion.SchedulerConfig, steps int) (diffusion.Scheduler, error)
	// shrink brings a mask of the pictures' size to that of the latent, m_z, and to
	// that of the attention maps, m_a.
	shrink func(s *setup, mask []float32) (latent, maps []float32, err error)
	// prepare encodes the prompts and compiles the graphs.
	prepare func(ctx context.Context, s *setup) (method, error)

	// blending is the scheduler of Keep, with so many steps.
	blending      func(c diffusion.SchedulerConfig, steps int) (diffusion.Scheduler, error)
	blendingSteps int

	resumable bool // latent, embedding, soft map and trace are all that a run remembers from step to step
	clamped   bool // pictures are clamped to [-1, 1]
}

// algorithms are those of the presets.
var algorithms = map[Preset]algorithm{
	PaperPreset: {
		validate: (*Options).validatePaper, course: paperCourse, scheduler: newDDIM, shrink: shrinkForPaper, prepare: preparePaper,
		blending: newDDIM, blendingSteps: 30, // the paper's hundred keep no more
		resumable: true,
	},
	FastPreset: {
		validate: (*Options).validatePaper, course: fastCourse, scheduler: newDPMPP2M, shrink: shrinkForPaper, prepare: prepareFast,
		blending: newDPMPP2M, blendingSteps: fastSteps,
	},
	ReleasedPreset: {
		validate: (*Options).validateReleased, course: releasedCourse, scheduler: newPNDM, shrink: shrinkForReleased, prepare: prepareReleased,
		blending: newDDIM, blendingSteps: 30,
		clamped: true,
	},
}

// course is what is done in which of a run's steps.
type course struct {
	steps     int // that run, S: the last ones of the scheduler's list
	refined   int // the last ones, of which CLIP sees the picture
	annotated int // the last ones, which the mask is read from
}

func (c course) refines(i int) bool { return c.steps-i <= c.refined }

func (c course) annotates(i int) bool { return c.steps-i <= c.annotated }
