package vision

import (
	"fmt"
	"math"
	"strings"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// DINOv2Config is what the published networks differ in.
type DINOv2Config struct {
	HiddenSize int // C, channels of a token
	Layers     int
	Heads      int // of attention; they divide HiddenSize
	Registers  int // 0 or 4
	Grid       int // height and width of the published positions, in patches: 37, of pictures of 518×518
	Positions  PositionRule
}

// PositionRule is how the vectors of positions are found for pictures of other sizes than the network was trained with.
// At that size all rules agree; at others their features differ by a percent of the largest.
type PositionRule int

const (
	// OfficialPositions is the rule of facebookresearch/dinov2, which published figures were computed with: without
	// registers, bicubic by the factor (n + 0.1)/37, which torch uses as it is told; with registers, bicubic and
	// antialiased, to n.
	OfficialPositions PositionRule = iota
	// TransformersPositions is that of transformers: without registers bicubic to n, and with them as the official one.
	TransformersPositions
)

// DINOv2Small, DINOv2Base and DINOv2Large return the configuration of ViT-S/14, ViT-B/14 and ViT-L/14, of 384, 768 and 1024
// channels; with registers or without.
func DINOv2Small(registers bool) DINOv2Config { return dinoConfig(384, 12, 6, registers) }

// DINOv2Base is as DINOv2Small says.
func DINOv2Base(registers bool) DINOv2Config { return dinoConfig(768, 12, 12, registers) }

// DINOv2Large is as DINOv2Small says.
func DINOv2Large(registers bool) DINOv2Config { return dinoConfig(1024, 24, 16, registers) }

func dinoConfig(channels, layers, heads int, registers bool) DINOv2Config {
	c := DINOv2Config{HiddenSize: channels, Layers: layers, Heads: heads, Grid: 37}
	if registers {
		c.Registers = 4
	}
	return c
}

func (c DINOv2Config) check() error {
	if c.Positions < OfficialPositions || c.Positions > TransformersPositions {
		return fmt.Errorf("there is no rule %d of positions", int(c.Positions))
	}
	if c.Heads > 0 && c.HiddenSize%c.Heads != 0 {
		return fmt.Errorf("%d channels are no multiple of %d heads", c.HiddenSize, c.Heads)
	}
	return nn.CheckRanges(
		nn.Range{Field: "HiddenSize", Value: c.HiddenSize, From: 1, To: 1 << 14},
		nn.Range{Field: "Layers", Value: c.Layers, From: 1, To: 1 << 10},
		nn.Range{Field: "Heads", Value: c.Heads, From: 1, To: 1 << 10},
		nn.Range{Field: "Registers", Value: c.Registers, From: 0, To: 1 << 10},
		nn.Range{Field: "Grid", Value: c.Grid, From: 1, To: 1 << 10},
	)
}

// hubDINO is the kind of a config.json. Those of timm have none.
type hubDINO struct {
	ModelType string `json:"model_type"`
}

// Validate has nothing to add to what is fixed.
func (hubDINO) Validate() error { return nil }

// checkFile checks what the config.json of a directory of transformers says and the shapes of weights do not.
func (c DINOv2Config) checkFile(dir tensor.Dir) error {
	if !dir.Exists(nn.ConfigFile) {
		return nil
	}
	var kind hubDINO
	if err := nn.ReadJSON(dir, nn.ConfigFile, &kind); err != nil || !strings.HasPrefix(kind.ModelType, "dinov2") {
		return err
	}
	hint := "not a published " + c.name()
	return nn.ReadConfig(dir, &kind,
		nn.Fixed{Field: "num_attention_heads", Value: float64(c.Heads), Hint: hint},
		nn.Fixed{Field: "layer_norm_eps", Value: dinoEpsilon, Hint: hint},
		nn.Fixed{Field: "hidden_act", Value: "gelu", Hint: hint},
		nn.Fixed{Field: "use_swiglu_ffn", Value: false, Hint: hint},
	)
}

// name is what messages call the network.
func (c DINOv2Config) name() string { return dinoName(c.HiddenSize, c.Registers > 0) }

func dinoName(channels int, registers bool) string {
	size := map[int]string{384: "ViT-S/14", 768: "ViT-B/14", 1024: "ViT-L/14"}[channels]
	if size == "" {
		size = fmt.Sprintf("of %d channels", channels)
	}
	if registers {
		size += " with registers"
	}
	return "DINOv2 " + size
}

// positions are what is added to all tokens of a picture of h×w patches, for each of a batch: [batch, 1+registers+h·w, C],
// 0 for registers.
func (n *DINOv2) positions(h, w, batch int) []float32 {
	c, grid := n.config.HiddenSize, n.config.Grid
	table := n.Embeddings.PositionEmbeddings.Float32()
	one := make([]float32, (n.before()+h*w)*c)
	copy(one, table[:c])
	patches := one[n.before()*c:]
	if h == grid && w == grid {
		copy(patches, table[c:])
	} else {
		kernels.Resample(patches, table[c:], 1, grid, grid, c, n.config.taps(h), n.config.taps(w))
	}
	all := make([]float32, 0, batch*len(one))
	for range batch {
		all = append(all, one...)
	}
	return all
}

// taps resize a side of the published positions to n patches.
func (c DINOv2Config) taps(n int) kernels.Taps {
	const offset = 0.1 // so that the factor times 37, rounded down, is n
	switch {
	case c.Registers > 0:
		return kernels.BicubicTaps(c.Grid, n, true)
	case c.Positions == OfficialPositions:
		return kernels.BicubicScaleTaps(c.Grid, n, (float64(n)+offset)/math.Sqrt(float64(c.Grid*c.Grid)))
	}
	return kernels.BicubicTaps(c.Grid, n, false)
}
