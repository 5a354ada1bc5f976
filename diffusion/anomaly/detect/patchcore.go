package detect

import (
	"context"
	"image"
	"math"
	"slices"
	"sync/atomic"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// PatchCoreOptions are the choices of PatchCore. The zero value is the official reading.
type PatchCoreOptions struct {
	Reading Reading

	Layers []string // to read, the one of the finest grid first; default: those of strides 8 and 16 of a known network
	Size   int      // of the square that the network is given, in pixels; default 224, of Anomalib 256

	// Dimension is how many numbers the official reading pools a layer's neighbourhoods, and then a patch's layers, to:
	// pretrain_embed_dimension and target_embed_dimension; default 1024, and 152 of EfficientNet-Lite0, whose layers have
	// no more channels. Anomalib takes all channels as they are.
	Dimension int

	// Coreset is the share of the patches that are remembered, above 0 and up to 1; default 1. Both references keep 0.1 of
	// the patches of a whole data set; with a few pictures there is no need to.
	Coreset float64
	Seed    uint64 // of the coreset's choices

	// Neighbours is how many neighbours weight a picture's score; default: none, which is the largest number of a patch;
	// of Anomalib 9. 1 is none.
	Neighbours int

	Sigma float64 // of the map's Gaussian, in pixels of the square; default 4
}

// PatchCore compares each patch of a picture with all patches of normal pictures (Roth et al., "Towards Total Recall in
// Industrial Anomaly Detection", CVPR 2022, arXiv 2106.08265). A patch's number is the distance to the nearest, squared
// in the official reading. It learns from normal samples and passes over defective ones.
type PatchCore struct {
	options PatchCoreOptions
	eye     *eye
	fitted  atomic.Pointer[fittedPatchCore]
}

// fittedPatchCore is what a PatchCore has learned.
type fittedPatchCore struct {
	bank       *memoryBank
	references []string // names of the normal pictures
}

// NewPatchCore returns a PatchCore that reads the features of a network. Options out of their ranges are ErrArgument.
func NewPatchCore(n Network, o PatchCoreOptions) (*PatchCore, error) {
	o = o.filled(n)
	e, err := newEye(n, view{o.Reading, images.PillowBilinear, o.Size}, o.Layers, known[n.Name].patchcore)
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return nil, err
	}
	o.Layers = e.layers
	return &PatchCore{options: o, eye: e}, nil
}

// filled has the defaults in the place of what is not said.
func (o PatchCoreOptions) filled(n Network) PatchCoreOptions {
	o.Size = o.Reading.sideOr(o.Size)
	if o.Dimension == 0 && o.Reading == Official {
		if o.Dimension = known[n.Name].dimension; o.Dimension == 0 {
			o.Dimension = 1024
		}
	}
	if o.Coreset == 0 {
		o.Coreset = 1
	}
	if o.Neighbours == 0 {
		if o.Neighbours = 1; o.Reading == Anomalib {
			o.Neighbours = 9
		}
	}
	if o.Sigma == 0 {
		o.Sigma = defaultSigma
	}
	return o
}

// maxDimension and maxNeighbours bound what a file may ask for.
const maxDimension, maxNeighbours = 1 << 14, 1 << 10

func (o PatchCoreOptions) check() error {
	switch {
	case o.Dimension < 0 || o.Dimension > maxDimension || o.Reading == Anomalib && o.Dimension != 0:
		return wrong("vectors of %d numbers, want 1 to %d, and nothing in the reading anomalib, which takes all channels", o.Dimension, maxDimension)
	case !(o.Coreset > 0 && o.Coreset <= 1):
		return wrong("a share of %g of the patches is to be remembered, want more than 0 and at most 1", o.Coreset)
	case o.Neighbours < 1 || o.Neighbours > maxNeighbours:
		return wrong("%d neighbours are to weight a score, want 1 to %d", o.Neighbours, maxNeighbours)
	}
	return o.enlarge().check()
}

func (o PatchCoreOptions) enlarge() enlarge {
	return enlarge{nearest: o.Reading == Anomalib, kornia: o.Reading == Anomalib, sigma: o.Sigma}
}

// vectors are those of the patches.
func (o PatchCoreOptions) vectors(layers []features) features {
	if o.Reading == Anomalib {
		return locallyAware(layers)
	}
	return preprocessed(layers, o.Dimension, o.Dimension)
}

// Options returns the options with the defaults filled in.
func (p *PatchCore) Options() PatchCoreOptions {
	if p == nil {
		return PatchCoreOptions{}
	}
	o := p.options
	o.Layers = slices.Clone(o.Layers)
	return o
}

// Fit remembers the patches of the normal samples, in memory for twice their vectors' float32s. Without a normal sample it
// is ErrNoReferences.
func (p *PatchCore) Fit(ctx context.Context, train anomaly.Samples) error {
	if p == nil || p.eye == nil {
		return wrong("a PatchCore that NewPatchCore has not made")
	}
	var all features
	var names []string
	err := p.eye.learn(ctx, train, onlyNormal, func(s anomaly.Sample, layers []features) error {
		all = appended(all, p.options.vectors(layers))
		names = append(names, nameOf(s))
		return nil
	})
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return noReferences()
	}
	vectors := all.values
	if count := int(p.options.Coreset * float64(all.patches())); count < all.patches() {
		rows, err := coreset(ctx, p.options.Reading, vectors, all.c, max(1, count), p.options.Seed)
		if err != nil {
			return err
		}
		vectors = make([]float32, 0, len(rows)*all.c)
		for _, r := range rows {
			vectors = append(vectors, all.values[r*all.c:][:all.c]...)
		}
	}
	p.fitted.Store(&fittedPatchCore{newMemoryBank(vectors, all.c), names})
	return nil
}

// Detect compares a picture's patches with those that are remembered.
func (p *PatchCore) Detect(ctx context.Context, picture *image.RGBA) (anomaly.Detection, error) {
	if p == nil || p.eye == nil || ctx == nil {
		return anomaly.Detection{}, wrong("Detect takes a context, not nil, and a PatchCore that NewPatchCore has made")
	}
	layers, err := p.eye.lookOf(ctx, p.fitted.Load() != nil, picture)
	if err != nil {
		return anomaly.Detection{}, err
	}
	return p.detect(layers, nil, picture.Rect.Size())
}

// detect makes a detection of layers, of distances times their weights unless these are nil.
func (p *PatchCore) detect(layers []features, weights []float32, size image.Point) (anomaly.Detection, error) {
	score, numbers := p.options.judge(p.fitted.Load().bank, p.options.vectors(layers), weights)
	return p.eye.detection(numbers, layers[0], p.options.enlarge(), size, already(score))
}

// judge returns a picture's score and the numbers of its patches, of distances times their weights, if there are any.
func (o PatchCoreOptions) judge(bank *memoryBank, v features, weights []float32) (score float64, numbers []float32) {
	distance, row := bank.nearest(v.values)
	for i := range distance {
		if weights != nil {
			distance[i] *= float64(weights[i]) * float64(weights[i]) // they are squared, too
		}
		if o.Reading == Anomalib {
			distance[i] = math.Sqrt(distance[i])
		}
	}
	at := farthest(distance)
	score = distance[at]
	if o.Neighbours > 1 {
		score *= bank.rarity(v.values[at*v.c:][:v.c], row[at], o.Neighbours)
	}
	numbers = make([]float32, len(distance))
	for i, d := range distance {
		numbers[i] = float32(d)
	}
	return score, numbers
}
