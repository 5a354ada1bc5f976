// Package judge finds defects in pictures of the drawn world: a segmenter that
// was trained on every subject with every defect, those pairs too that the demo
// model has never seen. It measures what the model generates, and has no part in
// generating it.
//
//	judge.go     New and Segment
//	verdict.go   which defect a picture has
//	net.go       the U-Net
//	judge.safetensors, judge.json   its weights and thresholds; what it gets right on drawings that it
//	                                was not trained on
//
// examples/demo/train/judge.py trains it and writes these files.
package judge

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

//go:embed judge.safetensors
var files embed.FS

// Judge is the segmenter. Its methods may be called by several goroutines; they
// take turns.
type Judge struct {
	Defects   []string // what it knows, in the order of its classes, which begin with 1
	Threshold float32  // pixels belong to the mask whose probability to be defective is at least this
	Sure      float32  // a picture is defective where the probability is at least this ...
	LeastArea float64  // ... in at least this share of its pixels

	segment *nn.Exec // picture → probabilities
}

// New loads the embedded weights.
func New(ctx context.Context) (*Judge, error) {
	f, err := tensor.InFS(files).Open("judge.safetensors")
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	net := newNet()
	j := &Judge{segment: nn.NewExec(net.segment)}
	if err := j.readMetadata(f.Metadata()); err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	if err := nn.Load(ctx, net, f); err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	return j, nil
}

// readMetadata reads what the weights' file says about its classes, which must
// be the world's defects, and the thresholds.
func (j *Judge) readMetadata(m map[string]string) error {
	var classes []string
	if err := json.Unmarshal([]byte(m["classes"]), &classes); err != nil {
		return fmt.Errorf("classes: %w", err)
	}
	want := []string{""}
	for _, d := range world.Defects() {
		want = append(want, d.Name)
	}
	if !slices.Equal(classes, want) {
		return fmt.Errorf("the weights are for the classes %q, want %q", classes, want)
	}
	j.Defects = classes[1:]
	numbers := map[string]float64{}
	for _, name := range []string{"threshold", "sure", "least_area", "size"} {
		v, err := strconv.ParseFloat(m[name], 64)
		if err != nil || v <= 0 {
			return fmt.Errorf("%s is %q, want a positive number", name, m[name])
		}
		numbers[name] = v
	}
	j.Threshold, j.Sure = float32(numbers["threshold"]), float32(numbers["sure"])
	j.LeastArea = numbers["least_area"] / (numbers["size"] * numbers["size"])
	return nil
}

// Segmentation is what the judge thinks of each pixel of a picture.
type Segmentation struct {
	Height, Width int

	// Probability is of no defect, and of each of Judge.Defects: for each class
	// Height·Width numbers, row by row, which add up to 1 over the classes.
	Probability [][]float32
}

// Segment judges a picture [1, 3, H, W] in [-1, 1]; what lies outside is
// clamped. H and W must be multiples of 4. The judge was trained on drawings of
// 128×128, and knows defects of their size in pixels.
func (j *Judge) Segment(ctx context.Context, picture *gt.Dense) (*Segmentation, error) {
	s := picture.Shape()
	if len(s) != 4 || s[0] != 1 || s[1] != 3 || s[2] < factor || s[3] < factor || s[2]%factor != 0 || s[3]%factor != 0 {
		return nil, fmt.Errorf("judge: a picture of shape %v, want [1, 3, H, W] with H and W multiples of %d", s, factor)
	}
	out, err := j.segment.Run(ctx, map[string]*gt.Dense{"picture": picture})
	if err != nil {
		return nil, err
	}
	if err := nn.Finite(out[0]); err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	return &Segmentation{
		Height: s[2], Width: s[3],
		Probability: slices.Collect(slices.Chunk(tensor.Float32s(out[0]), s[2]*s[3])),
	}, nil
}
