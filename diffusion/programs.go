package diffusion

import (
	"slices"
	"sync"

	"github.com/sdgraph/sdgraph/nn"
)

// mostPrograms is how many programs are kept of a kind: more than a run of one size
// and its neighbours need, few enough for pictures of any number of sizes.
const mostPrograms = 32

// programs keeps the programs that were used last, under keys that say what they
// compute. One that is let go ends with its last run.
type programs[K comparable] struct {
	mu   sync.Mutex
	used []K // the last one used at the end
	kept map[K]*nn.Program
}

// get returns the program of a key, compiled where it is not kept. Compilations take
// turns.
func (c *programs[K]) get(key K, compile func() (*nn.Program, error)) (*nn.Program, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	prog := c.kept[key]
	if prog == nil {
		var err error
		if prog, err = compile(); err != nil {
			return nil, err
		}
		if len(c.used) >= mostPrograms {
			delete(c.kept, c.used[0])
			c.used = c.used[1:]
		}
		if c.kept == nil {
			c.kept = map[K]*nn.Program{}
		}
		c.kept[key] = prog
	}
	c.used = append(slices.DeleteFunc(c.used, func(k K) bool { return k == key }), key)
	return prog, nil
}
