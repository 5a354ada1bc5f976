//go:build gpu

package preflight

/*
// The folders where toolkits have a libcuda for linking on machines without a driver.
#cgo LDFLAGS: -lcuda
#cgo linux LDFLAGS: -L/usr/local/cuda/lib64/stubs -L/opt/cuda/lib64/stubs

// As cuda.h has them, which this package can do without.
int cuInit(unsigned int flags);
int cuGetErrorName(int error, const char **name);
*/
import "C"

import (
	"fmt"
	"os"
)

func init() {
	code := C.cuInit(0)
	if code == 0 {
		return
	}
	name := "an error unknown to it"
	var text *C.char
	if C.cuGetErrorName(code, &text) == 0 && text != nil {
		name = C.GoString(text)
	}
	visible, set := os.LookupEnv("CUDA_VISIBLE_DEVICES")
	fmt.Fprintln(os.Stderr, message(int(code), name, visible, set))
	os.Exit(1)
}
