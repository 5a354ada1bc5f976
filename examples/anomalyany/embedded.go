//go:build !nodemo

package main

import "github.com/sdgraph/sdgraph/diffusion/demo"

// The tag nodemo leaves the model out of the program.
func init() { embedded = demo.FS() }
