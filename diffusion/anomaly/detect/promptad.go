package detect

import (
	"context"
	"image"
	"slices"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// PromptADOptions are the choices of PromptAD. The zero value is this project's reading of it: pictures are red, green,
// blue when they are judged as when they are learned, and of the training the last epoch counts.
type PromptADOptions struct {
	// Released judges pictures as the released code does: learned in red, green, blue, judged with red and blue swapped. Two
	// more things that its published numbers stand on are not a detector's to do: the epoch that was best on the test set, and
	// references by their position in an unsorted list.
	Released bool

	// States are said of the part where it is abnormal, with {} in the place of its name; default: eight general ones and, of
	// the categories of MVTec AD and VisA, two to seven of its own, as the released code has them.
	States []string

	// Generated also learns from defective samples, which need masks: pictures that look as defective ones do are to be
	// nearer to the abnormal texts, by a cross-entropy of each picture and, in the training for pixels, the focal and the Dice
	// loss of each patch, which counts as defective if half of it is. This is this project's own, not the paper's: call it
	// promptad+generated, and put the same without beside it. Default: defective samples are passed over.
	Generated bool

	Epochs int     // of each of the two trainings, one step each; default 100
	Rate   float64 // the learning rate to begin with; a cosine takes it down to 1e-5; default 0.002
	Seed   uint64  // of the vectors to begin with
	Sigma  float64 // of the map's Gaussian, in pixels of 400×400; default 4

	// Progress is told how many of all steps of a Fit are done, if it is not nil.
	Progress func(done, of int) `json:"-"`
}

// PromptAD learns what to call a part (Li et al., "PromptAD: Learning Prompts with only Normal Samples for Few-Shot Anomaly
// Detection", CVPR 2024; FuNz-0/PromptAD 0f86ce0): vectors in the place of words, in prompts of which normal pictures are
// near some and far from others. CLIP itself stays as it is. A picture's score and its map come from two trainings: its
// class token, and its patches in a stream that keeps them to their place (clip.Vision.EncodeLocal), are compared with the
// mean normal and abnormal prompt, and both are combined with how far patches are from those of the references.
//
// The published numbers are of open_clip's ViT-B-16-plus-240, laion400m_e32, in float16; here it is float32.
type PromptAD struct {
	options PromptADOptions
	words   promptWords
	sight   *promptADSight
	fitted  atomic.Pointer[fittedPromptAD]
}

// NewPromptAD returns a PromptAD of a part, such as "metal_nut": a category of MVTec AD or VisA by the data set's name, for
// which what to say is known, or what a photograph shows. Options out of their ranges, and texts that are longer than what
// CLIP reads, are ErrArgument.
func NewPromptAD(c CLIP, object string, o PromptADOptions) (*PromptAD, error) {
	err := c.check()
	name, states := promptADWords(object)
	if err == nil {
		o = o.filled(states)
		err = o.check(name)
	}
	if err != nil {
		return nil, err
	}
	p := &PromptAD{options: o}
	if p.words, err = newPromptWords(c, name, o.States); err != nil {
		return nil, err
	}
	if p.sight, err = newPromptADSight(c); err != nil {
		return nil, err
	}
	return p, nil
}

// filled has the defaults in the place of what is not said.
func (o PromptADOptions) filled(states []string) PromptADOptions {
	if o.States = slices.Clone(o.States); len(o.States) == 0 {
		o.States = states
	}
	if o.Epochs == 0 {
		o.Epochs = 100
	}
	if o.Rate == 0 {
		o.Rate = 0.002
	}
	if o.Sigma == 0 {
		o.Sigma = defaultSigma
	}
	return o
}

// The most that is trained for, and of how many states.
const maxEpochs, maxStates = 100_000, 256

func (o PromptADOptions) check(name string) error {
	switch {
	case name == "":
		return wrong("the part has no name that could stand in a prompt")
	case len(o.States) > maxStates:
		return wrong("%d states, want at most %d", len(o.States), maxStates)
	case o.Epochs < 1 || o.Epochs > maxEpochs:
		return wrong("%d epochs, want 1 to %d", o.Epochs, maxEpochs)
	case !(o.Rate >= lastRate && o.Rate <= 100):
		return wrong("a learning rate of %g, want %g to 100", o.Rate, lastRate)
	}
	return enlarge{sigma: o.Sigma}.check()
}

// Options returns the options with the defaults filled in.
func (p *PromptAD) Options() PromptADOptions {
	if p == nil {
		return PromptADOptions{}
	}
	o := p.options
	o.States = slices.Clone(o.States)
	return o
}

// References returns the names of the normal pictures that Fit has learned from, without folders.
func (p *PromptAD) References() []string {
	if p == nil || p.fitted.Load() == nil {
		return nil
	}
	return slices.Clone(p.fitted.Load().references)
}

// Fit remembers the normal samples and trains the prompts on them. Without a normal sample it is ErrNoReferences; with
// Generated and without a defective one, ErrNoDefects. A picture that is generated takes as much memory as its patches'
// vectors, 0.6 MB of ViT-B-16-plus-240.
func (p *PromptAD) Fit(ctx context.Context, train anomaly.Samples) error {
	if p == nil || p.sight == nil || ctx == nil || train == nil {
		return wrong("Fit takes a context and samples, not nil, and a PromptAD that NewPromptAD has made")
	}
	l, err := p.learn(ctx, train)
	if err != nil {
		return err
	}
	fit, err := p.train(ctx, l)
	if err != nil {
		return err
	}
	p.fitted.Store(fit)
	return nil
}

// Detect says how abnormal a picture looks and how far it is from the references.
func (p *PromptAD) Detect(ctx context.Context, picture *image.RGBA) (anomaly.Detection, error) {
	if p == nil || p.sight == nil || ctx == nil {
		return anomaly.Detection{}, wrong("Detect takes a context, not nil, and a PromptAD that NewPromptAD has made")
	}
	fit := p.fitted.Load()
	if fit == nil {
		return anomaly.Detection{}, notFitted()
	}
	s, err := p.sight.look(ctx, picture, p.options.Released)
	if err != nil {
		return anomaly.Detection{}, err
	}
	return fit.detection(s, p.options.Sigma, picture.Rect.Size())
}
