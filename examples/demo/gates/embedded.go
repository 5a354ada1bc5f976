//go:build !nodemo

package main

import "github.com/sdgraph/sdgraph/diffusion/demo"

// The tag nodemo leaves the demo model out of the program.
func init() { embedded = demo.FS() }
