//go:build !noasm

package isa

import "syscall"

// allowTiles asks the system to save AMX's tiles when it interrupts this process.
// Linux does so since 5.16, for who asked: without that, the first use of a tile
// kills the process (Documentation/arch/x86/xstate.rst).
func allowTiles() bool {
	const (
		archPrctl         = 158
		requestPermission = 0x1023 // ARCH_REQ_XCOMP_PERM
		tileData          = 18     // XFEATURE_XTILEDATA
	)
	_, _, errno := syscall.RawSyscall(archPrctl, requestPermission, tileData, 0)
	return errno == 0
}
