package detect

import (
	"image"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// promptADSide is that of the map in which the released code judges: 400 pixels, whatever the picture's size.
const promptADSide = 400

// fittedPromptAD is what a PromptAD has learned.
type fittedPromptAD struct {
	tau    float64
	grid   int
	memory [2]*memoryBank // of the references' tokens in the middle of the network

	image, pixels classTexts // n̄ and ā, what each of the trainings ended with

	references []string // their names
}

// shares are those of the second in softmax(τ·[cos(y, n̄), cos(y, ā)]) of unit vectors y.
func (t classTexts) shares(vectors []float32, tau float64) []float32 {
	out := make([]float32, 0, len(vectors)/len(t.normal))
	for _, v := range t.anomalous(vectors, 1/tau) {
		out = append(out, float32(v))
	}
	return out
}

// visual is for each token how far it is from the references': half the sum over both sets of the least (1 - cos)/2, which
// is a quarter of the squared distance of unit vectors.
func (f *fittedPromptAD) visual(s sights) []float32 {
	out := make([]float32, f.grid*f.grid)
	for i, bank := range f.memory {
		distance, _ := bank.nearest(s.mid[i])
		for k, d := range distance {
			out[k] += float32(d / 8)
		}
	}
	return out
}

// score is a picture's: the harmonic sum of what its class token and its farthest patch say.
func (f *fittedPromptAD) score(s sights, visual []float32, side int) (float64, error) {
	large, err := images.ResizeMap(visual, f.grid, f.grid, 1, side, side, images.TorchBilinear)
	if err != nil {
		return 0, err
	}
	return harmonicSum(float64(f.image.shares(s.whole, f.tau)[0]), largest(large)), nil
}

// numbers are those of a picture's patches: the harmonic sum of what both say of each.
func (f *fittedPromptAD) numbers(s sights, visual []float32) []float32 {
	out := f.pixels.shares(s.tokens, f.tau)
	for i, text := range out {
		out[i] = float32(harmonicSum(float64(text), float64(visual[i])))
	}
	return out
}

// harmonicSum is 1/(1/a + 1/b), 0 where one of them is.
func harmonicSum(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return 1 / (1/a + 1/b)
}

// detection is what is said of a picture of a size.
func (f *fittedPromptAD) detection(s sights, sigma float64, size image.Point) (anomaly.Detection, error) {
	visual := f.visual(s)
	score, err := f.score(s, visual, promptADSide)
	if err != nil {
		return anomaly.Detection{}, err
	}
	v := view{reading: Anomalib, side: promptADSide} // the whole picture, squashed
	return v.detection(f.numbers(s, visual), features{h: f.grid, w: f.grid}, enlarge{sigma: sigma}, size, already(score))
}

// defectiveCells are 1 for each patch of a grid of which a mask has a half white or more, 0 for the others, and whether
// there is such a patch.
func defectiveCells(mask *image.Gray, grid int) ([]float32, bool, error) {
	cells, err := view{reading: Anomalib, side: promptADSide}.shares(mask, grid, grid)
	if err != nil {
		return nil, false, err
	}
	for i, share := range cells {
		cells[i] = 0
		if share >= 0.5-1e-6 {
			cells[i] = 1
		}
	}
	return cells, slices.Contains(cells, 1), nil
}
