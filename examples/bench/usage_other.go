//go:build !unix

package main

import "time"

// usage is not known on this system.
func usage() (rss int64, cpu time.Duration) { return 0, 0 }
