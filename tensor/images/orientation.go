package images

import "image"

// orientation is how a camera was held: the value of Exif's tag 0x0112 (Exif 2.32, section 4.6.4), 1 to 8. The
// pixels of a file lie as the sensor was read; the value says which way up they are seen.
type orientation uint16

const upright orientation = 1

// turned returns a picture the right way up.
func (o orientation) turned(p *image.RGBA) *image.RGBA {
	if o == upright {
		return p
	}
	w, h := p.Rect.Dx(), p.Rect.Dy()
	size := image.Pt(w, h)
	if o >= 5 { // a quarter turn
		size = image.Pt(h, w)
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			from := o.source(x, y, w, h)
			copy(out.Pix[y*out.Stride+4*x:][:4], p.Pix[from.Y*p.Stride+4*from.X:])
		}
	}
	return out
}

// source returns where the pixel x, y that is seen lies in a file of w×h pixels.
func (o orientation) source(x, y, w, h int) image.Point {
	switch o {
	case 2: // mirrored left to right
		return image.Pt(w-1-x, y)
	case 3: // half a turn
		return image.Pt(w-1-x, h-1-y)
	case 4: // mirrored top to bottom
		return image.Pt(x, h-1-y)
	case 5: // mirrored at the falling diagonal
		return image.Pt(y, x)
	case 6: // to be turned a quarter clockwise
		return image.Pt(y, h-1-x)
	case 7: // mirrored at the rising diagonal
		return image.Pt(w-1-y, h-1-x)
	case 8: // to be turned a quarter counterclockwise
		return image.Pt(w-1-y, x)
	}
	return image.Pt(x, y)
}
