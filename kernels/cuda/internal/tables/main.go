// Command tables writes the tables of kernels/cuda/README.md: what each kernel takes of a multiprocessor, from what
// ptxas said when it was compiled, and what bounds attention at Stable Diffusion 1.5's sites. No GPU is needed.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

//go:generate go run . -cuda ../..

func main() {
	root := flag.String("cuda", "kernels/cuda", "folder of package cuda")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "tables:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	index, err := modules.ReadIndex(os.DirFS(filepath.Join(root, "internal", "modules", "data")))
	if err != nil {
		return err
	}
	launches, err := recordLaunches(index)
	if err != nil {
		return err
	}
	resources, err := resourceTable(index, launches)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "README.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, section := range []struct{ name, table string }{
		{"sizes", sizeTable(index)},
		{"resources", resources},
		{"roofline", rooflineTable()},
		{"gpus", gpuTable()},
	} {
		if text, err = replace(text, section.name, section.table); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return os.WriteFile(path, text, 0o644)
}

// replace puts a table between the comments that name its section.
func replace(text []byte, name, table string) ([]byte, error) {
	begin, end := fmt.Appendf(nil, "<!-- %s: written by internal/tables -->\n", name), []byte("<!-- end -->\n")
	before, rest, ok := bytes.Cut(text, begin)
	if !ok {
		return nil, fmt.Errorf("no line %q", bytes.TrimSpace(begin))
	}
	_, after, ok := bytes.Cut(rest, end)
	if !ok {
		return nil, fmt.Errorf("no line %q after %q", bytes.TrimSpace(end), bytes.TrimSpace(begin))
	}
	return bytes.Join([][]byte{before, begin, []byte(table), end, after}, nil), nil
}
