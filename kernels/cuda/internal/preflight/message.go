// Package preflight asks the NVIDIA driver whether it works before anything else of a program does.
//
// Package gorgonia.org/cu initialises the driver in its own init and ends the program with a line about itself if that
// fails. Under the build tag gpu this package does the same a moment earlier, and says what is wrong and what to do:
// packages are initialised in the order of their import paths where their imports allow it (the Go Programming Language
// Specification, "Package initialization"), and this one imports nothing that cu does not.
package preflight

import "fmt"

// Codes of cuInit that have a cause of their own (CUDA Driver API, "CUresult").
const (
	stubLibrary    = 34
	noDevice       = 100
	systemNotReady = 802
	driverMismatch = 803
	notOnDevice    = 804
)

// message returns what to tell a user when cuInit returns a code other than 0, which the driver calls name. visible is
// the environment's CUDA_VISIBLE_DEVICES, set whether there is one.
func message(code int, name, visible string, set bool) string {
	var why string
	switch code {
	case stubLibrary:
		why = "the libcuda that was found is the toolkit's stub, which is for linking only: take its folder out of " +
			"LD_LIBRARY_PATH"
	case noDevice:
		why = "the driver finds no GPU: nvidia-smi should list one, and a container needs to be given it"
		if set {
			why = fmt.Sprintf("the driver finds no GPU among those of CUDA_VISIBLE_DEVICES=%q: unset it to see all",
				visible)
		}
	case systemNotReady:
		why = "the system is not ready: a machine with NVSwitch needs nvidia-fabricmanager to run"
	case driverMismatch:
		why = "the driver in the kernel and its libraries are of different versions, as after an update: restart the " +
			"machine"
	case notOnDevice:
		why = "the driver's libraries are a compatibility package that does not support this GPU: remove cuda-compat"
	default:
		why = "nvidia-smi should list a GPU, and be run by this user, too"
	}
	return fmt.Sprintf("this program was built for NVIDIA GPUs (-tags gpu), and the NVIDIA driver does not start "+
		"(cuInit: %s, code %d).\nProbable cause: %s.\nWithout a GPU, build the program without -tags gpu.",
		name, code, why)
}
