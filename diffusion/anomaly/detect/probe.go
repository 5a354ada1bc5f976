package detect

import (
	"context"
	"fmt"
	"image"
	"slices"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// ProbeOptions are the choices of a Probe. The zero value is the official reading's.
type ProbeOptions struct {
	Reading Reading // how pictures are seen and maps are smoothed, as in PatchCore

	Layers []string // to read, the one of the finest grid first; default: PatchCore's
	Size   int      // of the square that the network is given, in pixels; default 224, of Anomalib 256

	// L2 is how much large weights cost, l2/2·‖w‖² of features of deviation 1; default 0.1. On drawn parts, with one to
	// eight generated pictures, 0.01 and 1 are a little worse, alone and in Weighted.
	L2 float64

	Sigma float64 // of the map's Gaussian, in pixels of the square; default 4
}

// Probe is a logistic regression on the features of a patch, the same for every place: the cheapest honest test of
// whether defective samples, such as generated ones, teach something about others. The network does not change.
//
// A patch's vector is that of PatchCore in anomalib. It is normal where no pixel of it is defective, and defective where
// at least half are; one with a smaller share counts as a defective one in that proportion, 2·share, so that thin
// cracks count. Both classes count the same. A patch's number is its log-odds: 0 is undecided. A picture's score is the
// largest.
type Probe struct {
	options ProbeOptions
	eye     *eye
	fitted  atomic.Pointer[fittedProbe]
}

// fittedProbe is what a Probe has learned.
type fittedProbe struct {
	*logistic
	references []string // names of the normal pictures
	defective  []string // and of the others
}

// NewProbe returns a Probe of the features of a network. Options out of their ranges are ErrArgument.
func NewProbe(n Network, o ProbeOptions) (*Probe, error) {
	o = o.filled()
	e, err := newEye(n, view{o.Reading, images.PillowBilinear, o.Size}, o.Layers, known[n.Name].patchcore)
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return nil, err
	}
	o.Layers = e.layers
	return &Probe{options: o, eye: e}, nil
}

// filled has the defaults in the place of what is not said.
func (o ProbeOptions) filled() ProbeOptions {
	o.Size = o.Reading.sideOr(o.Size)
	if o.L2 == 0 {
		o.L2 = 0.1
	}
	if o.Sigma == 0 {
		o.Sigma = defaultSigma
	}
	return o
}

func (o ProbeOptions) check() error {
	if !(o.L2 >= 1e-6 && o.L2 <= 1e6) {
		return wrong("weights cost %g, want 1e-6 to 1e6", o.L2)
	}
	return o.enlarge().check()
}

func (o ProbeOptions) enlarge() enlarge {
	return enlarge{nearest: o.Reading == Anomalib, kornia: o.Reading == Anomalib, sigma: o.Sigma}
}

// Options returns the options with the defaults filled in.
func (p *Probe) Options() ProbeOptions {
	if p == nil {
		return ProbeOptions{}
	}
	o := p.options
	o.Layers = slices.Clone(o.Layers)
	return o
}

// Fit learns from normal and defective samples, the latter with masks. It is ErrNoReferences where there is no normal
// patch, and ErrNoDefects where there is no defective one in the part of the pictures that the network sees.
func (p *Probe) Fit(ctx context.Context, train anomaly.Samples) error {
	if p == nil || p.eye == nil {
		return wrong("a Probe that NewProbe has not made")
	}
	var e examples
	fit := &fittedProbe{}
	defective := 0.0
	err := p.eye.learn(ctx, train, checkedMask, func(s anomaly.Sample, layers []features) error {
		v := locallyAware(layers)
		e.width = v.c
		share := make([]float32, v.h*v.w)
		if isDefective(s) {
			fit.defective = append(fit.defective, nameOf(s))
			var err error
			if share, err = p.eye.shares(s.Mask, v.h, v.w); err != nil {
				return err
			}
		} else {
			fit.references = append(fit.references, nameOf(s))
		}
		e.vectors = append(e.vectors, v.values...)
		for _, s := range share {
			weight := 1.0
			if s > 0 {
				weight = min(1, 2*float64(s))
				defective += weight
			}
			e.defective, e.weight = append(e.defective, s > 0), append(e.weight, weight)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !slices.Contains(e.defective, false):
		return noReferences()
	case defective == 0:
		return fmt.Errorf("detect: %w: %d defective pictures, and nothing white in the part of their masks that the network sees", ErrNoDefects, len(fit.defective))
	}
	if fit.logistic, err = fitLogistic(ctx, e, p.options.L2); err != nil {
		return err
	}
	p.fitted.Store(fit)
	return nil
}

// checkedMask refuses a defective sample without a mask of the picture's size.
func checkedMask(s anomaly.Sample) (bool, error) {
	if !isDefective(s) || s.Picture == nil {
		return true, nil
	}
	if s.Mask == nil {
		return false, wrong("the picture shows %q and has no mask that says where", s.Defect)
	}
	if got, want := s.Mask.Rect.Size(), s.Picture.Rect.Size(); got != want || len(s.Mask.Pix) < (got.Y-1)*s.Mask.Stride+got.X || s.Mask.Stride < got.X {
		return false, wrong("a mask of %v for a picture of %v pixels", got, want)
	}
	return true, nil
}

// Detect says how much a picture's patches look like defective ones.
func (p *Probe) Detect(ctx context.Context, picture *image.RGBA) (anomaly.Detection, error) {
	if p == nil || p.eye == nil || ctx == nil {
		return anomaly.Detection{}, wrong("Detect takes a context, not nil, and a Probe that NewProbe has made")
	}
	layers, err := p.eye.lookOf(ctx, p.fitted.Load() != nil, picture)
	if err != nil {
		return anomaly.Detection{}, err
	}
	odds := p.fitted.Load().odds(locallyAware(layers).values)
	score := already(float64(slices.Max(odds)))
	return p.eye.detection(odds, layers[0], p.options.enlarge(), picture.Rect.Size(), score)
}
