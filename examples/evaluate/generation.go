package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/kernels"
)

// Generation is the command of that name: generated pictures judged as papers do.
type Generation struct {
	Generated  string   `group:"data" required:"" placeholder:"DIR" help:"Generated pictures with defects: as 'anomalyany --layout mvtec' writes them, CATEGORY/test/DEFECT, or as AnomalyDiffusion does, CATEGORY/DEFECT/image."`
	Real       string   `group:"data" placeholder:"DIR" help:"The data set that they imitate: without it there are no distances from true pictures, and IC-LPIPS is of all pictures of a defect."`
	Layout     string   `group:"data" default:"mvtec" enum:"mvtec,visa,btad,mpdd,folder" help:"How the data set lies there (default: ${default})."`
	Categories []string `group:"data" placeholder:"NAME" help:"Categories to judge, with commas (default: all that are generated)."`
	PerType    int      `group:"data" placeholder:"N" help:"Pictures of each defect, the first ones by their names (default: all)."`

	Metrics   []string `group:"judge" default:"is,iclpips,kid,cmmd" placeholder:"NAME" help:"is, iclpips, kid, cmmd and fid, several with commas; one whose weights are not given is left out, and said so (default: ${default})."`
	Inception string   `group:"judge" placeholder:"FILE" help:"Inception v3 of 2015, torch-fidelity's file, for is, fid and kid. 'evaluate weights' says where all of them are to be had."`
	VGG16     string   `group:"judge" name:"vgg16" placeholder:"FILE" help:"VGG16 of torchvision or timm, for iclpips; timm/vgg16.tv_in1k of the Hugging Face hub, for example."`
	DINOv2    string   `group:"judge" name:"dinov2" placeholder:"FILE" help:"DINOv2 ViT-S/14, a file or directory, or facebook/dinov2-small of the hub, for kid."`
	Clip      string   `group:"judge" placeholder:"DIR" help:"A CLIP, for cmmd; published values are of ViT-L/14 at 336 pixels, openai/clip-vit-large-patch14-336 of the hub."`
	cli.Hub   `group:"judge"`
	Splits    int    `group:"judge" default:"10" placeholder:"N" help:"Splits of inception scores (default: ${default})."`
	Seed      uint32 `group:"judge" default:"2020" placeholder:"N" help:"Of the pictures' order for inception scores and IC-LPIPS, and of intervals (default: ${default})."`
	Pool      string `group:"judge" default:"type" enum:"type,category" help:"What inception scores are of: the pictures of each defect, of which the mean is taken, or of all of a category (default: ${default})."`
	Rule      string `group:"judge" default:"anomalydiffusion" enum:"anomalydiffusion,seas" help:"Whose script IC-LPIPS follows (default: ${default})."`
	Region    string `group:"judge" default:"picture" enum:"picture,mask" help:"What of pictures IC-LPIPS compares: all, or, as SeaS does beside, what is in their masks (default: ${default})."`
	Compat    bool   `group:"judge" help:"KID over torch-fidelity's subsets, too: 100 of 1000 pictures."`

	Out     string `group:"run" default:"out/generation" placeholder:"DIR" help:"Where results and features go (default: ${default})."`
	Shard   string `group:"run" placeholder:"I/N" help:"Look at the pictures of every Nth category alone, from the one of number I on; the same command without it then makes the table."`
	Merge   bool   `group:"run" help:"Make the table of what shards have left in DIR, and say what is missing; nothing is computed by networks."`
	Threads int    `group:"run" placeholder:"N" help:"Threads to compute with (default: one a processor)."`

	shard shard
	open  func(ctx context.Context, g *Generation) ([]*looker, *pairer, error) // what a test has in the place of networks
}

// The metrics of generated pictures.
const (
	metricIS      = "is"
	metricICLPIPS = "iclpips"
	metricKID     = "kid"
	metricCMMD    = "cmmd"
	metricFID     = "fid"
)

var generationMetrics = []string{metricIS, metricICLPIPS, metricKID, metricCMMD, metricFID}

// Validate is called by kong after parsing.
func (g *Generation) Validate() (err error) {
	for _, m := range g.Metrics {
		if !slices.Contains(generationMetrics, m) {
			return fmt.Errorf("--metrics has %.40q, want some of %s%s", m, strings.Join(generationMetrics, ", "), cli.DidYouMean(m, generationMetrics))
		}
	}
	if err := errors.Join(each("--metrics", g.Metrics), each("--categories", g.Categories), cli.Within("--splits", g.Splits, 1, 10_000),
		cli.Within("--per-type", g.PerType, 0, 1_000_000), cli.Within("--threads", g.Threads, 0, 4096)); err != nil {
		return err
	}
	if g.Merge && g.Shard != "" {
		return errors.New("--merge joins all shards: leave --shard out")
	}
	if g.Merge {
		return nil
	}
	g.shard, err = findShard(g.Shard, os.Getenv)
	return err
}

// wants reports whether a metric is asked for.
func (g *Generation) wants(metric string) bool { return slices.Contains(g.Metrics, metric) }

// run looks at all pictures and prints what they are worth.
func (g *Generation) run(ctx context.Context) error {
	if g.Threads > 0 {
		runtime.GOMAXPROCS(g.Threads)
		kernels.SetThreads(g.Threads)
	}
	all, err := g.read(ctx)
	if err != nil {
		return err
	}
	open := g.open
	if open == nil {
		open = openLookers
	}
	lookers, pairs, err := open(ctx, g)
	if err != nil {
		return err
	}
	defer closeLookers(lookers, pairs)
	mine := all
	if g.shard.of > 1 {
		mine = nil
		for i, c := range all {
			if g.shard.has(i) {
				mine = append(mine, c)
			}
		}
	}
	if err := g.look(ctx, mine, lookers, pairs); err != nil {
		return err
	}
	if g.shard.of > 1 {
		fmt.Fprintf(os.Stderr, "the shard is complete; when all shards are, the same command with --merge in place of --shard makes the table\n")
		return nil
	}
	report, err := g.judge(ctx, all, lookers, pairs)
	if err != nil {
		return err
	}
	return g.write(report)
}

// write writes the report and prints its tables.
func (g *Generation) write(r *GenerationReport) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	r.tables(&b)
	path := filepath.Join(g.Out, "table.md")
	if err := files.WriteAll(files.File{Path: filepath.Join(g.Out, "results.json"), Data: append(data, '\n')}, files.File{Path: path, Data: b.Bytes()}); err != nil {
		return err
	}
	_, err = fmt.Printf("%s\n%s\n", b.String(), path)
	return err
}

// rule is that of IC-LPIPS.
func (g *Generation) rule() metric.ClusterRule {
	if g.Rule == metric.SeaSRule.String() {
		return metric.SeaSRule
	}
	return metric.AnomalyDiffusionRule
}
