package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// prompted is an entry of the prompts' file.
type prompted struct {
	Text     string    `json:"text"`
	Syntax   string    `json:"syntax"`    // plain, which is the default
	ClipSkip int       `json:"clip_skip"` // 1, which is the default: the text encoder's last layer
	IDs      [][]int32 `json:"ids"`       // of the text's chunks, of which a plain text has one; nil where they are not compared
}

// encodePrompts encodes the texts of a file, with words of --embedding, and compares their ids with those that the file
// gives and their embeddings with the reference.
func encodePrompts(ctx context.Context, o options) error {
	if o.In == "" {
		return errors.New("prompt: --in FILE.json is missing")
	}
	texts, err := readPrompts(o.In)
	if err != nil {
		return err
	}
	p, err := openWithWords(ctx, o, diffusion.WithoutCLIP())
	if err != nil {
		return err
	}
	defer p.Close()
	out := tensors{}
	for i, e := range texts {
		if ids := p.Tokenizer.Encode(e.Text); e.IDs != nil && (len(e.IDs) != 1 || !slices.Equal(e.IDs[0], ids)) {
			return fmt.Errorf("text %d, %q: the file has the ids %v, this is %v", i, e.Text, e.IDs, ids)
		}
		prompt, err := p.Encode(ctx, e.Text)
		if err != nil {
			return fmt.Errorf("text %d, %q: %w", i, e.Text, err)
		}
		out[fmt.Sprintf("%d.embedding", i)] = prompt.Hidden
	}
	if o.Out != "" {
		if err := tensor.Save(o.Out, out, nil); err != nil {
			return err
		}
	}
	if o.Ref == "" {
		return nil
	}
	ref, err := readTensors(o.Ref)
	if err != nil {
		return err
	}
	return compare(o.output(), nil, out, ref, o)
}

func readPrompts(path string) ([]prompted, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var texts []prompted
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("%s: want a list of {\"text\": …, \"ids\": [[…]]}: %w", path, err)
	}
	for i, e := range texts {
		if s := cmp.Or(e.Syntax, "plain"); s != "plain" {
			return nil, fmt.Errorf("%s: text %d has the syntax %q, and plain is what there is%.0w", path, i, s, errNotThere)
		}
		if e.ClipSkip != 0 && e.ClipSkip != 1 {
			return nil, fmt.Errorf("%s: text %d has clip_skip %d, and 1 is what there is%.0w", path, i, e.ClipSkip, errNotThere)
		}
	}
	return texts, nil
}

// openWithWords opens the model, with the words of --embedding.
func openWithWords(ctx context.Context, o options, opts ...diffusion.OpenOption) (*diffusion.Pipeline, error) {
	words, err := o.Read()
	if err != nil {
		return nil, err
	}
	opts = append(opts, diffusion.WithPrecision(o.precision()), diffusion.WithEmbeddings(words...))
	if o.device != nil {
		opts = append(opts, diffusion.WithDevice(o.device))
	}
	return diffusion.Open(ctx, o.Model, opts...)
}
