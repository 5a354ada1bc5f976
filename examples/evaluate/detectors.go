package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/detect"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/nn/vision/lite0"
)

// Networked is the flags of detectors that read the features of a network, for commands to embed.
type Networked struct {
	Reading  string  `group:"detector" default:"official" enum:"official,anomalib" help:"Whose version of a detector: its authors', or anomalib's (default: ${default})."`
	Coreset  float64 `group:"detector" default:"1" placeholder:"SHARE" help:"Share of its patches that PatchCore keeps; its authors keep 0.1 of hundreds of pictures (default: ${default})."`
	Channels []int   `group:"detector" placeholder:"N" help:"The channels that PaDiM takes, counted through its layers from 0; several with commas (default: those of its reference implementation's random choice)."`
	Network  string  `group:"detector" default:"lite0" enum:"lite0,resnet18,wide_resnet50_2" help:"Whose features they read: lite0, EfficientNet-Lite0 with weights that come with the program, resnet18 or wide_resnet50_2 (default: ${default})."`
	Backbone string  `group:"detector" placeholder:"FILE" help:"The network's weights, trained on ImageNet, in safetensors with the names of torchvision or timm; lite0 needs none."`
	Threads  int     `group:"run" placeholder:"N" help:"Threads to compute with (default: one a processor)."`

	again bool // each picture is looked at more than once in the same way
}

// Validate is called after parsing.
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
	save    func(path string, d anomaly.Detector) error // of one that was fitted
	close   func()
}

// opener opens the network that a command asks for.
type opener func(ctx context.Context, n Networked) (detectors, error)

// defaultOpener is what the program has; its tests have another.
var defaultOpener opener = openDetectors

// memory is how many bytes the features of a category's pictures may take. Those of a hundred are 30 MB of lite0, and 250 MB
// of wide_resnet50_2.
const memory = 1 << 29

func openDetectors(ctx context.Context, n Networked) (detectors, error) {
	network, end, err := n.openNetwork(ctx)
	if err != nil {
		return detectors{}, err
	}
	var r detect.Reading
	if err := r.UnmarshalText([]byte(n.Reading)); err != nil {
		return detectors{}, errors.Join(fmt.Errorf("--reading: %w", err), end())
	}
	if n.again {
		network.Memory = detect.NewMemory(memory)
	}
	category := ""
	return detectors{
		network: network.Name + " " + network.SHA256,
		make: func(k key) (anomaly.Detector, error) {
			if k.Category != category { // other pictures
				category = k.Category
				network.Memory.Forget()
			}
			return n.detector(network, r, k)
		},
		save:  detect.Save,
		close: func() { end() },
	}, nil
}

// openNetwork opens the network whose features are read; end closes it.
func (n Networked) openNetwork(ctx context.Context) (network detect.Network, end func() error, err error) {
	if n.Backbone == "" {
		net, err := lite0.Open()
		return detect.Network{Backbone: net, Name: "efficientnet_lite0", SHA256: lite0.SHA256}, func() error { return nil }, err
	}
	name := n.Network
	if name == "lite0" {
		name = "efficientnet_lite0"
	}
	f, err := vision.Open(ctx, name, n.Backbone)
	if err != nil {
		return network, nil, fmt.Errorf("--backbone: %w", err)
	}
	return detect.Network{Backbone: f, Name: f.Name, SHA256: f.SHA256}, f.Close, nil
}

// detector makes that of a row. With generated pictures it is the one of its name where a probe, which learns from these,
// agrees; the others learn from normal pictures alone.
func (n Networked) detector(network detect.Network, r detect.Reading, k key) (anomaly.Detector, error) {
	var normal anomaly.Detector
	var err error
	switch k.Detector {
	case "probe":
		return detect.NewProbe(network, detect.ProbeOptions{Reading: r})
	case "padim":
		normal, err = detect.NewPaDiM(network, detect.PaDiMOptions{Reading: r, Channels: n.Channels})
	default:
		normal, err = detect.NewPatchCore(network, detect.PatchCoreOptions{Reading: r, Coreset: n.Coreset, Seed: uint64(k.Seed)})
	}
	if err != nil || !k.Generated {
		return normal, err
	}
	probe, err := detect.NewProbe(network, detect.ProbeOptions{Reading: r})
	if err != nil {
		return nil, err
	}
	return detect.NewWeighted(normal, probe)
}
