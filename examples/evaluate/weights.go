package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/nn/vision"
)

// Weights is the command of that name: where the weights are to be had that do not come with the program, or what some
// files are.
type Weights struct {
	Files []string `arg:"" optional:"" name:"file" help:"Files, or directories of models, to be looked at: what each is, and which flag takes it."`
}

// weight is a file that others publish.
type weight struct {
	network string // one of vision.Names, or "" for a CLIP
	title   string
	where   string // a repository of the Hugging Face hub, or a release
	file    string
	size    string
	licence string
	sha256  string // its first digits, as far as they are known here
	flags   string
	serves  string
}

// weights are all of them. Their sizes are those of their numbers in float32, to which some kilobytes of names come.
var weights = []weight{
	{"dinov2_vits14", "DINOv2 ViT-S/14", "hub: facebook/dinov2-small", "model.safetensors", "88 MB", "Apache-2.0", "", "--network dinov2_vits14 --backbone; --dinov2", "anomalydino, subspace; KID"},
	{"dinov2_vitb14", "DINOv2 ViT-B/14", "hub: facebook/dinov2-base", "model.safetensors", "346 MB", "Apache-2.0", "", "--network dinov2_vitb14 --backbone", "anomalydino, subspace"},
	{"dinov2_vitl14", "DINOv2 ViT-L/14", "hub: facebook/dinov2-large", "model.safetensors", "1.2 GB", "Apache-2.0", "", "--network dinov2_vitl14 --backbone", "anomalydino, subspace"},
	{"dinov2_vits14_reg", "DINOv2 ViT-S/14 with registers", "hub: facebook/dinov2-with-registers-small", "model.safetensors", "88 MB", "Apache-2.0", "", "--network dinov2_vits14_reg --backbone", "anomalydino, subspace"},
	{"dinov2_vitb14_reg", "DINOv2 ViT-B/14 with registers", "hub: facebook/dinov2-with-registers-base", "model.safetensors", "346 MB", "Apache-2.0", "", "--network dinov2_vitb14_reg --backbone", "anomalydino, subspace"},
	{"dinov2_vitl14_reg", "DINOv2 ViT-L/14 with registers", "hub: facebook/dinov2-with-registers-large", "model.safetensors", "1.2 GB", "Apache-2.0", "", "--network dinov2_vitl14_reg --backbone", "anomalydino, subspace"},
	{"", "CLIP ViT-L/14 at 336", "hub: openai/clip-vit-large-patch14-336", "the directory, with config.json and model.safetensors", "1.7 GB", "MIT", "", "--clip", "CMMD as published"},
	{"", "CLIP ViT-B-16-plus-240, laion400m_e31", "hub: timm/vit_base_patch16_plus_clip_240.laion400m_e31", "the directory, with open_clip_config.json and open_clip_model.safetensors", "834 MB", "MIT", "", "--clip", "winclip, promptad; CMMD"},
	{"", "CLIP ViT-L/14", "hub: openai/clip-vit-large-patch14", "the directory, with config.json and model.safetensors", "1.7 GB", "MIT", "", "--clip", "CMMD(L/14)"},
	{"wide_resnet50_2", "Wide ResNet-50-2 of torchvision", "hub: timm/wide_resnet50_2.tv_in1k", "model.safetensors", "276 MB", "BSD-3-Clause", "", "--network wide_resnet50_2 --backbone", "patchcore, padim, probe"},
	{"resnet18", "ResNet-18 of torchvision", "hub: timm/resnet18.tv_in1k", "model.safetensors", "47 MB", "BSD-3-Clause", "", "--network resnet18 --backbone", "padim, patchcore, probe"},
	{"vgg16", "VGG16 of torchvision", "hub: timm/vgg16.tv_in1k", "model.safetensors", "553 MB", "BSD-3-Clause", "", "--vgg16", "IC-LPIPS"},
	{"inception_v3_fidelity", "Inception v3 of 2015", "release v0.2.0 of toshas/torch-fidelity", "weights-inception-2015-12-05-6726825d.pth", "96 MB", "Apache-2.0", "6726825d", "--inception", "IS, FID; KID"},
}

// run prints the table, or what files are.
func (w *Weights) run(ctx context.Context) error {
	if len(w.Files) == 0 {
		w.table()
		return nil
	}
	var failed []error
	for _, path := range w.Files {
		text, err := lookAtWeights(ctx, path)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		fmt.Println(text)
	}
	return errors.Join(failed...)
}

