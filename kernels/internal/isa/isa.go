// Package isa says which instruction set the kernels run on. The packages
// that hold one implementation per instruction set look it up here, so that
// one choice governs all of them.
package isa

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
)

// Level is an instruction set; a higher level is a faster one.
type Level int32

const (
	PureGo Level = iota // portable Go, on every machine and with the build tag noasm
	AVX2                // AVX2, FMA and F16C: x86-64-v3
	AVX512              // AVX-512 F, BW, DQ and VL: x86-64-v4
	AMX                 // that, AVX512_BF16 and AMX_BF16: pairs of bfloat16 numbers are multiplied by tiles

	// Levels is the number of levels, for tables indexed by Level.
	Levels = int(AMX) + 1
)

// Variable is the environment variable that forces a level at start-up.
const Variable = "SDGRAPH_ISA"

var names = [Levels]string{"purego", "avx2", "avx512", "amx"}

// String is the name that [Variable] and [Use] understand.
func (l Level) String() string { return names[l] }

var (
	current atomic.Int32
	refused atomic.Pointer[error] // what the environment asked for and cannot have, until Use has chosen
)

// init takes the best level, or the one the environment names.
func init() {
	current.Store(int32(best()))
	if name := os.Getenv(Variable); name != "" {
		if err := Use(name); err != nil {
			err = fmt.Errorf("environment variable %s: %w", Variable, err)
			refused.Store(&err)
		}
	}
}

// Environment returns an error if [Variable] names what cannot be honoured. To
// go on with another level would report results under a false name, and to panic at
// start-up is not for a library: whoever is about to compute returns the error.
func Environment() error {
	if err := refused.Load(); err != nil {
		return *err
	}
	return nil
}

// Current is the level in use.
func Current() Level { return Level(current.Load()) }

// Supported lists the levels this machine and build can run, fastest first.
func Supported() []Level {
	var levels []Level
	for l := best(); l >= PureGo; l-- {
		levels = append(levels, l)
	}
	return levels
}

// Force selects a level that this machine may not have, for tests under an
// emulator of what it lacks.
func Force(l Level) { current.Store(int32(l)) }

// Use selects a level by name for every call that starts from now on.
func Use(name string) error {
	var able []string
	for _, l := range Supported() {
		if l.String() == name {
			current.Store(int32(l))
			refused.Store(nil)
			return nil
		}
		able = append(able, l.String())
	}
	what := "is no instruction set"
	if slices.Contains(names[:], name) {
		what = "is not to be had here"
	}
	return fmt.Errorf("%q %s; this machine and build can run %s", name, what, strings.Join(able, ", "))
}
