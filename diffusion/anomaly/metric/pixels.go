package metric

import (
	"errors"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Pixels judges maps pixel by pixel: all pixels of all pictures of a category together, normal pictures' too. The
// zero value has no pictures.
//
// It takes 8 bytes of memory for each pixel added, up to half a megabyte more, and 8 for each region of a mask; Add
// takes up to 32 for each pixel of its own picture while it lasts, and results, which sort all pixels in their place,
// nothing worth mention. The first result after an Add sorts; each takes time in proportion to the number of pixels.
//
// Nothing is scaled: whoever wants results of another resolution adds maps and masks of that. One goroutine at a time
// may use it.
type Pixels struct {
	all     sorter
	normal  int
	weights []float64 // of a pixel of each region of the masks: what share of the region it is
}

// Add takes the map of a picture, finite numbers, and its mask of the same size, in which what is not 0 is defective.
// The mask is nil for a normal picture; one that is 0 everywhere makes it normal, too. After an error nothing was added.
func (p *Pixels) Add(m anomaly.Map, truth *image.Gray) error {
	if p == nil {
		return errors.New("there are no pixels to add to: want new(Pixels)")
	}
	if err := m.Validate(); err != nil {
		return err
	}
	regions, err := regionsOf(truth, m.Width, m.Height)
	if err != nil {
		return err
	}
	first := p.all.n
	for _, v := range m.Values {
		p.all.add(newPixel(v))
	}
	p.normal += len(m.Values)
	for _, region := range regions {
		p.weights = append(p.weights, 1/float64(len(region)))
		for _, i := range region {
			*p.all.at(first + i) |= pixel(len(p.weights)) // the first region's number is 1
		}
		p.normal -= len(region)
	}
	return nil
}

// regionsOf are the pixels of each region of a mask, which is nil or of the size given. Pixels that touch at a corner
// are of one region.
func regionsOf(truth *image.Gray, width, height int) ([][]int, error) {
	if truth == nil {
		return nil, nil
	}
	w, h, have := truth.Rect.Dx(), truth.Rect.Dy(), len(truth.Pix)
	switch {
	case w != width || h != height:
		return nil, fmt.Errorf("a mask of %d×%d pixels, want the map's %d×%d", w, h, width, height)
	case truth.Stride < w || have < w || (have-w)/truth.Stride < h-1:
		return nil, fmt.Errorf("a mask of %d×%d, with rows of %d bytes, has only %d bytes", w, h, truth.Stride, have)
	}
	mask := make([]float32, w*h)
	for y := range h {
		for x, v := range truth.Pix[y*truth.Stride:][:w] {
			if v > 0 {
				mask[y*w+x] = 1
			}
		}
	}
	return images.Regions(mask, h, w)
}

// Count returns how many pixels were added, normal and defective ones, and how many regions the masks have.
func (p *Pixels) Count() (normal, defective, regions int) {
	if p == nil {
		return 0, 0, 0
	}
	return p.normal, p.all.n - p.normal, len(p.weights)
}

// AUROC returns the area under the curve of true over false positives, as the function AUROC; ErrOneClass where no
// pixel is defective, or all are. Of defective pictures alone, which some papers report, it is another number: leave
// out the normal ones.
func (p *Pixels) AUROC() (float64, error) {
	c, err := p.curve()
	if err != nil {
		return 0, err
	}
	return c.auroc(), nil
}

// AveragePrecision returns the average precision of pixels, as the function of this name; ErrOneClass where no pixel
// is defective, or all are.
func (p *Pixels) AveragePrecision() (float64, error) {
	c, err := p.curve()
	if err != nil {
		return 0, err
	}
	return c.averagePrecision(), nil
}

// F1Max returns the best F1 of all thresholds, as the function of this name; ErrOneClass where no pixel is defective,
// or all are.
func (p *Pixels) F1Max() (F1, error) {
	c, err := p.curve()
	if err != nil {
		return F1{}, err
	}
	return c.f1Max(), nil
}

// AUPRO returns the area under the curve of per-region overlap, up to a share of false positives, over this share:
// 0.3 is what MVTec AD is judged by, 0.05 MVTec AD 2. The curve has a point for each distinct number of the maps: at x
// the share of all normal pixels that have at least it, at y the mean over regions of the share of their pixels that
// do, so that small defects count like large ones. Regions are pixels of a mask that touch, if only at a corner.
// Between points lie straight lines, at the limit, too. So does MVTec AD's own code (Bergmann et al., "The MVTec
// Anomaly Detection Dataset", IJCV 2021, section 5), in float32; versions of 200 thresholds give other numbers.
//
// The limit is above 0 and at most 1. It is ErrOneClass where no pixel is defective, or all are.
func (p *Pixels) AUPRO(limit float64) (float64, error) {
	if !(limit > 0 && limit <= 1) {
		return 0, fmt.Errorf("per-region overlap up to %v of false positives: want above 0 and at most 1", limit)
	}
	c, err := p.curve()
	if err != nil {
		return 0, err
	}
	return c.aupro(len(p.weights), limit), nil
}

// ROC returns the curve of AUROC for drawing, as the function ROC; ErrOneClass where no pixel is defective, or all are.
func (p *Pixels) ROC() ([]Point, error) {
	c, err := p.curve()
	if err != nil {
		return nil, err
	}
	return c.roc(), nil
}

// PRO returns the curve of AUPRO for drawing, up to (1, 1), with as many points as ROC; ErrOneClass where no pixel is
// defective, or all are.
func (p *Pixels) PRO() ([]Point, error) {
	c, err := p.curve()
	if err != nil {
		return nil, err
	}
	return c.pro(len(p.weights)), nil
}

// curve is that of all pixels.
func (p *Pixels) curve() (curve, error) {
	normal, defective, _ := p.Count()
	if err := checkClasses(normal, defective, "pixels"); err != nil {
		return curve{}, err
	}
	p.all.sort()
	return curve{normal, defective, p.points}, nil
}

// points goes through the sorted pixels, from the highest to the lowest.
func (p *Pixels) points(yield func(reached) bool) {
	var at reached
	for i := p.all.n - 1; i >= 0; i-- {
		x := *p.all.at(i)
		if r := x.region(); r > 0 {
			at.defective++
			at.regions += p.weights[r-1]
		} else {
			at.normal++
		}
		if i > 0 && p.all.at(i-1).key() == x.key() {
			continue
		}
		if at.score = x.value(); !yield(at) {
			return
		}
	}
}
