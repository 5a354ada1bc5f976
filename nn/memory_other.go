//go:build !linux

package nn

// availableMemory is what the system could still give to this process, in
// bytes; 0 where it cannot be told.
func availableMemory() int64 { return 0 }
