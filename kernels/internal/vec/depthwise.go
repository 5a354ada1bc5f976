package vec

import "unsafe"

// Windows are evenly spaced windows of a picture [rows, columns, C], and of kernels [rows, columns, C], one for each
// channel, that are laid over them, of which the first N channels are looked at. Distances are in numbers.
type Windows struct {
	C       int // channels: the distance of pixels in a row, and of taps in one
	N       int // channels that are computed
	KH, KW  int // rows and columns of a window
	Step    int // from window to window
	OutStep int // from a window's results to those of the next
	Row     int // from row to row of a window
	WRow    int // from row to row of the kernels

	Low, High float32 // limits of results
}

// Depthwise sets out[p·OutStep+c], for p < n and c < N, to
//
//	bias[c] + Σ x[p·Step+ky·Row+kx·C+c]·w[ky·WRow+kx·C+c]   over ky < KH and kx < KW
//
// limited to [Low, High]. A NaN stays one.
func (s Windows) Depthwise(out, x, w, bias []float32, n int) {
	if n < 1 || s.N < 1 {
		return
	}
	_, _ = out[(n-1)*s.OutStep+s.N-1], bias[s.N-1]
	if min(s.KH, s.KW) < 1 {
		for p := range n {
			Clamp(out[p*s.OutStep:][:s.N], bias, s.Low, s.High)
		}
		return
	}
	tap := (s.KW-1)*s.C + s.N - 1 // the last one of a row
	_, _ = x[(n-1)*s.Step+(s.KH-1)*s.Row+tap], w[(s.KH-1)*s.WRow+tap]
	d := s.distances()
	functions := &use().depthwise
	for p := 0; p < n; {
		calls := (n - p + len(functions) - 1) / len(functions)
		windows := (n - p + calls - 1) / calls
		functions[windows-1](&out[p*s.OutStep], &x[p*s.Step], &w[0], &bias[0], &d, s.Low, s.High)
		p += windows
	}
}

// distances are those of Windows, in the order that the assembly has: in bytes, those of taps and of windows; from the
// end of a row to the next one, and from the end of the last to the first, of windows and of kernels; of results; then
// rows, columns and channels.
type distances = [10]int

func (s Windows) distances() distances {
	const size = 4
	line := s.KW * s.C
	return distances{size * s.C, size * s.Step, size * (s.Row - line), size * s.KH * s.Row,
		size * (s.WRow - line), size * s.KH * s.WRow, size * s.OutStep, s.KH, s.KW, s.N}
}

// depthwise convolves each channel of so many windows.
type depthwise = func(out, x, w, bias *float32, s *distances, lo, hi float32)

// depthwiseGos are those of 1 to 12 windows.
func depthwiseGos() (f [12]depthwise) {
	for i := range f {
		f[i] = depthwiseGo(i + 1)
	}
	return f
}

// depthwiseGo is that of so many windows.
func depthwiseGo(windows int) depthwise {
	return func(out, x, w, bias *float32, s *distances, lo, hi float32) {
		c := s[9]
		numbers := func(p *float32, bytes int) []float32 {
			return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(p), bytes)), c)
		}
		for p := range windows {
			result := numbers(out, p*s[6])
			copy(result, numbers(bias, 0))
			pixel, weight := p*s[1], 0
			for range s[7] {
				for range s[8] {
					weights := numbers(w, weight)
					for i, v := range numbers(x, pixel) {
						result[i] += weights[i] * v
					}
					pixel, weight = pixel+s[0], weight+s[0]
				}
				pixel, weight = pixel+s[2], weight+s[4]
			}
			clampGo(result, result, lo, hi)
		}
	}
}
