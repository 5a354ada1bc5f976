//go:build !amd64 || noasm

package isa

// best is PureGo: there is no assembly in this build.
func best() Level { return PureGo }
