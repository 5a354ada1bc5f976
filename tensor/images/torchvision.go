package images

import (
	"fmt"
	"image"
	"math"
)

// ShorterSide returns the size of a picture whose shorter side is resized to side: torchvision's Resize(side). The
// longer one is rounded down. FitTo rounds to the nearest.
func ShorterSide(from image.Point, side int) (image.Point, error) {
	if err := CheckSize(from.X, from.Y); err != nil {
		return image.Point{}, fmt.Errorf("images: %w", err)
	}
	short, long := min(from.X, from.Y), max(from.X, from.Y)
	if side < 1 || side > MaxPixels {
		return image.Point{}, fmt.Errorf("images: a shorter side of %d pixels, want 1 to %d", side, MaxPixels)
	}
	to := image.Pt(side, int(float64(side*long)/float64(short)))
	if from.X > from.Y {
		to.X, to.Y = to.Y, to.X
	}
	if err := CheckSize(to.X, to.Y); err != nil {
		return image.Point{}, fmt.Errorf("images: with a shorter side of %d pixels: %w", side, err)
	}
	return to, nil
}

// CentreCrop returns the part of a size in the middle of a picture: torchvision's CenterCrop, which rounds halves of
// pixels to even numbers. Cut takes it out. It is an error if the picture is smaller: torchvision would lay black
// around it.
func CentreCrop(from, part image.Point) (image.Rectangle, error) {
	if err := CheckSize(from.X, from.Y); err != nil {
		return image.Rectangle{}, fmt.Errorf("images: %w", err)
	}
	if part.X < 1 || part.Y < 1 || part.X > from.X || part.Y > from.Y {
		return image.Rectangle{}, fmt.Errorf("images: a part of %s in a picture of %s: want at least 1×1 and no more than the picture", sizeOf(part), sizeOf(from))
	}
	half := func(n int) int { return int(math.RoundToEven(float64(n) / 2)) }
	corner := image.Pt(half(from.X-part.X), half(from.Y-part.Y))
	return image.Rectangle{Min: corner, Max: corner.Add(part)}, nil
}
