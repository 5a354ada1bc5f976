package detect

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// eachSample hands samples to do, in order, until one fails, whose name the error has then, or the context ends.
func eachSample(ctx context.Context, train anomaly.Samples, do func(anomaly.Sample) error) error {
	for s, err := range train {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := do(s); err != nil {
			return fmt.Errorf("%s: %w", nameOf(s), err)
		}
	}
	return nil
}

// eachNormal is eachSample of normal ones, whose names it returns; without any the error is ErrNoReferences.
func eachNormal(ctx context.Context, train anomaly.Samples, do func(anomaly.Sample) error) (names []string, err error) {
	err = eachSample(ctx, train, func(s anomaly.Sample) error {
		if isDefective(s) {
			return nil
		}
		names = append(names, nameOf(s))
		return do(s)
	})
	if err == nil && len(names) == 0 {
		err = noReferences()
	}
	return names, err
}

// isDefective reports whether a sample shows a defect.
func isDefective(s anomaly.Sample) bool { return s.Mask != nil || s.Defect != "" }

// nameOf is what a sample is called: the name of its file without the folders, which are nobody's business.
func nameOf(s anomaly.Sample) string {
	if s.Path == "" {
		return "a picture without a name"
	}
	return path.Base(filepath.ToSlash(s.Path))
}

// onlyNormal passes over defective samples.
func onlyNormal(s anomaly.Sample) (bool, error) { return !isDefective(s), nil }
