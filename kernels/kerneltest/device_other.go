//go:build !unix

package kerneltest

import (
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
)

// Device is a device for tests, which this system lacks the means for.
type Device struct {
	kernels.Device
	Uploads, Downloads int
}

// NewDevice returns nil: memory that nobody may touch is had from Unix systems only.
func NewDevice(testing.TB) *Device { return nil }

// Held is 0.
func (d *Device) Held() int { return 0 }
