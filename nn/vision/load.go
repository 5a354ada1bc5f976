package vision

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// load gives a network the weights of a source, but those of another architecture, of which nearly everything would be
// listed. How many batches a norm has seen in training is no weight.
func load(ctx context.Context, network any, name string, src nn.Source, opts ...nn.LoadOption) error {
	if other := architecture(src); other != "" && other != name {
		return fmt.Errorf("%sthese are the weights of %s, want %s%.0w", place(src), other, name, tensor.ErrDamaged)
	}
	return nn.Load(ctx, network, src, append(opts, nn.WithIgnore("num_batches_tracked"))...)
}

// place is the first file of a source, before a colon, or "".
func place(src nn.Source) string {
	if files, ok := src.(interface{ Paths() []string }); ok && len(files.Paths()) > 0 {
		return files.Paths()[0] + ": "
	}
	return ""
}
