//go:build !amd64 || noasm

package isa

// best is PureGo: there is no assembly in this build.
func best() Level { return PureGo }

// HasBFloat16 reports whether the processor multiplies bfloat16 numbers.
func HasBFloat16() bool { return false }
