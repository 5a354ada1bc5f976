package diffusion

import (
	"context"
	"fmt"
	"maps"
)

// weightFiles is a tensor.Set or a tensor.File.
type weightFiles interface {
	Paths() []string
	Hashes(ctx context.Context) (map[string]string, error)
	Changed() error
	Replaced() error
	Close() error
}

// Files returns the paths of the files that the weights come from; none after Close.
func (p *Pipeline) Files() []string {
	p.life.RLock()
	defer p.life.RUnlock()
	var paths []string
	for _, f := range p.files {
		paths = append(paths, f.Paths()...)
	}
	return paths
}

// Hashes returns the SHA-256 of each of Files, in hexadecimal, by its path: the hash
// of the file that is open and computed with, whatever lies at its path by now. All
// files are read, which takes seconds, and Close waits for it. The error is ctx's
// when ctx ends, and ErrFileChanged where a file was written to.
//
// A program that notes the hashes of a picture's weights should call Changed when
// the picture has been computed: if there is no error, they are right.
func (p *Pipeline) Hashes(ctx context.Context) (map[string]string, error) {
	if ctx == nil {
		return nil, badArgument("hashes: the context is nil")
	}
	p.life.RLock()
	defer p.life.RUnlock()
	if p.closed {
		return nil, fmt.Errorf("hashes: the pipeline is %w", ErrClosed)
	}
	all := map[string]string{}
	for _, f := range p.files {
		hashes, err := f.Hashes(ctx)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, hashes)
	}
	return all, nil
}

// Texts returns the SHA-256 of each configuration, vocabulary and other text that the
// model was opened with, as it was read, in hexadecimal, by its path. Weights, texts
// and options together decide what a model computes.
func (p *Pipeline) Texts() map[string]string { return p.texts.Hashes() }

// Changed returns an error, which names the file, if the weights at the paths of
// Files are no longer those that were opened. It is ErrFileChanged where a file was
// written to: what was computed since then is of neither model. It is
// ErrFileReplaced where another file has the name of one that is open: results are
// right, but the path no longer leads to their weights. Weights in memory, such as
// those of an fs.FS, never change.
func (p *Pipeline) Changed() error {
	p.life.RLock()
	defer p.life.RUnlock()
	if p.closed {
		return fmt.Errorf("changed: the pipeline is %w", ErrClosed)
	}
	for _, f := range p.files {
		if err := f.Changed(); err != nil {
			return err
		}
		if err := f.Replaced(); err != nil {
			return err
		}
	}
	return nil
}
