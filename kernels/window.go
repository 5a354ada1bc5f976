package kernels

import "fmt"

// Padding is how many rows and columns a convolution or a pool takes to lie around a
// picture: zeros, and nothing at all where a maximum is taken.
type Padding struct{ Top, Left, Bottom, Right int }

// Pad returns n rows and columns on every side.
func Pad(n int) Padding { return Padding{n, n, n, n} }

// smallest is that of the four sides.
func (p Padding) smallest() int { return min(p.Top, p.Left, p.Bottom, p.Right) }

// checkWindows returns an error unless a window of kh×kw pixels fits into a padded
// picture of h×w.
func checkWindows(h, w, kh, kw, stride int, pad Padding) error {
	if min(kh, kw, stride) < 1 || pad.smallest() < 0 {
		return fmt.Errorf("a kernel of %d×%d, stride %d and padding %+v, want a positive size and stride and no negative padding",
			kh, kw, stride, pad)
	}
	if h < 1 || w < 1 || h+pad.Top+pad.Bottom < kh || w+pad.Left+pad.Right < kw {
		return fmt.Errorf("the kernel does not fit the padded input: %d×%d on %d×%d with padding %+v", kh, kw, h, w, pad)
	}
	return nil
}