func (w *Weights) table() {
	t := show.NewTable(os.Stdout)
	t.Row("network", "where", "file", "size", "licence", "SHA-256", "flags", "for")
	t.Row("---", "---", "---", "---:", "---", "---", "---", "---")
	t.Row("EfficientNet-Lite0", "comes with the program", "", "9 MB", "Apache-2.0", "", "none", "patchcore, padim, anomalydino, probe; Lite0-KID")
	for _, a := range weights {
		hash := a.sha256
		if hash == "" {
			hash = "not known here"
		} else {
			hash += "…, by its name"
		}
		t.Row(a.title, a.where, a.file, a.size, a.licence, hash, a.flags, a.serves)
	}
	t.Flush()
	fmt.Println("\nFlags take what is of the hub by its name, such as --dinov2 facebook/dinov2-small, and fetch it once they have said how large it is and you agree; with --yes they do not ask. 'evaluate weights FILE…' says what a file is, and its SHA-256; results have it, too.")
	fmt.Println("Care: timm's default weights of ResNets are of another training than torchvision's (tv_in1k); open_clip's laion400m_e32 has the address of laion400m_e31.")
}

// lookAtWeights says what a file or directory is.
func lookAtWeights(ctx context.Context, path string) (string, error) {
	if info, err := os.Stat(path); err != nil {
		return "", err
	} else if info.IsDir() && !isFile(filepath.Join(path, "model.safetensors")) || isFile(filepath.Join(path, "open_clip_config.json")) {
		return lookAtCLIP(ctx, path)
	}
	var wrong []error
	for _, name := range vision.Names() {
		f, err := vision.Open(ctx, name, path)
		if err == nil {
			defer f.Close()
			return fmt.Sprintf("%s: %s (SHA-256 %s%s); %s", path, titleOf(name), f.SHA256, unlikePublished(name, f.SHA256), flagsOf(name)), nil
		}
		if wrong = append(wrong, err); ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
	if text, err := lookAtCLIP(ctx, path); err == nil {
		return text, nil
	}
	return "", notKnown(path, wrong)
}

// unlikePublished says so of a file of a network whose published hash is known, and another.
func unlikePublished(network, hash string) string {
	for _, a := range weights {
		if a.network == network && !strings.HasPrefix(hash, a.sha256) {
			return fmt.Sprintf(", which is not the published file's: that begins with %s", a.sha256)
		}
	}
	return ""
}

// notKnown is the error about a file that no network of vision.Names can read: what is wrong with it for all of them, or
// that it is of none.
func notKnown(path string, wrong []error) error {
	for _, err := range wrong {
		if err.Error() != wrong[0].Error() { // it can be read
			return fmt.Errorf("%s has weights of none of %s, and is no model of CLIP's: its tensors have other names or shapes", path, strings.Join(vision.Names(), ", "))
		}
	}
	return wrong[0]
}

func lookAtCLIP(ctx context.Context, path string) (string, error) {
	f, err := clip.Open(ctx, path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	v := f.Config.Vision
	text := fmt.Sprintf("%s: a CLIP of pictures of %d×%d in patches of %d, %d shared dimensions (SHA-256 %s); --clip", path, v.ImageSize, v.ImageSize, v.PatchSize, f.Config.ProjectionDim, f.SHA256)
	if f.Tokenizer == nil {
		text += ", for pictures alone: it has no tokenizer"
	}
	return text, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// titleOf is what a network of vision.Names is called.
func titleOf(network string) string {
	for _, a := range weights {
		if a.network == network {
			return a.title
		}
	}
	return network
}

// flagsOf are those that take a network's file.
func flagsOf(network string) string {
	for _, a := range weights {
		if a.network == network {
			return a.flags
		}
	}
	return "--backbone, with --network lite0"
}

// leftOut is the line about a metric that wants the weights of a network, "" for a CLIP, and has none.
func leftOut(what, network string) string {
	for _, a := range weights {
		if a.network == network {
			return fmt.Sprintf("%s is left out: it wants %s of %s (%s, %s, %s; %s)", what, a.file, a.title, a.where, a.size, a.licence, a.flags)
		}
	}
	return what + " is left out"
}
