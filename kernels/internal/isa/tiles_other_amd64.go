//go:build !linux && !noasm

package isa

// allowTiles is false: this system's way to ask for AMX's tiles is not written.
func allowTiles() bool { return false }
