package hub

import (
	"errors"

	"golang.org/x/sys/windows"
)

// freeIn is how many bytes may be written in a directory that exists; -1 where nobody says.
func freeIn(dir string) int64 {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return -1
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, nil, nil); err != nil {
		return -1
	}
	return int64(min(free, 1<<62))
}

// isFull reports whether an error is that of a full disk, or of a quota.
func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) || errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}
