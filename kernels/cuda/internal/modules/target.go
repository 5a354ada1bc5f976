package modules

import (
	"fmt"
	"strings"
)

// Target is what a source is compiled to: machine code for one architecture, or PTX, which a driver compiles for the
// device that it finds.
type Target struct {
	Name         string // sm_XY for machine code, compute_XY for PTX
	Major, Minor int    // compute capability: the only one for machine code, the least for PTX
	Driver       int    // the oldest driver's CUDA version that takes it, as cuDriverGetVersion counts: 13050 is 13.5
}

// Targets are all there are, the most specific first. Machine code of a CUDA 13 compiler runs with every driver of
// CUDA 13 (minor version compatibility), PTX only with drivers as new as its version: 9.5 is of CUDA 13.5, 8.0 of
// CUDA 12.0. The older one comes from an older compiler, for the many machines whose driver is of CUDA 12.
//
// Sources: NVIDIA, CUDA Toolkit Release Notes, "CUDA Driver" (the oldest driver of each version); CUDA Compatibility,
// "Minor Version Compatibility"; PTX ISA, "PTX ISA release history".
var Targets = []Target{
	{"sm_80", 8, 0, 13000},
	{"sm_86", 8, 6, 13000},
	{"sm_89", 8, 9, 13000},
	{"sm_90", 9, 0, 13000},
	{"compute_90", 9, 0, 13050},
	{"compute_80", 8, 0, 12000},
}

// PTX reports whether the target is PTX.
func (t Target) PTX() bool { return strings.HasPrefix(t.Name, "compute_") }

// fits reports whether a device of a compute capability can run the target. Machine code would also run on later
// devices of its generation, but not on the embedded ones among them (8.7), which PTX serves all the same.
func (t Target) fits(major, minor int) bool {
	if t.PTX() {
		return major > t.Major || major == t.Major && minor >= t.Minor
	}
	return major == t.Major && minor == t.Minor
}

// Candidates returns the targets that a device of the compute capability major.minor can load under a driver, as
// cuDriverGetVersion counts, best first; an error says what is missing if there are none.
func Candidates(major, minor, driver int) ([]Target, error) {
	var fit []Target
	oldest := 0
	for _, t := range Targets {
		if !t.fits(major, minor) {
			continue
		}
		if driver >= t.Driver {
			fit = append(fit, t)
		}
		if oldest == 0 || t.Driver < oldest {
			oldest = t.Driver
		}
	}
	switch {
	case oldest == 0:
		return nil, fmt.Errorf("kernels/cuda: the device has compute capability %d.%d, and the kernels need 8.0 or "+
			"later (NVIDIA Ampere and its successors)", major, minor)
	case len(fit) == 0:
		return nil, fmt.Errorf("kernels/cuda: the driver is of CUDA %s, and the kernels need one of CUDA %s or later",
			Version(driver), Version(oldest))
	}
	return fit, nil
}

// Version writes a version as cuDriverGetVersion counts, 13050, the way people do: 13.5.
func Version(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }
