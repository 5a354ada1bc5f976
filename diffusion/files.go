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

// Files lists the files that the weights come from, none after Close.
func (p *Pipeline) Files() []string {
	p.life.RLock()
	defer p.life.RUnlock()
	var paths []string
	for _, f := range p.files {
		paths = append(paths, f.Paths()...)
	}
	return paths
}

// Hashes returns the SHA-256 of Files, in hexadecimal, by their paths: of what
// is mapped and computed with, whatever lies at a path by now. That reads all
// of them, which takes seconds, and Close waits for it; it ends with ctx's
// error when ctx does, and with ErrFileChanged where Changed would.
//
// What a program says about a picture's weights is true if it asks for Changed
// after the picture was computed.
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

// Texts returns the SHA-256 of the configurations, vocabularies and other texts
// that the model was opened with, in hexadecimal, by their paths: as they were
// read then. With the same weights, texts and options a model is the same.
func (p *Pipeline) Texts() map[string]string { return p.texts.Hashes() }

// Changed tells whether the weights at the paths of Files are no longer those
// that were opened, with an error that names the first such file: ErrFileChanged
// where it was written to, so that what was computed since is of neither, and
// ErrFileReplaced where another has taken its name. Weights that are in memory,
// such as those of an fs.FS, never change.
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
