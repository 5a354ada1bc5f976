package kernels

import "fmt"

// Embedding gathers rows of a table, [len(table)/width, width]: out[i,:] = table[ids[i],:], converted to float32. out
// is [len(ids), width].
func Embedding(out []float32, ids []int32, table Elements, width int) {
	wantLen("Embedding", "out", out, len(ids)*width)
	rows := table.Len() / max(1, width)
	for i, id := range ids {
		if id < 0 || int(id) >= rows {
			panic(fmt.Sprintf("kernels: Embedding: id %d at position %d, want 0 to %d", id, i, rows-1))
		}
		table.Slice(int(id)*width, int(id+1)*width).Float32(out[i*width:][:width])
	}
}
