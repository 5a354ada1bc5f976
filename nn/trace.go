package nn

import (
	"context"
	"time"
)

// Executed is one operation that a Program has run.
type Executed struct {
	Op    string // such as "convolution conv_in.weight"
	FLOPs int64  // of matrix products, a multiplication and an addition counted as two; 0 for all else
	Took  time.Duration
}

type traceKey struct{}

// WithTrace returns a context under which every Program reports each operation to f
// as soon as it is done, in the goroutine that called Run. A device takes longer
// then, since each operation is waited for. One that is recomputed is reported
// twice.
func WithTrace(ctx context.Context, f func(Executed)) context.Context {
	return context.WithValue(ctx, traceKey{}, f)
}

// Trace reports an operation that ran outside of a Program to the function that
// WithTrace put into ctx, if there is one.
func Trace(ctx context.Context, e Executed) {
	if f := tracer(ctx); f != nil {
		f(e)
	}
}

// tracer returns what WithTrace put into ctx, or nil.
func tracer(ctx context.Context) func(Executed) {
	f, _ := ctx.Value(traceKey{}).(func(Executed))
	return f
}

// flops is the work of one run of the instruction.
func (in *instruction) flops() int64 {
	if in.op == nil {
		return 0
	}
	return in.op.flops
}

// product is the work of a product of matrices [m, k] and [k, n].
func product(m, n, k int) int64 { return 2 * int64(m) * int64(n) * int64(k) }

// name is what the instruction does.
func (in *instruction) name() string {
	if in.op == nil {
		return in.node.Op().String()
	}
	return in.op.name
}
