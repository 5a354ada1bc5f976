package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// DataSet is the part of a Series that makes data sets of a folder's pictures.
type DataSet struct {
	Layout    []string `group:"data" placeholder:"NAME" help:"Make a data set of all usable pictures of the folder and their photographs, in DIR/dataset-NAME: mvtec, anomalib (its Folder), yolo (Ultralytics, boxes and polygons) or coco; several with commas." json:"-"`
	Split     float64  `group:"data" default:"0.8" placeholder:"SHARE" help:"Share of the photographs that are for training in it, 0 to 1; all pictures of a photograph are on one side. In mvtec and anomalib those with defects are for testing alone (default: ${default})." json:"-"`
	SplitSeed uint64   `group:"data" type:"seed" default:"0" help:"Draws which photographs are for training." json:"-"`
}

// check refuses layouts that there are not.
func (s *DataSet) check() error {
	for i, name := range s.Layout {
		if !slices.Contains(dataset.Layouts(), dataset.Layout(name)) {
			return fmt.Errorf("--layout is %.100q, want one of %s", name, strings.Join(layoutNames(), ", "))
		}
		if slices.Contains(s.Layout[:i], name) {
			return fmt.Errorf("--layout has %s twice, want each once", name)
		}
	}
	return cli.Within("--split", s.Split, 0, 1)
}

func layoutNames() (names []string) {
	for _, l := range dataset.Layouts() {
		names = append(names, string(l))
	}
	return names
}

// export makes the data sets that are asked for of what the folder has now,
// whichever runs have made it.
func (s *Spec) export(ctx context.Context) error {
	if len(s.Layout) == 0 {
		return nil
	}
	if err := wantIndex(s.Out); err != nil {
		return err
	}
	d, err := openFolder(Spec{Out: s.Out})
	if err != nil {
		return err
	}
	defer d.Release()
	items, err := d.items(ctx)
	if err != nil {
		return err
	}
	for _, name := range s.Layout {
		dir := d.Path("dataset-" + name)
		o := dataset.Options{Layout: dataset.Layout(name), Train: s.Split, Seed: s.SplitSeed}
		if err := writeDataSet(ctx, dir, items, o); err != nil {
			return fmt.Errorf("--layout %s: %w", name, err)
		}
		if _, err := fmt.Println(dir); err != nil {
			return err
		}
	}
	return nil
}

// writeDataSet writes a data set and says what it has.
func writeDataSet(ctx context.Context, dir string, items []dataset.Entry, o dataset.Options) error {
	if len(items) > 100 { // else it is done at once
		bar := show.NewProgress(ctx, os.Stderr, float64(len(items)))
		bar.Tenths = true
		bar.Begin(fmt.Sprintf("data set %s, ", o.Layout), "%d of %d pictures, ", len(items))
		defer bar.End()
		o.Progress = func(int, int) { bar.Step(1, "") }
	}
	summary, err := dataset.Write(ctx, dir, items, o)
	if err == nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", dir, strings.Join(inWords(summary), "\n"))
	}
	return err
}

// inWords is what a person should know of a data set.
func inWords(s *dataset.Summary) []string {
	side := func(c dataset.Count) string {
		return fmt.Sprintf("%d with defects and %d normal (photographs: %d)", c.Defective, c.Normal, c.Photographs)
	}
	all := []string{fmt.Sprintf("for training %s, for testing %s; defects: %s", side(s.Train), side(s.Test), strings.Join(s.Classes, ", "))}
	if s.Empty > 0 {
		all = append(all, fmt.Sprintf("left out: %s with an empty mask", photos.Counted(s.Empty, "picture")))
	}
	if s.Unused > 0 {
		all = append(all, fmt.Sprintf("left out: %s with defects, of photographs for training, which takes normal pictures alone here; a lower --split leaves out fewer", photos.Counted(s.Unused, "picture")))
	}
	return append(all, s.Notes...)
}

// items are the pictures that are usable, after the photographs which are normal.
func (d *folder) items(ctx context.Context) (items []dataset.Entry, err error) {
	var normal, made []dataset.Entry
	shown := map[string]bool{} // photographs
	for _, e := range d.index.Entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e.unfinished || e.Picture == "" {
			continue
		}
		r, err := readRecordOf(d.Path(e.Name), e.Seed)
		if err != nil {
			return nil, err
		}
		of := dataset.Entry{Part: e.Object, Source: r.Inputs["image"], Photograph: filepath.Base(r.Options.Image)}
		if name := e.Photograph; name != "" && !shown[e.Object+"\x00"+name] && files.Exists(d.Path(name)) {
			shown[e.Object+"\x00"+name] = true
			n := of
			n.Name, n.Read = name, d.reader(name, "")
			normal = append(normal, n)
		}
		if e.Usable() {
			of.Defect, of.Name, of.Prompt, of.Seed, of.Scores = strings.ReplaceAll(e.Anomaly, ", ", " and "), e.Picture, e.Prompt, e.Seed, e.Scores
			of.Read = d.reader(e.Picture, e.Mask)
			made = append(made, of)
		}
	}
	if len(made) == 0 {
		return nil, fmt.Errorf("--layout: none of the %d pictures in %s is usable; 'anomalyany accept NAME --out %s' says which are, whatever their scores", d.index.Pictures, d.dir, d.dir)
	}
	return append(normal, made...), nil
}

// maxPicture is the size of files up to which pictures are read, in bytes; others
// may have put them there.
const maxPicture = 1 << 29

// reader reads a picture of the folder, and its mask if it has one.
func (d *folder) reader(picture, mask string) func(context.Context) ([]byte, *image.Gray, error) {
	return func(ctx context.Context) ([]byte, *image.Gray, error) {
		data, err := files.Read(d.Path(picture), maxPicture)
		if err != nil || mask == "" {
			return data, nil, err
		}
		white, err := images.ReadMask(ctx, d.Path(mask))
		if err != nil {
			return nil, nil, err
		}
		size := white.Bounds().Size()
		m, err := images.FromMap(images.Binary(white), size.Y, size.X)
		return data, m, err
	}
}
