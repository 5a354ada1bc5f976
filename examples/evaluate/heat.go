package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// heatScale is which numbers of a map the colours of a heat picture stand for, black and light yellow. What lies outside
// has the colour of the nearer end.
type heatScale struct {
	Black  float32 `json:"black"`
	Yellow float32 `json:"yellow"`
}

// scaleOf is from the smallest to the largest number of maps.
func scaleOf(maps ...anomaly.Map) (s heatScale) {
	for i, m := range maps {
		s = s.with(m, i == 0)
	}
	return s
}

// with is the scale of a further map, too, or of the first one.
func (s heatScale) with(m anomaly.Map, first bool) heatScale {
	for i, v := range m.Values {
		if first && i == 0 {
			s = heatScale{v, v}
		}
		s = heatScale{min(s.Black, v), max(s.Yellow, v)}
	}
	return s
}

// over shows a map over the picture of its size. Where the scale has no length all is black.
func (s heatScale) over(picture *image.RGBA, m anomaly.Map) (*image.RGBA, error) {
	scaled := anomaly.Map{Values: make([]float32, len(m.Values)), Width: m.Width, Height: m.Height}
	if length := float64(s.Yellow) - float64(s.Black); length > 0 {
		for i, v := range m.Values {
			scaled.Values[i] = float32((float64(v) - float64(s.Black)) / length)
		}
	}
	return scaled.HeatMap(picture)
}

// encodeNPY is a map as a file of NumPy's, an array [height, width] of float32, without a loss (NumPy's format, version
// 1.0).
func encodeNPY(m anomaly.Map) []byte {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", m.Height, m.Width)
	const before, align = 10, 64 // bytes in front of the header, and what all of it is a multiple of
	header += strings.Repeat(" ", align-(before+len(header)+1)%align) + "\n"
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
	b.WriteString(header)
	values := make([]byte, 0, 4*len(m.Values))
	values, _ = binary.Append(values, binary.LittleEndian, m.Values) // of float32 it never fails
	b.Write(values)
	return b.Bytes()
}
