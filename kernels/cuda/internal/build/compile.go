package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// builder collects what is compiled.
type builder struct {
	tools        tools
	source, work string
	index        modules.Index
	files        map[string][]byte // compressed, by name
}

// newest is the architecture that stands for those that get PTX: PTX is assembled for it, so that a mistake shows
// here and the table has a device that is newer than the machine code.
const newest = "sm_120"

// compileSource compiles one source for all targets.
func (b *builder) compileSource(name string) error {
	kernels := map[string]*modules.Kernel{}
	for _, t := range modules.Targets {
		file := strings.TrimSuffix(name, ".cu") + t.Suffix()
		out := filepath.Join(b.work, file)
		words, err := b.compile(filepath.Join(b.source, name), out, t)
		if err != nil {
			return err
		}
		image, err := os.ReadFile(out)
		if err != nil {
			return err
		}
		packed, err := modules.Compress(image)
		if err != nil {
			return err
		}
		b.files[file+".gz"] = packed
		b.index.Modules = append(b.index.Modules, modules.Module{
			File: file + ".gz", Source: name, Target: t.Name, Bytes: len(image), SHA256: modules.Sum(image),
		})
		if err := note(kernels, name, words); err != nil {
			return fmt.Errorf("%s for %s: %w", name, t.Name, err)
		}
		if t.PTX() {
			noteEntries(kernels, string(image))
		}
	}
	for _, k := range kernels {
		b.index.Kernels = append(b.index.Kernels, *k)
	}
	slices.SortFunc(b.index.Kernels, func(x, y modules.Kernel) int { return strings.Compare(x.Name, y.Name) })
	return nil
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
		// Drivers compile it for all architectures; the oldest and the newest stand for them. Only the words on the
		// newest PTX go into the table, which has one line for each architecture.
		for _, arch := range []string{"sm_80", newest} {
			if _, err := output(b.tools.ptxas, "-arch="+arch, out, "-o", os.DevNull); err != nil {
				return "", err
			}
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
