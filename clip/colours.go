package clip

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// Colours are what red, green and blue of a picture, in [0, 1], are normalised by before CLIP sees it: less the mean, and
// divided by the standard deviation.
type Colours struct {
	Mean []float32 `json:"image_mean"`
	Std  []float32 `json:"image_std"`
}

// DefaultColours returns those of CLIP's training set.
func DefaultColours() Colours {
	return Colours{
		Mean: []float32{0.48145466, 0.4578275, 0.40821073},
		Std:  []float32{0.26862954, 0.26130258, 0.27577711},
	}
}

// ReadColours reads what a directory of transformers says of its pictures' colours: its processor_config.json, as
// transformers 5 writes it, or, where that has none, its preprocessor_config.json. What neither says is CLIP's. What is
// no such file, or has other than three sensible numbers of each, is tensor.ErrDamaged.
func ReadColours(dir tensor.Dir) (Colours, error) {
	file, c := "processor_config.json", DefaultColours()
	whole := struct {
		Of *Colours `json:"image_processor"`
	}{}
	err := nn.ReadJSON(dir, file, &whole)
	if whole.Of != nil {
		c = whole.Of.orElse(c)
	} else if err == nil || errors.Is(err, fs.ErrNotExist) {
		file = "preprocessor_config.json"
		err = nn.ReadJSON(dir, file, &c)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("%s: %w%.0w", dir.Path(file), err, tensor.ErrDamaged)
	}
	return c, nil
}

// check returns an error unless pictures can be normalised by them.
func (c Colours) check() error {
	if len(c.Mean) != 3 || len(c.Std) != 3 || slices.Min(c.Mean) < 0 || slices.Max(c.Mean) > 1 || slices.Min(c.Std) < 0.001 || slices.Max(c.Std) > 1000 {
		return fmt.Errorf("image_mean %v and image_std %v, want three numbers each, mean 0 to 1, std positive, 0.001 to 1000", c.Mean, c.Std)
	}
	return nil
}

// orElse is c, with the numbers of others where it has none.
func (c Colours) orElse(others Colours) Colours {
	if c.Mean == nil {
		c.Mean = others.Mean
	}
	if c.Std == nil {
		c.Std = others.Std
	}
	return c
}
