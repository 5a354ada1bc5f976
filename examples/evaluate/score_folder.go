package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// scoreFolder is where the files of scored pictures go: a folder beside its place, which it takes when all are there.
type scoreFolder struct {
	out, temporary string // empty where nothing is to be written
	names          map[string]string
	scale          *heatScale // of heat pictures; nil for that of all maps

	all  heatScale // of the maps so far
	kept int
}

// newScoreFolder refuses a place where something is: nothing is written over.
func newScoreFolder(out string, paths []string) (*scoreFolder, error) {
	if out == "" {
		return &scoreFolder{}, nil
	}
	f := &scoreFolder{out: filepath.Clean(out), names: scoreNames(paths)}
	if _, err := os.Lstat(f.out); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("--out: %s is there: name a folder that is not, nothing is written over", out), err)
	}
	parent := filepath.Dir(f.out)
	if err := files.MakeWritable(parent); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	t, err := tensor.CreateTemporary(parent)
	if err != nil {
		return nil, err
	}
	f.temporary = t.Name()
	return f, errors.Join(t.Close(), os.Remove(f.temporary), os.Mkdir(f.temporary, 0o777))
}

// discard removes what has not got its place.
func (f *scoreFolder) discard() {
	if f.temporary != "" {
		os.RemoveAll(f.temporary)
	}
}

// scoreNames are the names of pictures' files, without endings: those of the pictures, with a number behind the ones that
// were there before, be it in capitals.
func scoreNames(paths []string) map[string]string {
	names, taken := map[string]string{}, map[string]bool{}
	for _, path := range paths {
		base := filepath.Base(path)
		base = strings.TrimSuffix(base, filepath.Ext(base))
		name := base
		for i := 2; taken[strings.ToLower(name)]; i++ {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		taken[strings.ToLower(name)], names[path] = true, name
	}
	return names
}

// keep writes a picture's map, and names its files.
func (f *scoreFolder) keep(p *Scored, m anomaly.Map) error {
	if f.out == "" {
		return nil
	}
	f.all = f.all.with(m, f.kept == 0)
	f.kept++
	name := f.names[p.Picture]
	p.Map, p.Heat = name+".npy", name+"-heat.png"
	return files.Write(filepath.Join(f.temporary, p.Map), encodeNPY(m))
}

// finish draws the heat pictures, now that the numbers of all maps are known, writes scores.json, and gives the folder its
// name.
func (f *scoreFolder) finish(ctx context.Context, r *ScoreReport) error {
	if f.out == "" {
		return nil
	}
	if r.Heat = &f.all; f.scale != nil {
		r.Heat = f.scale
	}
	for _, p := range r.Pictures {
		if err := f.heat(ctx, p, *r.Heat); err != nil {
			return fmt.Errorf("%s: %w", p.Picture, err)
		}
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = files.Write(filepath.Join(f.temporary, "scores.json"), append(data, '\n'))
	}
	if err != nil {
		return err
	}
	if err := os.Rename(f.temporary, f.out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	f.temporary = ""
	if err := tensor.SyncDir(filepath.Dir(f.out)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stderr, "%s: heat pictures are black at %.6g and light yellow at %.6g\n", f.out, r.Heat.Black, r.Heat.Yellow)
	return err
}

// heat draws a heat picture of the map that was written.
func (f *scoreFolder) heat(ctx context.Context, p Scored, scale heatScale) error {
	picture, err := images.Read(ctx, p.Picture)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(f.temporary, p.Map))
	if err != nil {
		return err
	}
	m := anomaly.Map{Width: picture.Rect.Dx(), Height: picture.Rect.Dy()}
	m.Values = make([]float32, m.Width*m.Height)
	if n := len(data) - 4*len(m.Values); n < 0 {
		return errors.New("the picture was replaced by a larger one while it was scored")
	} else if _, err := binary.Decode(data[n:], binary.LittleEndian, m.Values); err != nil {
		return err
	}
	heat, err := scale.over(picture, m)
	if err != nil {
		return err
	}
	if data, err = images.EncodePNG(heat, nil); err != nil {
		return err
	}
	return files.Write(filepath.Join(f.temporary, p.Heat), data)
}
