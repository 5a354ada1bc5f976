package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor"
)

// tokenized is an entry of the tokenizer's files.
type tokenized struct {
	Text string  `json:"text"`
	IDs  []int32 `json:"ids"`
}

// tokenize encodes the texts of a file and compares with the ids that it, or
// the reference, gives.
func tokenize(ctx context.Context, o options) error {
	if o.In == "" {
		return errors.New("tokenize: --in FILE.json is missing")
	}
	texts, err := readTexts(o.In)
	if err != nil {
		return err
	}
	t, err := openTokenizer(ctx, o.Model)
	if err != nil {
		return err
	}
	ours := make([]tokenized, len(texts))
	for i, e := range texts {
		ours[i] = tokenized{e.Text, t.Encode(e.Text)}
	}
	if o.Out != "" {
		data, err := json.Marshal(ours)
		if err != nil {
			return err
		}
		if err := files.Write(o.Out, data); err != nil {
			return err
		}
	}
	want := texts
	if o.Ref != "" {
		if want, err = readTexts(o.Ref); err != nil {
			return err
		}
	}
	return compareTokens(ours, want)
}

// openTokenizer opens the tokenizer of a model directory or of a single file,
// CLIP's where there is none.
func openTokenizer(ctx context.Context, path string) (*clip.Tokenizer, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		p, err := diffusion.Open(ctx, path)
		if err != nil {
			return nil, err
		}
		return p.Tokenizer, p.Close()
	}
	model := tensor.OnDisk(path)
	c, err := clip.ReadTextConfig(model.Sub("text_encoder"))
	if err != nil || !model.Exists("tokenizer") {
		return clip.DefaultTokenizer(), err
	}
	return clip.OpenTokenizer(model.Sub("tokenizer"), c.MaxPositions)
}

func compareTokens(ours, want []tokenized) error {
	compared := 0
	for i, e := range want {
		if e.IDs == nil {
			continue
		}
		if i >= len(ours) || ours[i].Text != e.Text || !slices.Equal(ours[i].IDs, e.IDs) {
			return fmt.Errorf("text %d, %q: the reference has %v, this is %v", i, e.Text, e.IDs, ours[min(i, len(ours)-1)].IDs)
		}
		compared++
	}
	fmt.Printf("%d texts, all ids equal\n", compared)
	return nil
}

func readTexts(path string) ([]tokenized, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var texts []tokenized
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("%s: want a list of {\"text\": …, \"ids\": […]}: %w", path, err)
	}
	return texts, nil
}
