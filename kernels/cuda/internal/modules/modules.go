// Package modules describes the compiled kernels that are part of this tree: which sources and compilers they come
// from, what each kernel takes of a multiprocessor, and which of them a device and its driver can load.
//
// They are in data: an image per source and [Target], all in one compressed file, and index.json. They are written by
// kernels/cuda/internal/build and embedded under the build tag gpu only, so that no other program carries them.
package modules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// IndexName is the name of the index among the compiled files.
const IndexName = "index.json"

// Index is what is known of the compiled files without loading them.
type Index struct {
	// Compilers are the versions that compiled, by name: nvcc and nvrtc.
	Compilers map[string]string `json:"compilers"`
	// Flags are the compilers' options that shape the code ([Flags]).
	Flags []string `json:"flags"`
	// Sources are the sources' SHA-256 sums, each with the headers that it includes, by file name ([SourceSums]).
	Sources map[string]string `json:"sources"`
	Modules []Module          `json:"modules"`
	Kernels []Kernel          `json:"kernels"`
}

// Module is one compiled image: machine code or PTX.
type Module struct {
	Source string `json:"source"` // the .cu file it comes from
	Target string `json:"target"` // the name of its Target
	Offset int    `json:"offset"` // where it begins among all images
	Bytes  int    `json:"bytes"`  // its size
	SHA256 string `json:"sha256"`
}

// Kernel is one entry point, in every module of its source.
type Kernel struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	// Threads is the most threads of a block that it was compiled for (__launch_bounds__), 0 if it does not say.
	Threads int `json:"threads"`
	// Params are the sizes of its parameters in bytes, 4 or 8.
	Params []int `json:"params"`
	// Resources are ptxas's words on it, by real architecture.
	Resources map[string]Resources `json:"resources"`
}

// Resources are what one thread or one block of a kernel needs.
type Resources struct {
	Registers   int `json:"registers"`    // 32-bit registers of a thread
	Shared      int `json:"shared"`       // bytes of static shared memory of a block
	Stack       int `json:"stack"`        // bytes of local memory of a thread
	SpillStores int `json:"spill_stores"` // bytes written to local memory for want of registers
	SpillLoads  int `json:"spill_loads"`  // bytes read back
}

// Flags are the options that every compiler gets besides the architecture: the language, and nothing that would
// change arithmetic.
var Flags = []string{"-std=c++17"}

// ReadIndex reads the index of the compiled files in a folder.
func ReadIndex(folder fs.FS) (*Index, error) {
	text, err := fs.ReadFile(folder, IndexName)
	if err != nil {
		return nil, fmt.Errorf("kernels/cuda: the index of compiled kernels (make cuda writes it): %w", err)
	}
	var x Index
	if err := json.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("kernels/cuda: %s is not what make cuda writes: %w", IndexName, err)
	}
	return &x, nil
}

// Kernel returns the kernel of a name, and an error that names its nearest relatives if there is none.
func (x *Index) Kernel(name string) (*Kernel, error) {
	var all []string
	for i := range x.Kernels {
		if x.Kernels[i].Name == name {
			return &x.Kernels[i], nil
		}
		all = append(all, x.Kernels[i].Name)
	}
	return nil, fmt.Errorf("kernels/cuda: no kernel %q is compiled in; there are %s", name, strings.Join(all, ", "))
}

// Module returns the module of a source for a target.
func (x *Index) Module(source string, t Target) (*Module, error) {
	for i := range x.Modules {
		if m := &x.Modules[i]; m.Source == source && m.Target == t.Name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("kernels/cuda: %s was not compiled for %s (make cuda does)", source, t.Name)
}

// SourceSums returns the SHA-256 sum of each source of a folder, together with the headers of the folder that it
// includes, by file name.
func SourceSums(folder fs.FS) (map[string]string, error) {
	names, err := fs.Glob(folder, "*.cu")
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, name := range names {
		var all bytes.Buffer
		if err := include(&all, map[string]bool{}, folder, name); err != nil {
			return nil, err
		}
		sums[name] = Sum(all.Bytes())
	}
	return sums, nil
}

var includeLine = regexp.MustCompile(`(?m)^#include "([^"]+)"`)

// include writes a file and what it includes, each once. Headers that the folder lacks are the emulator's.
func include(all *bytes.Buffer, seen map[string]bool, folder fs.FS, name string) error {
	text, err := fs.ReadFile(folder, name)
	if seen[name] || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	seen[name] = true
	// A checkout may have the line ends of its system.
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	fmt.Fprintf(all, "%s %d\n%s", name, len(text), text)
	for _, m := range includeLine.FindAllSubmatch(text, -1) {
		if err := include(all, seen, folder, string(m[1])); err != nil {
			return err
		}
	}
	return nil
}

// Sum returns the SHA-256 sum of some bytes in hexadecimal digits.
func Sum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
