package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/nn"
)

// findings is the file of everything that was measured with one set of options:
// what an interrupted measurement goes on from.
type findings struct {
	folder *folder

	Identity files.Identity      `json:"identity"` // of the options and the model
	Done     map[string]*finding `json:"done"`     // by work.key
}

// readFindings reads the findings of the output directory, if there are any. It
// is an error if they are of other options or of another model.
func readFindings(spec Spec, m *model, d *folder) (*findings, error) {
	hashes, err := m.hashes()
	if err != nil {
		return nil, err
	}
	id, err := (&Provenance{Options: spec, Model: hashes, Texts: m.Texts()}).identity()
	if err != nil {
		return nil, err
	}
	k := &findings{folder: d, Identity: id, Done: map[string]*finding{}}
	path := d.Path(findingsName)
	data, err := files.Read(path, maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, err
	}
	before := findings{}
	if err := nn.UnmarshalJSON(data, &before); err != nil {
		return nil, fmt.Errorf("%s is not a measurement of this program, and would be overwritten: give another --out: %w", path, err)
	}
	if diff := differencesOf(id, before.Identity); len(diff) > 0 {
		return nil, fmt.Errorf("%s was measured with other options; choose another --out. %s", path, diff[0])
	}
	if before.Done != nil {
		k.Done = before.Done
	}
	return k, nil
}

// add keeps what was found, on the disk too.
func (k *findings) add(w work, f *finding) error {
	k.Done[w.key()] = f
	data, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return err
	}
	return k.folder.put(shared{findingsName, append(data, '\n')})
}

// The files of a measurement beside its pictures.
const (
	findingsName = "ablation.json"
	tableName    = "table.md"
	numbersName  = "table.json"
	togetherName = "ablation.png"
)

// check refuses to overwrite what is not of this measurement. An earlier version
// did not write down what was.
func (k *findings) check(all []work) error {
	names := []string{findingsName, tableName, numbersName, togetherName}
	for _, w := range all {
		for i := range w.runs {
			names = append(names, w.pictureName(w.first+uint64(i)))
		}
	}
	held := k.folder.index.Files
	if len(k.Done) > 0 && len(held) == 0 {
		for _, name := range names {
			if h, err := files.HashPlain(k.folder.Path(name)); err == nil {
				held[name] = []string{h}
			}
		}
	}
	return held.Check(k.folder.Folder, names...)
}

// of are the findings of a variant, in the order of the work.
func (k *findings) of(variant string, all []work) []*finding {
	var found []*finding
	for _, w := range all {
		if f := k.Done[w.key()]; f != nil && w.variant.name == variant {
			found = append(found, f)
		}
	}
	return found
}

// faultless are the findings whose drawing, before anything is done to it, has no
// defect in the judge's eyes: of the others it cannot tell what was generated.
func faultless(found []*finding) []*finding {
	var clean []*finding
	for _, f := range found {
		if f.Reference.Normal == "" {
			clean = append(clean, f)
		}
	}
	return clean
}

// summary is a variant's line of the table: means over its pictures.
type summary struct {
	Variant    string   `json:"variant"`
	Pictures   int      `json:"pictures"`
	Named      *float64 `json:"named"` // share in which the judge finds the defect that was asked for
	Found      *float64 `json:"found"` // share in which it finds any
	Outside    *float64 `json:"outside_psnr"`
	Drawn      *float64 `json:"outside_psnr_drawn"`
	IoU        *float64 `json:"iou"`
	AUROC      *float64 `json:"auroc"`
	Area       *float64 `json:"area"`
	Spread     *float64 `json:"spread"`
	SpreadCLIP *float64 `json:"spread_clip"`
}

func summarise(variant string, found []*finding) summary {
	s := summary{Variant: variant}
	var named, any, outside, drawn, iou, auroc, area, spread, clip show.Mean
	for _, f := range found {
		for _, r := range f.Runs {
			s.Pictures++
			named.Count(r.Judge == f.Defect)
			any.Count(r.Judge != "")
			outside.Add(r.Outside)
			drawn.Add(r.OutsideDrawn)
			iou.Add(r.IoU)
			auroc.Add(r.AUROC)
			area.Add(&r.Area)
		}
		spread.Add(f.Spread)
		clip.Add(f.SpreadCLIP)
	}
	s.Named, s.Found, s.Outside, s.Drawn = named.Value(), any.Value(), outside.Value(), drawn.Value()
	s.IoU, s.AUROC, s.Area, s.Spread, s.SpreadCLIP = iou.Value(), auroc.Value(), area.Value(), spread.Value(), clip.Value()
	return s
}

// references is what the table is to be read against: the drawings themselves,
// encoded and decoded.
type references struct {
	Drawings int      `json:"drawings"`
	Named    *float64 `json:"named"`  // share of those with the defect in which the judge finds it
	Alarms   *float64 `json:"alarms"` // share of those without in which it finds any
	PSNR     *float64 `json:"psnr"`   // of those without
	IoU      *float64 `json:"iou"`    // of the judge with the truth
}

func refer(found []*finding) references {
	var named, alarms, psnr, iou show.Mean
	var seen []uint64
	for _, f := range found {
		if slices.Contains(seen, f.Drawing) {
			continue
		}
		seen = append(seen, f.Drawing)
		named.Count(f.Reference.Drawn == f.Defect)
		alarms.Count(f.Reference.Normal != "")
		psnr.Add(show.Number(f.Reference.PSNR))
		iou.Add(f.Reference.IoU)
	}
	return references{len(seen), named.Value(), alarms.Value(), psnr.Value(), iou.Value()}
}
