package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/tensor"
)

// embedded is the model directory that comes with the program, for where no
// other is given; nil in a program that has none.
var embedded fs.FS

// model is what pictures are made with, and what is known about it.
type model struct {
	*diffusion.Pipeline
	vocabulary anomalyany.Vocabulary

	// hashes are the SHA-256 of its files, or an error where they are no longer
	// what pictures are made with: whatever claims them is written after asking.
	hashes func() (map[string]string, error)
	stop   func() // the hashing
}

// Close closes the pipeline, and does not wait for hashes.
func (m *model) Close() error {
	m.stop()
	return m.Pipeline.Close()
}

// openModel opens what the flags ask for, and says which of their words it does
// not know.
func openModel(ctx context.Context, f flags) (*model, error) {
	defaults, err := f.readDefaults()
	if err != nil {
		return nil, err
	}
	m := &model{vocabulary: defaults.Vocabulary}
	if m.Pipeline, err = openPipeline(ctx, f); err != nil {
		return nil, err
	}
	if f.usesEmbedded() {
		fmt.Fprintln(os.Stderr, "model: the small one of drawings that comes with this program; for photographs see 'anomalyany weights'")
	}
	m.hashInBackground(ctx)
	m.warnOfWords(os.Stderr, f)
	return m, nil
}

func openPipeline(ctx context.Context, f flags) (*diffusion.Pipeline, error) {
	return cli.Await(ctx, func() (*diffusion.Pipeline, error) { return f.open(ctx) })
}

func (f *flags) open(ctx context.Context) (*diffusion.Pipeline, error) {
	opts := append(f.Options(), f.Correct()...)
	if f.NoRefine {
		opts = append(opts, diffusion.WithoutCLIP())
	}
	switch {
	case f.Random:
		return diffusion.Random(0, opts...)
	case f.usesEmbedded():
		return diffusion.OpenFS(ctx, embedded, opts...)
	case f.Model == "":
		return nil, fmt.Errorf("--model DIR is missing\n\n%s", strings.TrimSpace(howToStart))
	}
	if f.Clip != "" {
		opts = append(opts, diffusion.WithCLIPDir(f.Clip))
	}
	return diffusion.Open(ctx, f.Model, opts...)
}

// usesEmbedded tells whether the model is the one that comes with the program.
func (f *flags) usesEmbedded() bool { return f.Model == "" && !f.Random && embedded != nil }

// readDefaults reads what the model's directory says about numbers and words.
func (f *flags) readDefaults() (anomalyany.Defaults, error) {
	switch info, err := os.Stat(f.Model); {
	case f.usesEmbedded():
		return anomalyany.ReadDefaults(tensor.InFS(embedded))
	case err == nil && info.IsDir():
		return anomalyany.ReadDefaults(tensor.OnDisk(f.Model))
	}
	return anomalyany.Defaults{Options: anomalyany.Paper()}, nil // opening it will say what is wrong
}

// unknown are the words of the flags that the model was not trained on, each
// with those of its kind that it was.
func (m *model) unknown(f flags) map[string][]string {
	all := map[string][]string{}
	if f.Object != "" && !m.vocabulary.KnowsObject(f.Object) {
		all[f.Object] = m.vocabulary.Objects
	}
	for _, word := range f.Anomaly {
		if !m.vocabulary.KnowsAnomaly(word) {
			all[word] = m.vocabulary.Anomalies
		}
	}
	return all
}

// warnOfWords says what the model knows in place of the words that it does not.
func (m *model) warnOfWords(w io.Writer, f flags) {
	unknown := m.unknown(f)
	for _, word := range slices.Concat([]string{f.Object}, f.Anomaly) {
		if known, ok := unknown[word]; ok {
			fmt.Fprintf(w, "warning: this model knows %s; %q is not among them, so expect nothing that looks like it\n", strings.Join(known, ", "), word)
		}
	}
}

// notes are what whoever looks at the pictures should know: words that the model
// does not, and pairs that it never saw together.
func (m *model) notes(f flags) []string {
	var all []string
	unknown := m.unknown(f)
	for _, word := range slices.Concat([]string{f.Object}, f.Anomaly) {
		if _, ok := unknown[word]; ok {
			all = append(all, fmt.Sprintf("%q is not among the words that the model was trained on", word))
		}
	}
	for _, word := range f.Anomaly {
		if m.vocabulary.IsUnseen(f.Object, word) {
			all = append(all, fmt.Sprintf("unseen pair: %s and %s were never together in training", f.Object, word))
		}
	}
	return all
}

// hashInBackground hashes the weights while the first picture is made.
func (m *model) hashInBackground(ctx context.Context) {
	ctx, m.stop = context.WithCancel(ctx)
	hash := sync.OnceValues(func() (map[string]string, error) { return m.Pipeline.Hashes(ctx) })
	m.hashes = func() (map[string]string, error) {
		hashes, err := hash()
		if err == nil {
			err = m.Changed()
		}
		return hashes, err
	}
	go hash()
}
