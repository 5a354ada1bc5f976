package images

import (
	"encoding/binary"
	"image"
)

// conversion is how a decoder makes red, green and blue of luma and chroma.
type conversion struct {
	row    func(to, luma, cb, cr []uint8) // of a row of pixels
	narrow bool                           // chroma planes of one or two columns are interpolated, too
	odd    int32                          // what is added before the sixteenths of an odd column are cut off
}

var (
	// jfif is libjpeg's for JPEG files: all 256 shades (jdcolor.c).
	jfif = conversion{row: jfifRow, odd: 7}
	// vp8 is libwebp's for WebP files: luma from 16 to 235, chroma from 16 to 240 (src/dsp/yuv.h).
	vp8 = conversion{row: vp8Row, narrow: true, odd: 8}
)

// fromYCbCr converts a decoded picture as libjpeg and libwebp do, and so Pillow, OpenCV and browsers: where the chroma
// planes are smaller than the picture, they are interpolated ("fancy upsampling", jdsample.c of libjpeg-turbo 2.0
// and newer, src/dsp/upsampling.c of libwebp), not repeated as image.YCbCr.At does.
func fromYCbCr(p *image.YCbCr, how conversion) *image.RGBA {
	size := p.Bounds().Size()
	out := image.NewRGBA(image.Rectangle{Max: size})
	first := p.COffset(p.Rect.Min.X, p.Rect.Min.Y)
	eachRow(size.Y, 4*size.X, func(lo, hi int) {
		rows := [2]chroma{newChroma(p.Cb[first:], p, how), newChroma(p.Cr[first:], p, how)}
		for y := lo; y < hi; y++ {
			luma := p.Y[p.YOffset(p.Rect.Min.X, p.Rect.Min.Y+y):]
			how.row(out.Pix[y*out.Stride:][:4*size.X], luma, rows[0].row(y), rows[1].row(y))
		}
	})
	return out
}

// jfifRow converts with the rounding of libjpeg, in numbers of 16 binary places.
func jfifRow(to, luma, cbs, crs []uint8) {
	const (
		half = 1 << 15
		crR  = 91881  // 1.402
		cbG  = -22554 // -0.34414
		crG  = -46802 // -0.71414
		cbB  = 116130 // 1.772
	)
	luma = luma[:len(to)/4]
	cbs, crs = cbs[:len(luma)], crs[:len(luma)]
	for x, v := range luma {
		y, cb, cr := int32(v), int32(cbs[x])-128, int32(crs[x])-128
		r, g, b := clamp(y+(crR*cr+half)>>16), clamp(y+(cbG*cb+crG*cr+half)>>16), clamp(y+(cbB*cb+half)>>16)
		binary.LittleEndian.PutUint32(to[4*x:], uint32(r)|uint32(g)<<8|uint32(b)<<16|255<<24)
	}
}

// vp8Row converts with the rounding of libwebp, in numbers of 14 binary places, eight of which are cut off early.
func vp8Row(to, luma, cbs, crs []uint8) {
	const (
		scale = 19077 // 1.164
		crR   = 26149 // 1.596
		cbG   = 6419  // 0.392
		crG   = 13320 // 0.813
		cbB   = 33050 // 2.017
		zeroR = 14234 // what black and no chroma add up to, without a half
		zeroG = -8708
		zeroB = 17685
	)
	for x := range len(to) / 4 {
		y, cb, cr := int32(luma[x])*scale>>8, int32(cbs[x]), int32(crs[x])
		to[4*x] = clamp((y + cr*crR>>8 - zeroR) >> 6)
		to[4*x+1] = clamp((y - cb*cbG>>8 - cr*crG>>8 - zeroG) >> 6)
		to[4*x+2] = clamp((y + cb*cbB>>8 - zeroB) >> 6)
		to[4*x+3] = 255
	}
}

func clamp(v int32) uint8 { return uint8(max(0, min(v, 255))) }

// chroma is a chroma plane that is brought to the size of its picture row by row.
type chroma struct {
	plane  []uint8
	stride int
	w, h   int // of the plane
	fx, fy int // how many pixels share a value
	smooth bool
	odd    int32 // of the conversion

	sums []int32 // of a row and a neighbour, by weights 3 and 1
	out  []uint8 // a row of the picture, and up to fx-1 values more
}

func newChroma(plane []uint8, p *image.YCbCr, how conversion) chroma {
	c := chroma{plane: plane, stride: p.CStride, odd: how.odd}
	c.fx, c.fy = factors(p.SubsampleRatio)
	size := p.Bounds().Size()
	c.w, c.h = (size.X+c.fx-1)/c.fx, (size.Y+c.fy-1)/c.fy
	c.smooth = c.fx <= 2 && (c.fx == 1 || c.w > 2 || how.narrow)
	c.sums, c.out = make([]int32, c.w), make([]uint8, c.w*c.fx)
	return c
}

// factors returns how many pixels share a chroma value, side by side and one above the other.
func factors(r image.YCbCrSubsampleRatio) (x, y int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// row returns the values of a row of the picture, until the next call.
func (c *chroma) row(y int) []uint8 {
	switch {
	case c.fx == 1 && c.fy == 1:
		return c.plane[y*c.stride:][:c.w]
	case !c.smooth:
		c.repeat(y)
	case c.fy == 1:
		c.widen(y)
	default:
		c.addNeighbour(y)
		if c.fx == 1 {
			c.heighten(y)
		} else {
			c.widenSums()
		}
	}
	return c.out
}

// repeat gives neighbouring pixels the same value.
func (c *chroma) repeat(y int) {
	row := c.plane[y/c.fy*c.stride:]
	for x := range c.out {
		c.out[x] = row[x/c.fx]
	}
}

// widen interpolates between columns: of a value and its nearer neighbour by weights 3 and 1, rounded up and down in
// turn.
func (c *chroma) widen(y int) {
	row := c.plane[y*c.stride:][:c.w]
	last := c.w - 1
	for i, v := range row {
		three := 3 * int32(v)
		c.out[2*i] = uint8((three + int32(row[max(0, i-1)]) + 1) >> 2)
		c.out[2*i+1] = uint8((three + int32(row[min(i+1, last)]) + 2) >> 2)
	}
}

// addNeighbour adds, to three times the values of a row's place in the plane, those of the nearer row beside it.
func (c *chroma) addNeighbour(y int) {
	at := y / 2
	beside := max(0, at-1)
	if y%2 == 1 {
		beside = min(at+1, c.h-1)
	}
	near, far := c.plane[at*c.stride:][:len(c.sums)], c.plane[beside*c.stride:][:len(c.sums)]
	for i := range c.sums {
		c.sums[i] = 3*int32(near[i]) + int32(far[i])
	}
}

// heighten takes the sums as they are: between rows only.
func (c *chroma) heighten(y int) {
	for i, sum := range c.sums {
		c.out[i] = uint8((sum + 1 + int32(y%2)) >> 2)
	}
}

// widenSums interpolates the sums between columns.
func (c *chroma) widenSums() {
	before, here, out := c.sums[0], c.sums[0], c.out
	for _, after := range c.sums[1:] {
		out[0], out[1] = uint8((3*here+before+8)>>4), uint8((3*here+after+c.odd)>>4)
		before, here, out = here, after, out[2:]
	}
	out[0], out[1] = uint8((3*here+before+8)>>4), uint8((4*here+c.odd)>>4)
}
