package detect

import (
	"context"
	"image"
	"slices"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// PaDiMOptions are the choices of PaDiM. The zero value is the official reading.
type PaDiMOptions struct {
	Reading Reading

	Layers []string // to read, the one of the finest grid first; default: those of strides 4, 8 and 16 of a known network
	Size   int      // of the square that the network is given, in pixels; default 224, of Anomalib 256

	// Dimension is how many channels of all layers are taken; default 100, 550 of Wide ResNet-50-2. They are those of
	// Python's random.seed(1024) and random.sample, as in the implementation that others compare with.
	Dimension int
	// Channels are the ones to take instead, counted through all layers in their order: anomalib's are random.
	Channels []int

	Sigma float64 // of the map's Gaussian, in pixels of the square; default 4
}

// PaDiM compares each patch of a picture with the patches of normal pictures at its place, by the Mahalanobis distance
// (Defard et al., "PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and Localization", ICPR 2021,
// arXiv 2011.08785). Its pictures are to show the part in one position. The covariance has 0.01·I more, in the reading
// anomalib 0.01001·I, and is that alone where there is one picture. The map is not scaled to the test set's range, as it
// is in the official reading's code, which changes no figure but the scores. It learns from normal samples and passes
// over defective ones.
type PaDiM struct {
	options PaDiMOptions
	eye     *eye
	fitted  atomic.Pointer[fittedPaDiM]
}

// fittedPaDiM is what a PaDiM has learned.
type fittedPaDiM struct {
	*gaussians
	channels   []int
	references []string // names of the normal pictures
}

// NewPaDiM returns a PaDiM that reads the features of a network. Options out of their ranges are ErrArgument; channels
// that the layers have not, Fit refuses.
func NewPaDiM(n Network, o PaDiMOptions) (*PaDiM, error) {
	o = o.filled(n)
	e, err := newEye(n, view{o.Reading, images.PillowLanczos, o.Size}, o.Layers, known[n.Name].padim)
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return nil, err
	}
	o.Layers = e.layers
	return &PaDiM{options: o, eye: e}, nil
}

// filled has the defaults in the place of what is not said.
func (o PaDiMOptions) filled(n Network) PaDiMOptions {
	o.Size = o.Reading.sideOr(o.Size)
	o.Channels = slices.Clone(o.Channels)
	if o.Dimension == 0 {
		if o.Dimension = len(o.Channels); o.Dimension == 0 {
			o.Dimension = max(100, known[n.Name].channels)
		}
	}
	if o.Sigma == 0 {
		o.Sigma = defaultSigma
	}
	return o
}

func (o PaDiMOptions) check() error {
	if o.Dimension < 1 || o.Dimension > maxDimension || len(o.Channels) > 0 && len(o.Channels) != o.Dimension {
		return wrong("%d channels of which %d are said, want 1 to %d, and all or none of them said", o.Dimension, len(o.Channels), maxDimension)
	}
	sorted := slices.Sorted(slices.Values(o.Channels))
	if len(sorted) > 0 && (sorted[0] < 0 || len(slices.Compact(sorted)) != len(o.Channels)) {
		return wrong("channels %v, want different ones from 0 on", o.Channels)
	}
	return o.enlarge().check()
}

func (o PaDiMOptions) enlarge() enlarge {
	return enlarge{kornia: o.Reading == Anomalib, sigma: o.Sigma}
}

// ridge is what the diagonal of a covariance has more.
func (o PaDiMOptions) ridge() float64 {
	if o.Reading == Anomalib {
		return 0.01 + 1e-5
	}
	return 0.01
}

// channels returns the ones that are taken of layers.
func (o PaDiMOptions) channels(layers []features) ([]int, error) {
	total := 0
	for _, l := range layers {
		total += l.c
	}
	switch {
	case o.Dimension > total:
		return nil, wrong("%d channels are to be taken of layers %q, which have %d", o.Dimension, o.Layers, total)
	case len(o.Channels) == 0:
		return pythonSample(paDiMSeed, total, o.Dimension), nil
	case slices.Max(o.Channels) >= total:
		return nil, wrong("channel %d is to be taken of layers %q, which have %d, from 0 on", slices.Max(o.Channels), o.Layers, total)
	}
	return o.Channels, nil
}

// Options returns the options with the defaults filled in.
func (p *PaDiM) Options() PaDiMOptions {
	if p == nil {
		return PaDiMOptions{}
	}
	o := p.options
	o.Layers, o.Channels = slices.Clone(o.Layers), slices.Clone(o.Channels)
	return o
}

// Fit learns what is normal at each place from the normal samples. Without one it is ErrNoReferences. With n places and
// c channels it takes 4·n·c·k bytes for the vectors of k pictures, while it lasts, and as many for what it learns, or
// 2·n·c² where k is c or more.
func (p *PaDiM) Fit(ctx context.Context, train anomaly.Samples) error {
	if p == nil || p.eye == nil {
		return wrong("a PaDiM that NewPaDiM has not made")
	}
	var all features
	var channels []int
	var names []string
	err := p.eye.learn(ctx, train, onlyNormal, func(s anomaly.Sample, layers []features) (err error) {
		if channels == nil {
			if channels, err = p.options.channels(layers); err != nil {
				return err
			}
		}
		all = appended(all, chosen(layers, channels))
		names = append(names, nameOf(s))
		return nil
	})
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return noReferences()
	}
	g, err := fitGaussians(ctx, all, p.options.ridge())
	if err != nil {
		return err
	}
	p.fitted.Store(&fittedPaDiM{g, channels, names})
	return nil
}

// Detect compares a picture's patches with what is normal at their places. The score is the largest number of the map, at
// the size that the network is given.
func (p *PaDiM) Detect(ctx context.Context, picture *image.RGBA) (anomaly.Detection, error) {
	if p == nil || p.eye == nil || ctx == nil {
		return anomaly.Detection{}, wrong("Detect takes a context, not nil, and a PaDiM that NewPaDiM has made")
	}
	layers, err := p.eye.lookOf(ctx, p.fitted.Load() != nil, picture)
	if err != nil {
		return anomaly.Detection{}, err
	}
	return p.detect(layers, nil, picture.Rect.Size())
}

// detect makes a detection of layers, of distances times their weights unless these are nil.
func (p *PaDiM) detect(layers []features, weights []float32, size image.Point) (anomaly.Detection, error) {
	fit := p.fitted.Load()
	distance := fit.distances(chosen(layers, fit.channels).values)
	for i, w := range weights {
		distance[i] *= w
	}
	return p.eye.detection(distance, layers[0], p.options.enlarge(), size, largest)
}
