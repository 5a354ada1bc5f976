package images

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"slices"

	"golang.org/x/image/draw"
)

const (
	workingSide  = 1024 // the longer side at which Foreground works: an outline needs no more
	medianRadius = 2    // of its median filter, 5×5

	leastContrast = 8.0 / 255 // between the mean lightness of object and background
	leastBorder   = 0.6       // share of the border that has to be background
	leastObject   = 0.002     // share of the picture that has to be object
	mostObject    = 0.95      // and that may be

	smallPart = 10 // parts below this fraction of the largest are dirt; such holes are highlights
)

// Foreground returns a mask of the object in a photograph on a plain background, of the photograph's size: the
// lightness, after a median filter, is split by Otsu's threshold; the background is the class that has most of
// the border; small specks are dropped and small holes filled. The error says what speaks against it: no contrast,
// a border of both classes, or hardly anything or nearly everything foreground.
func Foreground(photograph *image.RGBA) (*image.RGBA, error) {
	if err := Check(photograph); err != nil {
		return nil, err
	}
	grey := lightness(reduced(photograph))
	grey = grey.median(medianRadius)
	object, err := grey.split()
	if err != nil {
		return nil, err
	}
	object.keepLarge()
	object.fillSmall()
	if share := object.share(); share < leastObject || share > mostObject {
		return nil, fmt.Errorf("%.3g %% of the photograph would be foreground, want %g to %g %%", 100*share, 100*leastObject, 100*mostObject)
	}
	return object.picture(photograph.Bounds().Size()), nil
}

// reduced returns a picture with sides up to workingSide.
func reduced(p *image.RGBA) *image.RGBA {
	size := p.Bounds().Size()
	longer := max(size.X, size.Y)
	if longer <= workingSide {
		return p
	}
	out := image.NewRGBA(image.Rect(0, 0, max(1, size.X*workingSide/longer), max(1, size.Y*workingSide/longer)))
	draw.BiLinear.Scale(out, out.Bounds(), p, p.Bounds(), draw.Src, nil)
	return out
}

// greys are the lightnesses of a picture, 0 to 1, row by row.
type greys struct {
	w, h int
	at   []float32
}

func lightness(p *image.RGBA) greys {
	size := p.Bounds().Size()
	return greys{size.X, size.Y, Luminance(p)}
}

// split tells the object from the background.
func (g greys) split() (*area, error) {
	threshold := Otsu(g.at)
	light := &area{g.w, g.h, make([]bool, len(g.at))}
	var sum, count [2]float64
	for i, v := range g.at {
		class := 0
		if v > threshold {
			class, light.in[i] = 1, true
		}
		sum[class] += float64(v)
		count[class]++
	}
	if contrast := sum[1]/count[1] - sum[0]/count[0]; !(contrast >= leastContrast) { // not a number where there is one shade only
		return nil, errors.New("the photograph has no contrast: object and background are of one lightness")
	}
	border := light.borderShare()
	if border > 0.5 { // the background is light
		for i, in := range light.in {
			light.in[i] = !in
		}
		border = 1 - border
	}
	if 1-border < leastBorder {
		return nil, fmt.Errorf("only %.0f %% of the photograph's border are background, want %g %%: the object is cut off by the border, or the background is not plain",
			100*(1-border), 100*leastBorder)
	}
	return light, nil
}

// area is a part of a picture.
type area struct {
	w, h int
	in   []bool
}

// share is how much of the picture belongs to it.
func (a *area) share() float64 {
	n := 0
	for _, in := range a.in {
		if in {
			n++
		}
	}
	return float64(n) / float64(len(a.in))
}

// borderShare is how much of the picture's border belongs to it.
func (a *area) borderShare() float64 {
	n, all := 0, 0
	for i, in := range a.in {
		if a.onBorder(i) {
			all++
			if in {
				n++
			}
		}
	}
	return float64(n) / float64(all)
}

func (a *area) onBorder(i int) bool {
	x, y := i%a.w, i/a.w
	return x == 0 || y == 0 || x == a.w-1 || y == a.h-1
}

// keepLarge leaves the largest part, and those that are not much smaller: there may be several objects.
func (a *area) keepLarge() {
	parts := a.parts(true)
	largest := 0
	for _, p := range parts {
		largest = max(largest, len(p))
	}
	for _, p := range parts {
		if len(p)*smallPart < largest {
			a.set(p, false)
		}
	}
}

// fillSmall fills holes such as highlights. A large hole, as a nut has, is no part of the object.
func (a *area) fillSmall() {
	objects := a.share() * float64(len(a.in))
	for _, p := range a.parts(false) {
		if float64(len(p)*smallPart) < objects && !slices.ContainsFunc(p, a.onBorder) {
			a.set(p, true)
		}
	}
}

func (a *area) set(pixels []int, in bool) {
	for _, i := range pixels {
		a.in[i] = in
	}
}

// parts returns the pixels of each connected part of what is in, or of what is not. Pixels are connected by
// their sides.
func (a *area) parts(in bool) [][]int {
	var all [][]int
	seen := make([]bool, len(a.in))
	for start := range a.in {
		if seen[start] || a.in[start] != in {
			continue
		}
		seen[start] = true
		part := []int{start}
		for next := 0; next < len(part); next++ { // part grows as neighbours are found
			for _, n := range a.neighbours(part[next]) {
				if n >= 0 && !seen[n] && a.in[n] == in {
					seen[n] = true
					part = append(part, n)
				}
			}
		}
		all = append(all, part)
	}
	return all
}

// neighbours are the pixels at a pixel's four sides, -1 where the picture ends.
func (a *area) neighbours(i int) [4]int {
	n := [4]int{i - 1, i + 1, i - a.w, i + a.w}
	if i%a.w == 0 {
		n[0] = -1
	}
	if i%a.w == a.w-1 {
		n[1] = -1
	}
	if n[3] >= len(a.in) {
		n[3] = -1
	}
	return n
}

// picture draws the area as a mask of a size.
func (a *area) picture(size image.Point) *image.RGBA {
	small := image.NewGray(image.Rect(0, 0, a.w, a.h))
	for i, in := range a.in {
		if in {
			small.Pix[i] = 255
		}
	}
	smooth := image.NewGray(image.Rectangle{Max: size})
	draw.ApproxBiLinear.Scale(smooth, smooth.Bounds(), small, small.Bounds(), draw.Src, nil)
	out := image.NewRGBA(smooth.Bounds())
	for i, v := range smooth.Pix {
		c := color.RGBA{A: 255}
		if v > 127 {
			c = color.RGBA{255, 255, 255, 255}
		}
		out.SetRGBA(i%size.X, i/size.X, c)
	}
	return out
}
