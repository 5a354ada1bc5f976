package gemm

import "sync"

// Buffer is memory that all jobs of an operation share, recycled between operations.
type Buffer struct{ Numbers []float32 }

var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// NewBuffer has room for n numbers, which are not cleared.
func NewBuffer(n int) *Buffer {
	b := buffers.Get().(*Buffer)
	if len(b.Numbers) < n {
		b.Numbers = make([]float32, n)
	}
	return b
}

// Free gives the memory back; nothing may use it any more.
func (b *Buffer) Free() { buffers.Put(b) }
