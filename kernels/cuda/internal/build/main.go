// Command build compiles the sources of kernels/cuda/src into the files that programs with the build tag gpu embed,
// kernels/cuda/internal/modules/data: run it as "make cuda", from the root of the tree.
//
// It takes nvcc from -nvcc, else from the virtual environment of kernels/cuda/requirements.txt, else from PATH. PTX for
// drivers of CUDA 12 is compiled by NVRTC of the same environment (nvrtc.py).
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

func main() {
	nvcc := flag.String("nvcc", "", "nvcc to use (default: the environment's, else the one in PATH)")
	venv := flag.String("venv", ".venv/cuda", "virtual environment of kernels/cuda/requirements.txt")
	root := flag.String("cuda", "kernels/cuda", "folder of package cuda")
	flag.Parse()
	if err := run(*root, *nvcc, *venv); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// run compiles everything into a fresh folder, which takes the old one's place only when all went well.
func run(root, nvcc, venv string) error {
	tools, err := findTools(root, nvcc, venv)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "cuda-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b := builder{tools: tools, source: filepath.Join(root, "src"), work: work}
	if err := b.all(); err != nil {
		return err
	}
	data := filepath.Join(root, "internal", "modules", "data")
	if err := b.write(data); err != nil {
		return err
	}
	b.report(os.Stdout)
	return nil
}

// all compiles every source for every target.
func (b *builder) all() error {
	sums, err := modules.SourceSums(os.DirFS(b.source))
	if err != nil {
		return err
	}
	b.index = modules.Index{
		Compilers: map[string]string{"nvcc": b.tools.nvccVersion, "nvrtc": b.tools.nvrtcVersion},
		Flags:     modules.Flags,
		Sources:   sums,
	}
	b.files = map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if filepath.Ext(name) == ".cu" {
			if err := b.compileSource(name); err != nil {
				return err
			}
		}
	}
	if len(b.files) == 0 {
		return fmt.Errorf("%s has no .cu files", b.source)
	}
	return nil
}

// write replaces the files of a folder by what was compiled.
func (b *builder) write(folder string) error {
	text, err := json.MarshalIndent(b.index, "", "\t")
	if err != nil {
		return err
	}
	b.files[modules.IndexName] = append(text, '\n')
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range b.files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// report prints the sizes of what was compiled, and which kernels want more registers than there are.
func (b *builder) report(out *os.File) {
	var plain, packed int
	for _, m := range b.index.Modules {
		plain += m.Bytes
		packed += len(b.files[m.File])
		fmt.Fprintf(out, "%-40s %8d bytes, compressed %7d\n", strings.TrimSuffix(m.File, ".gz"), m.Bytes,
			len(b.files[m.File]))
	}
	fmt.Fprintf(out, "%-40s %8d bytes, compressed %7d\n", "all", plain, packed)
	for _, k := range b.index.Kernels {
		for _, arch := range slices.Sorted(maps.Keys(k.Resources)) {
			if r := k.Resources[arch]; r.SpillStores+r.SpillLoads > 0 {
				fmt.Fprintf(out, "%s on %s spills %d + %d bytes\n", k.Name, arch, r.SpillStores, r.SpillLoads)
			}
		}
	}
}
