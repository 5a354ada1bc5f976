package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// report prints the table in Markdown and writes it, the same as JSON, and a
// picture of some drawings in all variants.
func (k *findings) report(spec Spec, all []work) error {
	var variants []string
	for _, w := range all {
		if !slices.Contains(variants, w.variant.name) {
			variants = append(variants, w.variant.name)
		}
	}
	var lines []summary
	var found []*finding
	for _, v := range variants {
		of := k.of(v, all)
		lines, found = append(lines, summarise(v, faultless(of))), append(found, of...)
	}
	refs := refer(found)
	table := ablationTable(lines, refs)
	numbers, err := json.MarshalIndent(struct {
		Variants   []summary  `json:"variants"`
		References references `json:"references"`
	}{lines, refs}, "", "  ")
	if err != nil {
		return err
	}
	sheet, err := ablationSheet(spec, all)
	if err != nil {
		return err
	}
	picture, err := images.EncodePNG(sheet, nil)
	if err != nil {
		return err
	}
	d := k.folder
	if err := d.put(shared{tableName, []byte(table)}, shared{numbersName, append(numbers, '\n')}, shared{togetherName, picture}); err != nil {
		return err
	}
	_, err = fmt.Printf("%s\n%s\n%s\n%s\n", table, d.Path(tableName), d.Path(numbersName), d.Path(togetherName))
	return err
}

// ablationTable is the lines for people, with what they are to be read against.
func ablationTable(lines []summary, refs references) string {
	var b bytes.Buffer
	t := show.NewTable(&b)
	t.Row("", "pictures", "asked defect found", "any found", "outside, PSNR", "mask IoU", "mask AUROC", "spread", "spread, CLIP")
	t.Row("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
	for _, s := range lines {
		t.Row(s.Variant, fmt.Sprint(s.Pictures), percent(s.Named), percent(s.Found), decimals(1, s.Outside), decimals(2, s.IoU),
			decimals(3, s.AUROC), decimals(3, s.Spread), decimals(3, s.SpreadCLIP))
	}
	t.Flush()
	fmt.Fprintf(&b, "\nOf %d drawings that went through the autoencoder alone, the judge finds the defect in %s of those that have it (IoU with the truth %s) "+
		"and any in %s of the same without it: these drawings are left out of the table. The autoencoder alone has a PSNR of %s dB.\n",
		refs.Drawings, percent(refs.Named), decimals(2, refs.IoU), percent(refs.Alarms), decimals(1, refs.PSNR))
	fmt.Fprintf(&b, "Outside: more than %d pixels from the mask and from what the judge calls defective, compared with the drawing after the autoencoder. "+
		"IoU and AUROC: mask and soft map against the judge, where it finds a defect. "+
		"Spread: between the seeds of one drawing, the mean root of the mean squared difference inside the masks (range 2), and 1 less the cosine in CLIP.\n", margin)
	return b.String()
}

func percent(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100**v)
}

func decimals(n int, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", n, *v)
}

// sheetRows is how many drawings the picture shows.
const sheetRows = 6

// ablationSheet shows drawings of different subjects: each without the defect,
// then the picture of its first seed in every variant.
func ablationSheet(spec Spec, all []work) (*image.RGBA, error) {
	var rows [][]image.Image
	row := map[uint64]int{} // by the drawing
	shown := map[string]bool{}
	for _, w := range all {
		i, ok := row[w.trial.Seed]
		if !ok {
			if shown[w.trial.Subject.Name] || len(rows) == sheetRows {
				continue
			}
			shown[w.trial.Subject.Name] = true
			i, row[w.trial.Seed] = len(rows), len(rows)
			d := w.trial.Normal(spec.Size)
			normal := images.FromBytes(d.Picture, d.Size, d.Size)
			rows = append(rows, []image.Image{show.Labelled(normal, d.Subject+": "+w.trial.Defect.Name)})
		}
		picture, err := images.Read(context.Background(), filepath.Join(spec.Out, w.pictureName(w.first)))
		if err != nil {
			return nil, err
		}
		rows[i] = append(rows[i], show.Labelled(picture, w.variant.name))
	}
	return show.Grid(rows), nil
}
