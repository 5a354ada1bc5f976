//go:build unix

package main

import (
	"runtime"
	"syscall"
	"time"
)

// usage is the most memory that this process has held, in bytes, and the time
// that it has spent on all processors.
func usage() (rss int64, cpu time.Duration) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	rss = int64(u.Maxrss)
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		rss <<= 10
	}
	return rss, time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
