//go:build unix

package emulator

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// ErrNoCompiler says that this machine has no g++, or that the module's sources are not here: tests skip.
var ErrNoCompiler = errors.New("the emulator of a GPU needs g++ and the sources of kernels/cuda")

// flags of the compiler; -ffp-contract=off because a product and a sum are fused where a kernel says so, and nowhere
// else. Of the checks that are left out AddressSanitizer finds nearly all, and they take a quarter of the time to
// compile.
var (
	commonFlags = []string{"-std=c++17", "-ffp-contract=off", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-g1"}
	fastFlags   = []string{"-O2"}
	checkFlags  = []string{"-O1", "-fsanitize=address,undefined", "-fno-sanitize=null,object-size,pointer-overflow",
		"-fno-sanitize-recover=all", "-fno-omit-frame-pointer"}
)

// products is the file that most time is spent in, and that sanitizers leave alone: see there.
const products = "products.cc"

func (o Options) flags(unit string) []string {
	switch {
	case filepath.Base(unit) == products:
		return slices.Concat(commonFlags, []string{"-O3"})
	case o.Sanitize:
		return slices.Concat(commonFlags, checkFlags)
	}
	return slices.Concat(commonFlags, fastFlags)
}

// sourceFolder finds kernels/cuda from the working folder, which of a test is its package's.
func sourceFolder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		folder := filepath.Join(dir, "kernels", "cuda")
		if _, err := os.Stat(filepath.Join(folder, "src", "device.h")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%w: no kernels/cuda/src/device.h above the working folder", ErrNoCompiler)
		}
		dir = parent
	}
}

// building lets one test build what others wait for.
var building sync.Mutex

// build compiles the emulator, unless it is in the user's cache, and returns the program's path.
func build(o Options) (string, error) {
	compiler, err := exec.LookPath("g++")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoCompiler, err)
	}
	folder, err := sourceFolder()
	if err != nil {
		return "", err
	}
	units, err := translationUnits(folder, o)
	if err != nil {
		return "", err
	}
	building.Lock()
	defer building.Unlock()
	key, err := fingerprint(folder, compiler, units, o)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "sdgraph-cuda-emulator")
	program := filepath.Join(cache, key)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	made, err := compile(compiler, folder, work, units, o)
	if err != nil {
		return "", err
	}
	return program, os.Rename(made, program) // at once, for tests of other packages may be building it too
}

// translationUnits are the files to compile: the kernels and the emulator itself.
func translationUnits(folder string, o Options) ([]string, error) {
	kernels := o.Sources
	if kernels == nil {
		var err error
		if kernels, err = filepath.Glob(filepath.Join(folder, "src", "*.cu")); err != nil {
			return nil, err
		}
	}
	host, err := filepath.Glob(filepath.Join(folder, "emulator", "host", "*.cc"))
	return slices.Concat(kernels, host), err
}

// fingerprint names a program by everything that it is made of.
func fingerprint(folder, compiler string, units []string, o Options) (string, error) {
	version, err := exec.Command(compiler, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s --version: %w", ErrNoCompiler, compiler, err)
	}
	h := sha256.New()
	fmt.Fprintln(h, string(version), o.flags(""), o.flags(products), runtime.GOARCH)
	files := slices.Clone(units)
	for _, pattern := range []string{"src/*.h", "emulator/host/*.h"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, filepath.Base(name), len(text))
		if _, err := io.Copy(h, bytes.NewReader(text)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12]), nil
}

// compile makes the program in the folder work, with as many compilers at a time as there are processors.
func compile(compiler, folder, work string, units []string, o Options) (string, error) {
	objects := make([]string, len(units))
	failures := make([]error, len(units))
	slots := make(chan struct{}, runtime.NumCPU())
	var running sync.WaitGroup
	for i, unit := range units {
		objects[i] = filepath.Join(work, fmt.Sprintf("%d.o", i))
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			args := slices.Concat(o.flags(unit), []string{
				"-I", filepath.Join(folder, "src"), "-I", filepath.Join(folder, "emulator", "host"),
				"-x", "c++", "-c", unit, "-o", objects[i]})
			failures[i] = command(compiler, args)
		})
	}
	running.Wait()
	if err := errors.Join(failures...); err != nil {
		return "", err
	}
	program := filepath.Join(work, "emulator")
	return program, command(compiler, slices.Concat(o.flags(""), objects, []string{"-o", program, "-pthread"}))
}

func command(compiler string, args []string) error {
	if out, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", compiler, strings.Join(args, " "), err, out)
	}
	return nil
}
