//go:build gpu

package cuda

import (
	"fmt"

	"gorgonia.org/cu"
)

// deviceUnavailable is CUDA_ERROR_DEVICE_UNAVAILABLE, for which cu has no name.
const deviceUnavailable = "UnknownErrorCode:46"

// gpuError says what failed on which device; nil stays nil. After errors that leave a context without use (CUDA Driver
// API, CUresult: "must be terminated and relaunched") it is [ErrDeviceLost].
func gpuError(what, device string, err error) error {
	switch err {
	case nil:
		return nil
	case cu.IllegalAddress, cu.IllegalInstruction, cu.MisalignedAddress, cu.InvalidAddressSpace, cu.InvalidPc,
		cu.HardwareStackError, cu.LaunchFailed, cu.LaunchTimeout, cu.Assert, cu.EccUncorrectable,
		cu.NvlinkUncorrectable, cu.ContextIsDestroyed, cu.Deinitialized:
		return fmt.Errorf("cuda: %s on %s: %w (%w)", what, device, ErrDeviceLost, err)
	}
	if err.Error() == deviceUnavailable {
		return fmt.Errorf("cuda: %s on %s: another process has it for itself, or it is restarting (%w)", what, device,
			err)
	}
	return fmt.Errorf("cuda: %s on %s: %w", what, device, err)
}
