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
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

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

// run compiles what has changed, and replaces the files of before only when all went well.
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
	index := &modules.Index{Compilers: map[string]string{"nvcc": tools.nvccVersion, "nvrtc": tools.nvrtcVersion},
		Flags: modules.Flags}
	if index.Sources, err = modules.SourceSums(os.DirFS(b.source)); err != nil {
		return err
	}
	data := filepath.Join(root, "internal", "modules", "data")
	units := b.units(index.Sources)
	reuse(units, index, os.DirFS(data))
	if err := b.compileAll(units); err != nil {
		return err
	}
	images, err := gather(index, units)
	if err != nil {
		return err
	}
	packed, err := write(data, index, images)
	if err != nil {
		return err
	}
	report(os.Stdout, index, packed)
	return nil
}

// write replaces the files of a folder, and returns the size of the packed images.
func write(folder string, index *modules.Index, images []byte) (int, error) {
	packed, err := modules.Pack(images)
	if err != nil {
		return 0, err
	}
	text, err := json.MarshalIndent(index, "", "\t")
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, err
	}
	if err := replace(filepath.Join(folder, modules.ImagesName), packed); err != nil {
		return 0, err
	}
	return len(packed), replace(filepath.Join(folder, modules.IndexName), append(text, '\n'))
}

// replace writes a file beside its place and renames it.
func replace(path string, data []byte) error {
	beside := path + ".new"
	if err := os.WriteFile(beside, data, 0o644); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

// report prints the sizes of what was compiled, and which kernels want more registers than there are.
func report(out io.Writer, index *modules.Index, packed int) {
	sizes, all := map[string]int{}, 0
	for _, m := range index.Modules {
		sizes[m.Target] += m.Bytes
		all += m.Bytes
	}
	for _, t := range modules.Targets {
		fmt.Fprintf(out, "%-12s %10d bytes\n", t.Name, sizes[t.Name])
	}
	fmt.Fprintf(out, "%-12s %10d bytes, packed %d\n", "all", all, packed)
	for _, k := range index.Kernels {
		for _, arch := range slices.Sorted(maps.Keys(k.Resources)) {
			if r := k.Resources[arch]; r.SpillStores+r.SpillLoads > 0 {
				fmt.Fprintf(out, "%s on %s spills %d bytes and reads %d back\n", k.Name, arch, r.SpillStores,
					r.SpillLoads)
			}
		}
	}
}
