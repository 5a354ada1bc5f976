package detect

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// How prompts are trained: stochastic gradient descent, in which nothing is stochastic but the beginning, since each of
// the epochs is one step with all pictures.
const (
	contextDeviation = 0.02 // of the vectors to begin with
	momentum         = 0.9
	weightDecay      = 5e-4
	lastRate         = 1e-5 // where the cosine ends
)

// contexts are the vectors that are learned: N [normal, 4, C] and A [abnormal, 1, C].
type contexts [2]*gt.Dense

// newContexts draws the vectors to begin with.
func (p *prompting) newContexts(seed, stream uint64) contexts {
	random := rand.New(rand.NewPCG(seed, stream))
	draw := func(shape ...int) *gt.Dense {
		v := make([]float32, gt.Shape(shape).TotalSize())
		for i := range v {
			v[i] = float32(contextDeviation * random.NormFloat64())
		}
		return tensor.FromFloat32s(v, shape...)
	}
	return contexts{draw(p.normal, normalVectors, p.width()), draw(p.abnormal, abnormalVectors, p.width())}
}

// lesson is what one run of the training's graph says.
type lesson struct {
	crossEntropy, triplet, match, total float32
	gradients                           [2][]float32 // of N and A
	features                            []float32    // of the prompts, [count, width]
}

// training is the graph of a step.
type training struct{ program *nn.Program }

func (p *prompting) newTraining(s *subject) (*training, error) {
	program, err := nn.Compile(func(b *nn.Build) []*G.Node {
		normal := b.Input("normal", p.normal, normalVectors, p.width())
		abnormal := b.Input("abnormal", p.abnormal, abnormalVectors, p.width())
		features := p.features(b, normal, abnormal)
		l := s.losses(b, p.textsOf(features))
		return append([]*G.Node{l.crossEntropy, l.triplet, l.match, l.total, features}, b.Grad(l.total, normal, abnormal)...)
	})
	if err != nil {
		return nil, fmt.Errorf("detect: PromptAD's training: %w", err)
	}
	return &training{program}, nil
}

// run computes losses and gradients for contexts.
func (t *training) run(ctx context.Context, c contexts) (s lesson, err error) {
	out, err := t.program.Run(ctx, map[string]*gt.Dense{"normal": c[0], "abnormal": c[1]})
	if err != nil {
		return s, fmt.Errorf("detect: PromptAD's training: %w", err)
	}
	for i, to := range []*float32{&s.crossEntropy, &s.triplet, &s.match, &s.total} {
		*to = tensor.Float32s(out[i])[0]
	}
	s.features = tensor.Float32s(out[4])
	s.gradients = [2][]float32{tensor.Float32s(out[5]), tensor.Float32s(out[6])}
	if s.total-s.total != 0 {
		return s, fmt.Errorf("detect: PromptAD's loss is %v%.0w", s.total, ErrNotFinite)
	}
	return s, nil
}

// schedule is the learning rate: a cosine from rate down to lastRate after so many epochs.
type schedule struct {
	rate   float64
	epochs int
}

func (s schedule) at(epoch int) float64 {
	return lastRate + (s.rate-lastRate)*(1+math.Cos(math.Pi*float64(epoch)/float64(s.epochs)))/2
}

// train takes epochs steps from contexts on, which it changes, and tells after each of them. It returns the prompts'
// embeddings in the end.
func (t *training) train(ctx context.Context, c contexts, rates schedule, epochs int, told func(epoch int, s lesson)) (features []float32, err error) {
	var speed [2][]float64
	for epoch := range epochs {
		s, err := t.run(ctx, c)
		if err != nil {
			return nil, err
		}
		for i, d := range c {
			speed[i] = descend(tensor.Float32s(d), s.gradients[i], speed[i], rates.at(epoch))
		}
		told(epoch, s)
	}
	s, err := t.run(ctx, c)
	return s.features, err
}

// descend is a step of torch's SGD; a speed of nil is that before the first.
func descend(at, gradient []float32, speed []float64, rate float64) []float64 {
	if speed == nil {
		speed = make([]float64, len(at))
	}
	for i, g := range gradient {
		speed[i] = momentum*speed[i] + float64(g) + weightDecay*float64(at[i])
		at[i] -= float32(rate * speed[i])
	}
	return speed
}

// directions are n̄ and ā of the prompts' embeddings, each a unit vector.
func (p *prompting) directions(features []float32) (normal, abnormal []float32) {
	width := len(features) / p.count()
	mean := func(rows []float32) []float32 {
		sum := make([]float64, width)
		for i, v := range rows {
			sum[i%width] += float64(v)
		}
		length := math.Sqrt(dot(sum, sum))
		out := make([]float32, width)
		for i, v := range sum {
			out[i] = float32(v / length)
		}
		return out
	}
	return mean(features[:p.normal*width]), mean(features[p.normal*width:])
}
