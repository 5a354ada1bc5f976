package detect

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// promptADTask is one of the two trainings: how many contexts N and A it has, n_pro and n_pro_ab.
type promptADTask struct {
	pixels           bool
	normal, abnormal int
}

var promptADImage, promptADPixels = promptADTask{false, 3, 4}, promptADTask{true, 1, 4}

// learnt is what was seen of the samples. Vectors of all pictures are behind one another.
type learnt struct {
	references []string // their names
	defective  int      // how many pictures

	normal sights // of the references

	whole  []float32 // class tokens of the defective pictures
	tokens []float32 // patches of those of which something is left in the grid
	cells  []float32 // and which of the patches are defective
}

// learn looks at the samples.
func (p *PromptAD) learn(ctx context.Context, train anomaly.Samples) (*learnt, error) {
	l := &learnt{}
	if err := eachSample(ctx, train, func(s anomaly.Sample) error { return p.learnOf(ctx, l, s) }); err != nil {
		return nil, err
	}
	switch {
	case len(l.references) == 0:
		return nil, noReferences()
	case p.options.Generated && l.defective == 0:
		return nil, fmt.Errorf("detect: %w", ErrNoDefects)
	}
	return l, nil
}

// learnOf looks at a sample.
func (p *PromptAD) learnOf(ctx context.Context, l *learnt, s anomaly.Sample) error {
	if isDefective(s) && !p.options.Generated {
		return nil
	}
	if _, err := checkedMask(s); err != nil {
		return err
	}
	seen, err := p.sight.look(ctx, s.Picture, false)
	if err != nil {
		return err
	}
	if !isDefective(s) {
		l.reference(seen, nameOf(s))
		return nil
	}
	return l.defect(seen, s, p.sight.grid())
}

func (l *learnt) reference(seen sights, name string) {
	l.references = append(l.references, name)
	l.normal.whole = append(l.normal.whole, seen.whole...)
	l.normal.tokens = append(l.normal.tokens, seen.tokens...)
	for i, v := range seen.mid {
		l.normal.mid[i] = append(l.normal.mid[i], v...)
	}
}

// defect adds a generated picture. One whose mask covers half of no patch says nothing of pixels.
func (l *learnt) defect(seen sights, s anomaly.Sample, grid int) error {
	cells, any, err := defectiveCells(s.Mask, grid)
	if err != nil {
		return err
	}
	l.defective++
	l.whole = append(l.whole, seen.whole...)
	if any {
		l.tokens, l.cells = append(l.tokens, seen.tokens...), append(l.cells, cells...)
	}
	return nil
}

// subject is what prompts of a task are trained for.
func (l *learnt) subject(task promptADTask, c CLIP) *subject {
	s := &subject{pixels: task.pixels, tau: c.tau(), pictures: len(l.references), each: 1, width: c.Model.Config.ProjectionDim}
	if s.normal, s.defective = l.normal.whole, l.whole; task.pixels {
		s.each = c.grid() * c.grid()
		s.normal, s.defective, s.cells = l.normal.tokens, l.tokens, l.cells
	}
	return s
}

// tau is CLIP's logit_scale as it is in the file.
func (c CLIP) tau() float32 { return c.Model.LogitScale.Float32()[0] }

// fitted remembers the references; texts are yet to be learned.
func (l *learnt) fitted(c CLIP) *fittedPromptAD {
	fit := &fittedPromptAD{tau: float64(c.tau()), grid: c.grid(), references: l.references}
	for i, tokens := range l.normal.mid {
		fit.memory[i] = newMemoryBank(tokens, c.Model.Config.Vision.HiddenSize)
	}
	return fit
}

// train is both trainings, one after the other.
func (p *PromptAD) train(ctx context.Context, l *learnt) (fit *fittedPromptAD, err error) {
	fit = l.fitted(p.sight.CLIP)
	if fit.image, err = p.texts(ctx, l, promptADImage, 0); err == nil {
		fit.pixels, err = p.texts(ctx, l, promptADPixels, 1)
	}
	return fit, err
}

// texts are what a training ends with; number says which of the two it is.
func (p *PromptAD) texts(ctx context.Context, l *learnt, task promptADTask, number int) (classTexts, error) {
	prompts := newPrompting(p.sight.Model, p.words, task.normal, task.abnormal)
	t, err := prompts.newTraining(l.subject(task, p.sight.CLIP))
	if err != nil {
		return classTexts{}, err
	}
	o := p.options
	told := func(epoch int, _ lesson) {
		if o.Progress != nil {
			o.Progress(number*o.Epochs+epoch+1, 2*o.Epochs)
		}
	}
	begin := prompts.newContexts(o.Seed, uint64(number))
	features, err := t.train(ctx, begin, schedule{o.Rate, o.Epochs}, o.Epochs, told)
	if err != nil {
		return classTexts{}, err
	}
	normal, abnormal := prompts.directions(features)
	return classTexts{normal, abnormal}, nil
}
