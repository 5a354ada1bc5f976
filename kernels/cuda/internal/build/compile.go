package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// builder compiles sources of one folder, with a folder to work in.
type builder struct {
	tools        tools
	source, work string
}

// unit is a source compiled for a target.
type unit struct {
	source string
	target modules.Target
	image  []byte
	words  string // what ptxas says of its kernels
	err    error
}

// newest is the architecture that stands for those that get PTX: PTX is assembled for it, so that a mistake shows
// here and the table has a device that is newer than the machine code.
const newest = "sm_120"

// units are all sources for all targets.
func (b *builder) units(sources map[string]string) []unit {
	var units []unit
	for _, t := range modules.Targets {
		for _, name := range slices.Sorted(maps.Keys(sources)) {
			units = append(units, unit{source: name, target: t})
		}
	}
	return units
}

// compileAll compiles the units that have no image yet, as many at a time as there are processors.
func (b *builder) compileAll(units []unit) error {
	if len(units) == 0 {
		return fmt.Errorf("%s has no .cu files", b.source)
	}
	var wait sync.WaitGroup
	turns := make(chan struct{}, runtime.NumCPU())
	for i := range units {
		u := &units[i]
		if u.image != nil {
			continue
		}
		turns <- struct{}{}
		wait.Go(func() {
			defer func() { <-turns }()
			out := filepath.Join(b.work, u.source+"."+u.target.Name)
			if u.words, u.err = b.compile(filepath.Join(b.source, u.source), out, u.target); u.err == nil {
				u.image, u.err = os.ReadFile(out)
			}
		})
	}
	wait.Wait()
	for _, u := range units {
		if u.err != nil {
			return u.err
		}
	}
	return nil
}

// gather adds units and their kernels to an index, and returns their images one behind the other.
func gather(index *modules.Index, units []unit) ([]byte, error) {
	var images []byte
	kernels := map[string]*modules.Kernel{}
	for i := range index.Kernels { // those of units that were not compiled again
		kernels[index.Kernels[i].Name] = &index.Kernels[i]
	}
	for _, u := range units {
		index.Modules = append(index.Modules, modules.Module{
			Source: u.source, Target: u.target.Name, Offset: len(images), Bytes: len(u.image),
			SHA256: modules.Sum(u.image),
		})
		images = append(images, u.image...)
		if err := note(kernels, u.source, u.words); err != nil {
			return nil, fmt.Errorf("%s for %s: %w", u.source, u.target.Name, err)
		}
		if u.target.PTX() {
			noteEntries(kernels, string(u.image))
		}
	}
	var all []modules.Kernel
	for _, name := range slices.Sorted(maps.Keys(kernels)) {
		all = append(all, *kernels[name])
	}
	index.Kernels = all
	return images, nil
}

// compile compiles a source for one target and returns what ptxas says of its kernels.
func (b *builder) compile(source, out string, t modules.Target) (string, error) {
	switch {
	case !t.PTX():
		args := append(slices.Clone(modules.Flags), "-arch="+t.Name, "-cubin", "-Xptxas", "-v", source, "-o", out)
		return output(b.tools.nvcc, args...)
	case t.Driver < 13000:
		// NVRTC knows no host functions, where nvcc also takes those that are computed while it compiles.
		args := append([]string{b.tools.nvrtc, source, out, "-default-device", "-arch=" + t.Name}, modules.Flags...)
		if _, err := output(b.tools.python, args...); err != nil {
			return "", err
		}
		// As the oldest driver does for the oldest device, and a new one for the newest. What ptxas says of the other
		// PTX goes into the table, which has one line for each architecture.
		if _, err := output(b.tools.ptxas12, "-arch=sm_80", out, "-o", os.DevNull); err != nil {
			return "", err
		}
		if _, err := output(b.tools.ptxas, "-arch="+newest, out, "-o", os.DevNull); err != nil {
			return "", err
		}
		return "", nil
	default:
		args := append(slices.Clone(modules.Flags), "-arch="+t.Name, "-ptx", source, "-o", out)
		if _, err := output(b.tools.nvcc, args...); err != nil {
			return "", err
		}
		return output(b.tools.ptxas, "-arch="+newest, "-v", out, "-o", os.DevNull)
	}
}

var (
	entryLine = regexp.MustCompile(`Compiling entry function '(\w+)' for '(\w+)'`)
	aboutLine = regexp.MustCompile(`Function properties for (\w+)`)
	stackLine = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	usedLine  = regexp.MustCompile(`Used (\d+) registers`)
	smemLine  = regexp.MustCompile(`(\d+) bytes smem`)
	entryPTX  = regexp.MustCompile(`\.entry\s+(\w+)\(([^)]*)\)\s*(?:\.maxntid\s+(\d+(?:,\s*\d+)*))?`)
	paramPTX  = regexp.MustCompile(`\.param\s+\.[a-z](\d+)`)
)

// note adds what ptxas -v says of each kernel.
func note(kernels map[string]*modules.Kernel, source, words string) error {
	var entry, arch, about string
	var r modules.Resources
	for line := range strings.Lines(words) {
		if m := entryLine.FindStringSubmatch(line); m != nil {
			entry, arch, r = m[1], m[2], modules.Resources{}
		}
		if m := aboutLine.FindStringSubmatch(line); m != nil {
			about = m[1]
		}
		// Functions that were not inlined have lines of their own, between those of the kernel that calls them.
		if m := stackLine.FindStringSubmatch(line); m != nil && about == entry {
			r.Stack, r.SpillStores, r.SpillLoads = number(m[1]), number(m[2]), number(m[3])
		}
		m := usedLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if entry == "" {
			return fmt.Errorf("ptxas names no kernel before %q", line)
		}
		r.Registers = number(m[1])
		if s := smemLine.FindStringSubmatch(line); s != nil {
			r.Shared = number(s[1])
		}
		k := kernels[entry]
		if k == nil {
			k = &modules.Kernel{Name: entry, Source: source, Resources: map[string]modules.Resources{}}
			kernels[entry] = k
		}
		k.Resources[arch] = r
	}
	return nil
}

// noteEntries adds the size of block that each kernel was compiled for and its parameters, which PTX states in so many
// words.
func noteEntries(kernels map[string]*modules.Kernel, ptx string) {
	for _, m := range entryPTX.FindAllStringSubmatch(ptx, -1) {
		k := kernels[m[1]]
		if k == nil {
			continue
		}
		k.Params = []int{}
		for _, p := range paramPTX.FindAllStringSubmatch(m[2], -1) {
			k.Params = append(k.Params, number(p[1])/8)
		}
		k.Threads = 0
		if m[3] != "" {
			k.Threads = 1
			for n := range strings.SplitSeq(m[3], ",") {
				k.Threads *= number(strings.TrimSpace(n))
			}
		}
	}
}

// number reads digits that a regular expression has found.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err) // more digits than an int has, of a count of bytes
	}
	return n
}
