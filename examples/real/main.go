// Command real runs this module on weights and photographs of yours, and writes a report of it that is fit to send in: with
// the weights of Stable Diffusion 1.5, which do not come with the module, what the module computes beside diffusers, and the
// tables of the AnomalyAny paper as far as a data set goes.
//
//	make real MODEL=DIR [CLIP=DIR] [DATA=MVTEC]
//
//	main.go       the flags, and the course
//	model.go      what the weights are; data.go, which photographs there are
//	step.go       a step: done once, kept, left out with a reason or failed with one
//	parity.go     steps: each component beside diffusers, which reference.py runs
//	presets.go    steps: AnomalyAny on one photograph, by the paper and as it was released
//	tables.go     steps: compare and generation of examples/evaluate; detection.go, those of its detection
//	child.go      the programs that do the work: each step has processes of its own, and their memory ends with them
//	report.go     report.json; page.go and page.html.tmpl, report.html
//	private.go    what is of this machine and nobody else's business
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

type options struct {
	Model   string `group:"model" required:"" placeholder:"DIR" help:"Weights of Stable Diffusion 1.x: a directory as diffusers writes it, or owner/name of the Hugging Face hub. A single .safetensors file has no parity, which takes a directory."`
	Clip    string `group:"model" placeholder:"DIR" help:"CLIP directory, as transformers writes it, or owner/name of the hub (default: DIR/clip; with a --model of the hub openai/clip-vit-large-patch14)."`
	cli.Hub `group:"model"`

	Data       string   `group:"data" type:"path" placeholder:"DIR" help:"A data set of photographs (default: none; then there are no tables, and the photograph is a drawing)."`
	Layout     string   `group:"data" default:"mvtec" enum:"mvtec,visa,btad,mpdd,folder" help:"How it lies there: mvtec, visa, btad, mpdd or folder (default: ${default})."`
	Categories []string `group:"data" placeholder:"NAME" help:"Its categories to generate for, with commas (default: the first one: a picture takes minutes). All are judged without generated pictures."`

	Pictures int      `group:"work" default:"4" placeholder:"N" help:"Pictures that each generator makes of a reference (default: ${default})."`
	Seeds    []uint32 `group:"work" default:"0" placeholder:"N" help:"Each draws one reference of each category (default: ${default})."`
	Steps    int      `group:"work" placeholder:"T" help:"Steps of the two presets on one photograph (default: the presets' own; fewer only try this program)."`
	Size     int      `group:"work" placeholder:"PIXELS" help:"And the shorter side of what the model sees there (default: the model's own)."`
	Device   string   `group:"work" default:"cpu" placeholder:"DEVICE" help:"Where to compute: cpu, or a GPU, cuda:0, in programs built with -tags gpu (default: ${default})."`

	Inception    string `group:"weights" type:"path" placeholder:"FILE" help:"Inception v3 of 2015, for 'evaluate generation'; 'evaluate weights' says where all of these are to be had."`
	VGG16        string `group:"weights" name:"vgg16" placeholder:"FILE" help:"VGG16, for IC-LPIPS there."`
	WideResNet50 string `group:"weights" name:"wide-resnet50" placeholder:"FILE" help:"Wide ResNet-50-2, with which PatchCore and PaDiM were published."`
	DINOv2       string `group:"weights" name:"dinov2" placeholder:"PATH" help:"DINOv2 ViT-S/14, for AnomalyDINO, SubspaceAD's score and KID."`
	OpenCLIP     string `group:"weights" name:"openclip" placeholder:"DIR" help:"ViT-B-16-plus-240 of open_clip, for WinCLIP+ and PromptAD."`

	Out           string `group:"run" default:"out/real" placeholder:"DIR" help:"Where the report and all that it is made from go (default: ${default}). The same command again goes on."`
	NoPhotographs bool   `group:"run" help:"Leave pictures out of the report."`
	Python        string `group:"run" placeholder:"FILE" help:"An interpreter with what requirements.txt lists (default: none; then there is no parity)."`
	Reference     string `group:"run" default:"examples/real/reference.py" placeholder:"FILE" help:"What it runs (default: ${default})."`
	Programs      string `group:"run" default:"out/bin" placeholder:"DIR" help:"Where parity, anomalyany and evaluate are, built (default: ${default})."`
}

