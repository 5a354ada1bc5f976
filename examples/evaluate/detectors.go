package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
)

// Networked is the flags of detectors that read the features of a network, for commands to embed.
type Networked struct {
	Reading  string  `group:"detector" default:"official" enum:"official,anomalib" help:"Whose version of a detector: its authors', or anomalib's (default: ${default})."`
	Coreset  float64 `group:"detector" default:"1" placeholder:"SHARE" help:"Share of its patches that PatchCore keeps; its authors keep 0.1 of hundreds of pictures (default: ${default})."`
	Network  string  `group:"detector" default:"lite0" enum:"lite0,resnet18,wide_resnet50_2" help:"Whose features they read: lite0, EfficientNet-Lite0 with weights that come with the program, resnet18 or wide_resnet50_2 (default: ${default})."`
	Backbone string  `group:"detector" placeholder:"FILE" help:"The network's weights, trained on ImageNet, in safetensors with the names of torchvision or timm; lite0 needs none."`
	Threads  int     `group:"run" placeholder:"N" help:"Threads to compute with (default: one a processor)."`
}

// Validate is called by kong after parsing.
func (n *Networked) Validate() error {
	if n.Network != "lite0" && n.Backbone == "" {
		return fmt.Errorf("--network %s: its weights do not come with the program, want --backbone FILE, such as torchvision's or timm's safetensors", n.Network)
	}
	if !(n.Coreset > 0 && n.Coreset <= 1) {
		return fmt.Errorf("--coreset is %v, want more than 0 and at most 1", n.Coreset)
	}
	return cli.Within("--threads", n.Threads, 0, 4096)
}

// useThreads has as many threads compute as are asked for.
func (n *Networked) useThreads() {
	if n.Threads > 0 {
		runtime.GOMAXPROCS(n.Threads)
		kernels.SetThreads(n.Threads)
	}
}

// detectorNames are the detectors, in the order of tables.
var detectorNames = []string{"patchcore", "padim", "probe"}

// detectors makes detectors on one network.
type detectors struct {
	network string // its name and the SHA-256 of its weights
	make    func(k key) (anomaly.Detector, error)
	save    func(w io.Writer, d anomaly.Detector) error // of one that was fitted
	close   func()
}

// opener opens the network that a command asks for.
type opener func(ctx context.Context, n Networked) (detectors, error)

// defaultOpener is what the program has; its tests have another.
var defaultOpener opener = openDetectors

func openDetectors(context.Context, Networked) (detectors, error) {
	return detectors{}, errors.New("there are no detectors yet")
}
