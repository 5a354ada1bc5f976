package main

import (
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/kernels/cuda/internal/modules"
)

// resourceTable has a line for each kernel: its block, and for each architecture the registers of a thread, the blocks
// that a multiprocessor holds at a time, and the occupancy.
func resourceTable(index *modules.Index, launches map[string]launch) (string, error) {
	var out strings.Builder
	out.WriteString("| kernel | threads | shared |")
	for _, m := range multiprocessors {
		fmt.Fprintf(&out, " %s |", m.arch)
	}
	out.WriteString("\n|---|--:|--:|" + strings.Repeat("--:|", len(multiprocessors)) + "\n")
	for _, k := range index.Kernels {
		l, ok := launches[k.Name]
		if !ok {
			return "", fmt.Errorf("%s is launched by nothing that record.go calls: add a call that does", k.Name)
		}
		if k.Threads != 0 && l.threads > k.Threads {
			return "", fmt.Errorf("%s is launched with %d threads and was compiled for %d", k.Name, l.threads,
				k.Threads)
		}
		fmt.Fprintf(&out, "| `%s` | %d | %d |", k.Name, l.threads, l.shared+k.Resources["sm_80"].Shared)
		for _, m := range multiprocessors {
			r, ok := k.Resources[m.arch]
			if !ok {
				return "", fmt.Errorf("ptxas said nothing of %s on %s: run make cuda", k.Name, m.arch)
			}
			blocks := m.resident(r, l.threads, l.shared)
			spills := ""
			if r.SpillStores+r.SpillLoads > 0 {
				spills = fmt.Sprintf(" (spills %d B)", r.SpillStores)
			}
			fmt.Fprintf(&out, " %d · %d · %d %%%s |", r.Registers, blocks, m.occupancy(blocks, l.threads), spills)
		}
		out.WriteByte('\n')
	}
	return out.String(), nil
}

// sizeTable has a line for each target: what it is for, and its size before packing.
func sizeTable(index *modules.Index) string {
	sizes := map[string]int{}
	for _, m := range index.Modules {
		sizes[m.Target] += m.Bytes
	}
	var out strings.Builder
	out.WriteString("| image | for compute capability | driver of CUDA | KiB |\n|---|---|---|--:|\n")
	for _, t := range modules.Targets {
		capability := fmt.Sprintf("%d.%d", t.Major, t.Minor)
		if t.PTX() {
			capability += " and later"
		}
		fmt.Fprintf(&out, "| %s | %s | %s and later | %d |\n", t.Name, capability, modules.Version(t.Driver),
			sizes[t.Name]>>10)
	}
	return out.String()
}