// Validate is called by kong after parsing.
func (o *options) Validate() error {
	var err error
	if o.Data == "" && len(o.Categories) > 0 {
		err = errors.New("--categories are those of --data DIR, which is missing")
	}
	if len(o.Seeds) == 0 {
		err = errors.New("--seeds names none, want numbers with commas")
	}
	return cmp.Or(err, cli.Within("--pictures", o.Pictures, 1, 1000), cli.Within("--steps", o.Steps, 0, 1000), cli.Within("--size", o.Size, 0, 4096))
}

// flagGroups are those of the flags in the help.
var flagGroups = []kong.Group{
	{Key: "model", Title: "The model:"},
	{Key: "data", Title: "Photographs:"},
	{Key: "work", Title: "How much work:"},
	{Key: "weights", Title: "Further weights:"},
	{Key: "run", Title: "The run:"},
}

func newParser(o *options) cli.Parser {
	return cli.NewParser("real", "Run this module on weights and photographs of yours, and write a report of it to send in.", o, kong.ExplicitGroups(flagGroups))
}

func main() {
	var o options
	cli.Main(newParser(&o), "steps that were done are kept, and the same command goes on", o.run)
}

// run takes all steps, and writes the report after each.
func (o *options) run(ctx context.Context) error {
	if err := o.find(ctx); err != nil {
		return err
	}
	if err := o.absolute(); err != nil {
		return err
	}
	folder, err := files.Hold(o.Out)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer folder.Release()
	r, err := begin(ctx, *o)
	if err != nil {
		return err
	}
	failed := 0
	for i, s := range r.steps {
		if err := r.take(ctx, s, fmt.Sprintf("step %d of %d, %s", i+1, len(r.steps), s.title)); err != nil {
			return err
		}
		if s.State == stateFailed {
			failed++
		}
	}
	fmt.Printf("%s\n%s\n", filepath.Join(o.Out, pageName), filepath.Join(o.Out, reportName))
	if failed > 0 {
		return fmt.Errorf("%d of %d steps failed, which the report says; the same command tries them again", failed, len(r.steps))
	}
	return nil
}

// find finds what is named as on the hub, and fetches what of it is missing, if the user agrees: the programs that do the work
// are told paths.
func (o *options) find(ctx context.Context) error {
	found, err := o.FindWithCLIP(ctx, o.Model, o.Clip)
	if err != nil {
		return err
	}
	o.Model, o.Clip = found[0].Path, found[1].Path
	networks := []*string{&o.VGG16, &o.WideResNet50, &o.DINOv2, &o.OpenCLIP}
	var values []string
	for _, path := range networks {
		values = append(values, *path)
	}
	if found, err = o.Networks().Find(ctx, values...); err != nil {
		return err
	}
	for i, path := range networks {
		*path = found[i].Path
	}
	return nil
}

// absolute makes all paths such as every program finds, and wants those that are given to be there.
func (o *options) absolute() error {
	for _, p := range []struct {
		flag string
		path *string
		must bool
	}{
		{"--model", &o.Model, true}, {"--clip", &o.Clip, true}, {"--data", &o.Data, true}, {"--out", &o.Out, false}, {"--programs", &o.Programs, true},
		{"--python", &o.Python, true}, {"--reference", &o.Reference, false}, {"--inception", &o.Inception, true}, {"--vgg16", &o.VGG16, true},
		{"--wide-resnet50", &o.WideResNet50, true}, {"--dinov2", &o.DINOv2, true}, {"--openclip", &o.OpenCLIP, true},
	} {
		if *p.path == "" {
			continue
		}
		whole := kong.ExpandPath(*p.path)
		if _, err := os.Stat(whole); p.must && err != nil {
			return fmt.Errorf("%s: %w", p.flag, err)
		}
		*p.path = whole
	}
	return nil
}
