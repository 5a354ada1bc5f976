package images

import (
	"fmt"
	"image"
	"math"

	"golang.org/x/image/draw"
)

// Fit is how a picture is brought to a size that a model accepts: scaled, then cropped around its centre. The
// same Fit applies to the picture and to its mask.
type Fit struct {
	From   image.Point     // size of the picture
	Scaled image.Point     // size after scaling
	Crop   image.Rectangle // what remains of the scaled picture
}

// longestSide is how often the longer side of what a model gets may be as long as the shorter one. Work grows with
// the square of the pixels, and models for pictures know nothing of such shapes.
const longestSide = 8

// FitTo plans to scale a picture's shorter side to size (0: as it is) and to crop both sides to the next lower
// multiples of multiple. It is an error if nothing would be left, if the result had more than MaxPixels, or if its
// longer side were more than 8 times the shorter one.
func FitTo(from image.Point, size, multiple int) (Fit, error) {
	if from.X < 1 || from.Y < 1 || multiple < 1 || size < 0 {
		return Fit{}, fmt.Errorf("picture of %d×%d: cannot be fitted to size %d in multiples of %d", from.X, from.Y, size, multiple)
	}
	if err := CheckSize(from.X, from.Y); err != nil {
		return Fit{}, err
	}
	f := Fit{From: from, Scaled: from}
	if shorter := min(from.X, from.Y); size > 0 && shorter != size {
		if tooLong(from) {
			return Fit{}, fmt.Errorf("picture of %s: its longer side may be at most %d times the shorter one; crop it first", sizeOf(from), longestSide)
		}
		scale := float64(size) / float64(shorter)
		longer := math.Round(float64(max(from.X, from.Y)) * scale)
		if longer*float64(size) > MaxPixels {
			return Fit{}, fmt.Errorf("picture of %s: with its shorter side scaled to %d the longer one would be %.0f, want at most %d million pixels; choose a smaller size",
				sizeOf(from), size, longer, MaxPixels/1_000_000)
		}
		f.Scaled = image.Pt(size, int(longer))
		if from.X > from.Y {
			f.Scaled = image.Pt(int(longer), size)
		}
	}
	cropped := image.Pt(f.Scaled.X/multiple*multiple, f.Scaled.Y/multiple*multiple)
	switch {
	case cropped.X == 0 || cropped.Y == 0:
		return Fit{}, fmt.Errorf("picture of %s: both sides must be at least %d, the smallest size that the model accepts, and its multiples", sizeOf(f.Scaled), multiple)
	case tooLong(cropped):
		return Fit{}, fmt.Errorf("picture of %s: in multiples of %d it would be cropped to %s, and its longer side may be at most %d times the shorter one; crop it first",
			sizeOf(f.Scaled), multiple, sizeOf(cropped), longestSide)
	}
	corner := f.Scaled.Sub(cropped).Div(2)
	f.Crop = image.Rectangle{Min: corner, Max: corner.Add(cropped)}
	return f, nil
}

// Fitted brings a picture to a size that a model takes, as FitTo plans it: its shorter side scaled to size (0: as it
// is), and both sides cropped around the centre to multiples of multiple (diffusion.Pipeline.Multiple). A mask of the
// picture's size takes FitTo, so that the same is done with both.
func Fitted(picture *image.RGBA, size, multiple int) (*image.RGBA, error) {
	if err := Check(picture); err != nil {
		return nil, err
	}
	fit, err := FitTo(picture.Rect.Size(), size, multiple)
	if err != nil {
		return nil, err
	}
	return fit.Picture(picture)
}

// tooLong reports whether a size is longer than models get to see.
func tooLong(size image.Point) bool {
	return max(size.X, size.Y) > longestSide*min(size.X, size.Y)
}

// StretchTo plans to scale a whole picture, whatever its shape.
func StretchTo(from, to image.Point) Fit {
	return Fit{From: from, Scaled: to, Crop: image.Rectangle{Max: to}}
}

// Size is the size of the result.
func (f Fit) Size() image.Point { return f.Crop.Size() }

// String says what is done, such as "1200×800 scaled to 768×512, centre 768×512 kept"; "512×512 as it is"
// when nothing is.
func (f Fit) String() string {
	text := sizeOf(f.From)
	if f.Scaled != f.From {
		text += " scaled to " + sizeOf(f.Scaled)
	}
	if f.Size() != f.Scaled {
		text += ", centre " + sizeOf(f.Size()) + " kept"
	}
	if f.Size() == f.From && f.Scaled == f.From {
		text += " as it is"
	}
	return text
}

func sizeOf(p image.Point) string { return fmt.Sprintf("%d×%d", p.X, p.Y) }

// Picture applies the fit to a picture, with a Lanczos filter of three lobes, widened where the picture gets
// smaller: Pillow's LANCZOS in floats. Pillow rounds and clips to 8 bits on the way; Resize with PillowLanczos does so, too.
func (f Fit) Picture(picture *image.RGBA) (*image.RGBA, error) { return f.apply(picture, lanczos3) }

// Nearest applies the fit to a mask of the picture's size, without new shades.
func (f Fit) Nearest(mask *image.RGBA) (*image.RGBA, error) {
	return f.apply(mask, draw.NearestNeighbor)
}

func (f Fit) apply(picture *image.RGBA, scaler draw.Scaler) (*image.RGBA, error) {
	if err := Check(picture); err != nil {
		return nil, err
	}
	if size := picture.Bounds().Size(); size != f.From {
		return nil, fmt.Errorf("a picture of %s where one of %s belongs: picture and mask must have the same size", sizeOf(size), sizeOf(f.From))
	}
	if err := CheckSize(f.Scaled.X, f.Scaled.Y); err != nil {
		return nil, fmt.Errorf("a fit to be scaled to: %w", err)
	}
	if f.Crop.Empty() || !f.Crop.In(image.Rectangle{Max: f.Scaled}) {
		return nil, fmt.Errorf("a fit that keeps %v of a scaled picture of %s", f.Crop, sizeOf(f.Scaled))
	}
	out := image.NewRGBA(image.Rectangle{Max: f.Size()})
	if f.Scaled == f.From {
		draw.Draw(out, out.Bounds(), picture, picture.Bounds().Min.Add(f.Crop.Min), draw.Src)
		return out, nil
	}
	whole := image.Rectangle{Max: f.Scaled}.Sub(f.Crop.Min)
	scaler.Scale(out, whole, picture, picture.Bounds(), draw.Src, nil)
	return out, nil
}

var lanczos3 = &draw.Kernel{Support: 3, At: func(t float64) float64 {
	if t == 0 {
		return 1
	}
	x := math.Pi * t
	return math.Sin(x) / x * math.Sin(x/3) / (x / 3)
}}
