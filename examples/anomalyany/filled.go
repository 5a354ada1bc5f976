package main

import (
	"fmt"
	"io"
)

// Filled is the part of a Spec that has the defect fill its place.
type Filled struct {
	Fill float64 `default:"0" help:"How much the defect is to fill the shape of its place, and not only lie in it; a mask may be all of the object, so this is 0 without --shape (weight of L_fill beside L_att)." json:"fill"`
}

// settleFill leaves --fill out, and says so, where the defect has no place: there is no
// shape to fill.
func (f *Filled) settleFill(w io.Writer, placed bool) {
	if placed || !(f.Fill > 0) { // what is no weight Validate refuses
		return
	}
	fmt.Fprintln(w, "--fill is left out: it fills the shape of a place, which --mask or --shape gives")
	f.Fill = 0
}
