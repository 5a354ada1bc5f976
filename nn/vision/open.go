package vision

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/pth"
)

// File is a network whose weights lie in a file, mapped into memory until Close.
type File struct {
	Network
	Name   string // one of Names
	SHA256 string // of the file's contents, in small hexadecimal digits

	weights *tensor.File
}

// constructors are the networks by torchvision's and timm's names, or those of facebookresearch/dinov2.
var constructors = []struct {
	name string
	make func() Network
}{
	{"efficientnet_lite0", func() Network { return NewEfficientNetLite0() }},
	{"inception_v3_fidelity", func() Network { return NewInceptionV3() }},
	{"resnet18", func() Network { return NewResNet18() }},
	{"vgg16", func() Network { return NewVGG16() }},
	{"wide_resnet50_2", func() Network { return NewWideResNet50() }},
	{"dinov2_vits14", func() Network { return newDINOv2(DINOv2Small(false)) }},
	{"dinov2_vitb14", func() Network { return newDINOv2(DINOv2Base(false)) }},
	{"dinov2_vitl14", func() Network { return newDINOv2(DINOv2Large(false)) }},
	{"dinov2_vits14_reg", func() Network { return newDINOv2(DINOv2Small(true)) }},
	{"dinov2_vitb14_reg", func() Network { return newDINOv2(DINOv2Base(true)) }},
	{"dinov2_vitl14_reg", func() Network { return newDINOv2(DINOv2Large(true)) }},
}

// Names returns the networks that New and Open know: "efficientnet_lite0", "inception_v3_fidelity", "resnet18", "vgg16",
// "wide_resnet50_2", and DINOv2's "dinov2_vits14", "dinov2_vitb14", "dinov2_vitl14", each also with "_reg", its registers.
// Plain "inception_v3" would be torchvision's, which is another network than InceptionV3.
func Names() []string {
	all := make([]string, len(constructors))
	for i, c := range constructors {
		all[i] = c.name
	}
	return all
}

// New returns a network without weights by its name, one of Names; another one is nn.ErrArgument.
func New(name string) (Network, error) {
	for _, c := range constructors {
		if c.name == name {
			return c.make(), nil
		}
	}
	return nil, fmt.Errorf("network %.60q is not known; known are %s%.0w", name, strings.Join(Names(), ", "), nn.ErrArgument)
}

// Open opens a network by its name, one of Names, with the weights of a safetensors file, of the file model.safetensors in
// a directory, such as the hub's timm/resnet18.tv_in1k, or of the state_dict in one of torch's own files, .pth or .pt,
// which package pth reads without running it. All of the file is read once, to check it and for its SHA-256. The error is
// that of New, of tensor.Open, of pth.Open or of the network's Load; nn.ErrUnsupported for a DINOv2 of transformers whose
// config.json says that it computes otherwise.
func Open(ctx context.Context, name, path string) (*File, error) {
	network, err := New(name)
	if err != nil {
		return nil, err
	}
	if ctx == nil {
		return nil, fmt.Errorf("opening %s: the context is nil%.0w", name, nn.ErrArgument)
	}
	if path == "" {
		return nil, fmt.Errorf("opening %s: no file is named, want a .safetensors or .pth file, or the directory of model.safetensors%.0w", name, nn.ErrArgument)
	}
	weights, err := openWeights(path)
	if err != nil {
		return nil, err
	}
	f := &File{Network: network, Name: name, weights: weights}
	err = f.load(ctx)
	if n, ok := network.(*DINOv2); ok && err == nil {
		err = n.config.checkFile(tensor.OnDisk(path))
	}
	if err != nil {
		return nil, errors.Join(err, weights.Close())
	}
	return f, nil
}

func openWeights(path string) (*tensor.File, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return tensor.OnDisk(path).Open("model.safetensors")
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".pth", ".pt":
		return pth.Open(path)
	}
	return tensor.Open(path)
}

func (f *File) load(ctx context.Context) error {
	if err := f.Load(ctx, f.weights); err != nil {
		return err
	}
	hashes, err := f.weights.Hashes(ctx)
	if err != nil {
		return err
	}
	for _, h := range hashes { // there is one
		f.SHA256 = h
	}
	return nil
}

// Changed returns tensor.ErrChanged if the file was written to since it was opened.
func (f *File) Changed() error {
	if f.weights == nil {
		return nil
	}
	return f.weights.Changed()
}

// Close unmaps the file. No graph of the network may run from then on.
func (f *File) Close() error {
	if f.weights == nil {
		return nil
	}
	return f.weights.Close()
}
