package anomaly_test

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// A window of a large photograph is given to a model, and what it makes of it comes back into the
// photograph, inside the mask alone. The model of this example paints all of it red.
func ExampleNewWindow() {
	photograph := image.NewRGBA(image.Rect(0, 0, 3000, 2000)) // images.Read reads one
	draw.Draw(photograph, photograph.Rect, image.NewUniform(color.RGBA{210, 200, 190, 255}), image.Point{}, draw.Src)
	mask := image.NewGray(photograph.Rect)
	draw.Draw(mask, image.Rect(700, 900, 800, 1000), image.White, image.Point{}, draw.Src)

	canvas, err := anomaly.NewWindow(photograph, mask, 512, 64)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(canvas)
	seen, _ := canvas.Input()
	size := seen.Rect.Size()
	red := image.NewRGBA(seen.Rect)
	draw.Draw(red, red.Rect, image.NewUniform(color.RGBA{255, 0, 0, 255}), image.Point{}, draw.Src)
	sure := anomaly.Map{Values: make([]float32, size.X*size.Y), Width: size.X, Height: size.Y}
	for i := range sure.Values {
		sure.Values[i] = 1
	}

	sample, _, err := canvas.Compose(red, sure, sure)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, at := range []image.Point{{X: 750, Y: 950}, {X: 690, Y: 950}} {
		fmt.Println(at, sample.Picture.RGBAAt(at.X, at.Y), sample.Mask.GrayAt(at.X, at.Y).Y)
	}
	// Output:
	// 512×512 at 494,694 of 3000×2000, pixel for pixel
	// (750,950) {255 0 0 255} 255
	// (690,950) {210 200 190 255} 0
}
