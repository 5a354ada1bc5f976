package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"sync"

	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// findings are everything that was measured with one set of options.
type findings[F any] struct {
	mu   sync.Mutex
	path string

	Options string        `json:"options"` // that change a finding
	Done    map[string]*F `json:"done"`    // by key
}

// openFindings reads the findings of that name in the output directory, if there are any. It is an error if they are of
// other options.
func openFindings[F any](out, name, options string) (*findings[F], error) {
	if err := files.MakeWritable(out); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	f := &findings[F]{path: filepath.Join(out, name+".json"), Options: options, Done: map[string]*F{}}
	data, err := files.Read(f.path, 1<<28)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	var before findings[F]
	if err := nn.UnmarshalJSON(data, &before); err != nil {
		return nil, fmt.Errorf("%s are no findings of this program: give another --out: %w", f.path, err)
	}
	if before.Options != f.Options {
		return nil, fmt.Errorf("%s was measured with %q, not %q: give another --out", f.path, before.Options, f.Options)
	}
	for key, found := range before.Done {
		if found != nil {
			f.Done[key] = found
		}
	}
	return f, nil
}

// key tells drawings apart.
func key(t trial.Trial) string { return fmt.Sprintf("%s/%s %d", t.Subject.Name, t.Defect.Name, t.Seed) }

func (f *findings[F]) has(key string) bool { return f.Done[key] != nil }

// add keeps what was found, on the disk too.
func (f *findings[F]) add(key string, found *F) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Done[key] = found
	data, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return files.Write(f.path, append(data, '\n'))
}

// number is v for JSON, which has no word for what is not finite.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
