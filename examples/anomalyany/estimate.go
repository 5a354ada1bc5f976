package main

import (
	"fmt"
	"math"
	"time"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
)

// estimate says how long a picture will take, before any work on it: from the
// operations of its steps, and how fast this machine does some of them just now. It
// is empty where nothing is known, on a GPU.
func estimate(work float64, c *cli.Compute) string {
	if c.OnDevice() {
		return ""
	}
	seconds := work / speed(cli.Precisions[c.Precision])
	return fmt.Sprintf("about %s a picture", span(seconds*swift, seconds*slow))
}

// What pictures took on several machines, of the time that their operations take in
// large products: convolutions by Winograd's algorithm need fewer of them, small
// tensors wait for memory.
const swift, slow = 0.8, 1.8

// speed is how many operations a second the processor's threads do in products of the
// size that a UNet has, beside whatever else the machine does: measured for a fraction
// of a second.
func speed(p kernels.Precision) float64 {
	const rows, columns, depth = 1024, 640, 640
	x, w, out := make([]float32, rows*depth), make([]float32, columns*depth), make([]float32, rows*columns)
	for i := range x {
		x[i] = float32(i % 7)
	}
	product := func() { p.Linear(out, x, kernels.Float32s(w), nil, nil, rows, columns, depth) }
	product() // which touches the memory
	const long = 300 * time.Millisecond
	operations, started := 0.0, time.Now()
	for operations == 0 || time.Since(started) < long {
		product()
		operations += 2 * rows * columns * depth
	}
	return operations / time.Since(started).Seconds()
}

// span is a length of time between two numbers of seconds, for people: in whole
// seconds, minutes or hours, whichever the longer one has a few of.
func span(least, most float64) string {
	unit, name := 1.0, "second"
	switch {
	case most >= 2*3600:
		unit, name = 3600, "hour"
	case most >= 2*60:
		unit, name = 60, "minute"
	}
	from, to := math.Max(1, math.Round(least/unit)), math.Max(1, math.Round(most/unit))
	switch {
	case to == 1:
		return "1 " + name
	case from == to:
		return fmt.Sprintf("%g %ss", to, name)
	}
	return fmt.Sprintf("%g to %g %ss", from, to, name)
}
