package images

import (
	"errors"
	"fmt"
	"image"
	"math"
)

// Window is the part of a large photograph that the model sees, and the size at which it sees it.
type Window struct {
	Part  image.Rectangle // of the photograph
	Size  image.Point     // of the model's picture; of the same shape to half a pixel
	Cut   bool            // the mask reaches beyond the part
	whole image.Point
}

const (
	longest = 2 // the window's longer side, at most this often the shorter one
	margin  = 8 // around the mask's box: its side divided by this, for the model to see what is around
)

// Choose finds the window for a mask of a photograph: both sides of the model's picture are multiples of multiple,
// the shorter one is size rounded down to them, the longer one up to twice that. It holds the mask's box and some
// of what is around it, at the photograph's own scale if it can; a larger box is seen smaller, and what does not
// fit even so is cut off. The error is about an empty mask, or a size below multiple or too large for any picture.
func Choose(mask *image.RGBA, size, multiple int) (Window, error) {
	if err := Check(mask); err != nil {
		return Window{}, err
	}
	if multiple < 1 {
		return Window{}, fmt.Errorf("sizes in multiples of %d, want at least 1", multiple)
	}
	if size > 0 && CheckSize(size, size) != nil {
		return Window{}, fmt.Errorf("size %d: %w", size, CheckSize(size, size))
	}
	shorter := size / multiple * multiple
	if shorter < 1 {
		return Window{}, fmt.Errorf("size %d: the model's smallest picture is %d×%d", size, multiple, multiple)
	}
	var sizes []image.Point
	for longer := shorter; longer <= longest*shorter; longer += multiple {
		sizes = append(sizes, image.Pt(longer, shorter), image.Pt(shorter, longer))
	}
	return choose(mask, sizes)
}

// ChooseAt finds the window for a mask where the model's picture has a size, so that one compiled graph serves many
// masks: as Choose, with that size and no other.
func ChooseAt(mask *image.RGBA, size image.Point) (Window, error) {
	if err := Check(mask); err != nil {
		return Window{}, err
	}
	if err := CheckSize(size.X, size.Y); err != nil {
		return Window{}, fmt.Errorf("a window seen as %w", err)
	}
	return choose(mask, []image.Point{size})
}

// choose is the best window of those that the model sees at one of the sizes.
func choose(mask *image.RGBA, sizes []image.Point) (best Window, err error) {
	box := boxOf(mask)
	if box.Empty() {
		return Window{}, errors.New("the mask is empty: white is what may change")
	}
	whole := image.Rectangle{Max: mask.Bounds().Size()}
	around := image.Rectangle{Min: box.Min.Sub(box.Size().Div(margin)), Max: box.Max.Add(box.Size().Div(margin))}.Intersect(whole)
	var bestScore score
	for _, s := range sizes {
		w, scale := place(around, s, whole.Max)
		sc := score{pixels(w.Part.Intersect(around)), -math.Abs(math.Log(scale)), -s.X * s.Y}
		if best.Size == (image.Point{}) || sc.betterThan(bestScore) {
			best, bestScore = w, sc
		}
	}
	best.Cut = !box.In(best.Part)
	return best, nil
}

// place puts a window of a size around a box, as near to the photograph's scale as the box and the photograph
// allow, and returns how many of the photograph's pixels go into one of the model's.
func place(box image.Rectangle, size, whole image.Point) (Window, float64) {
	w, h := float64(size.X), float64(size.Y)
	needed := max(1, float64(box.Dx())/w, float64(box.Dy())/h)
	scale := min(needed, float64(whole.X)/w, float64(whole.Y)/h)
	part := image.Pt(min(whole.X, max(1, int(math.Round(w*scale)))), min(whole.Y, max(1, int(math.Round(h*scale)))))
	corner := box.Min.Add(box.Max).Sub(part).Div(2)
	corner.X = max(0, min(corner.X, whole.X-part.X))
	corner.Y = max(0, min(corner.Y, whole.Y-part.Y))
	return Window{Part: image.Rectangle{Min: corner, Max: corner.Add(part)}, Size: size, whole: whole}, scale
}

// alike are scales that differ by less than a twentieth: not worth a larger window.
const alike = 0.05

// score orders windows: what they hold of the mask's box, how near they are to the photograph's scale, and how
// small they are.
type score struct {
	held  int
	scale float64 // minus the logarithm's size: 0 for pixel for pixel
	cost  int     // minus the pixels that the model works on
}

func (s score) betterThan(t score) bool {
	switch {
	case s.held != t.held:
		return s.held > t.held
	case math.Abs(s.scale-t.scale) > alike:
		return s.scale > t.scale
	}
	return s.cost > t.cost
}

// String says what the model sees, such as "768×512 at 1200,900 of 5472×3648, pixel for pixel".
func (w Window) String() string {
	text := fmt.Sprintf("%s at %d,%d of %s", sizeOf(w.Part.Size()), w.Part.Min.X, w.Part.Min.Y, sizeOf(w.whole))
	switch {
	case w.Part.Size() == w.Size:
		text += ", pixel for pixel"
	case w.Part.Dx() > w.Size.X:
		text += ", seen at " + sizeOf(w.Size) + " because the mask is larger than that"
	default:
		text += ", seen at " + sizeOf(w.Size) + " because the photograph is smaller than that"
	}
	if w.Cut {
		text += "; the mask reaches further and is cut off"
	}
	return text
}

func pixels(r image.Rectangle) int { return r.Dx() * r.Dy() }

// boxOf is the smallest rectangle that holds all white of a mask.
func boxOf(mask *image.RGBA) (box image.Rectangle) {
	size := mask.Bounds().Size()
	for i, m := range Binary(mask) {
		if m == 1 {
			x, y := i%size.X, i/size.X
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return box
}
