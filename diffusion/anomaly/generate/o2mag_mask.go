package generate

import "image"

// mostOf returns a mask [H, W] of ones and zeros at h×w: 1 where the cell has any 1, as adaptive maximum pooling has it.
func mostOf(mask []float32, size image.Point, h, w int) []float32 {
	out := make([]float32, h*w)
	for i := range out {
		y, x := i/w, i%w
		for yy := y * size.Y / h; yy < ((y+1)*size.Y+h-1)/h; yy++ {
			for xx := x * size.X / w; xx < ((x+1)*size.X+w-1)/w; xx++ {
				out[i] = max(out[i], mask[yy*size.X+xx])
			}
		}
	}
	return out
}

// cornersOf returns a mask at h×w by the value in each cell's corner, as torch's nearest neighbour has it.
func cornersOf(mask []float32, size image.Point, h, w int) []float32 {
	out := make([]float32, h*w)
	for i := range out {
		out[i] = mask[i/w*size.Y/h*size.X+i%w*size.X/w]
	}
	return out
}

// numbersOf is a mask of 255 and 0 as ones and zeros.
func numbersOf(mask *image.Gray) []float32 {
	size := mask.Rect.Size()
	out := make([]float32, size.X*size.Y)
	for i := range out {
		if mask.Pix[i/size.X*mask.Stride+i%size.X] >= white {
			out[i] = 1
		}
	}
	return out
}
