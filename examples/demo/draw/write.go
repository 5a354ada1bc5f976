package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// line is what captions.jsonl says of a picture. Mask, Defect and Colour may be
// empty.
type line struct {
	File    string `json:"file"`
	Mask    string `json:"mask"`
	Subject string `json:"subject"`
	Defect  string `json:"defect"`
	Colour  string `json:"colour"`
	Caption string `json:"caption"`
	Detail  string `json:"detail"`
	Unseen  bool   `json:"unseen"` // whether the pair is kept from training
	Seed    uint64 `json:"seed"`
}

// write draws the pictures into a directory, as many at a time as there are
// processors, and then captions.jsonl. It stops when ctx is done.
func write(ctx context.Context, dir string, size int, all []item) error {
	if err := makeFolders(dir, all); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p := show.NewProgress(ctx, os.Stderr, float64(len(all)))
	p.Tenths = true
	p.Begin("", "%d of %d pictures, ", len(all))
	defer p.End()
	lines := make([]line, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(all)) {
		workers.Go(func() {
			for k := range next {
				var err error
				if lines[k], err = drawOne(dir, size, all[k]); err != nil {
					stop(err)
					return
				}
				p.Step(1, "")
			}
		})
	}
	for k := 0; k < len(all) && ctx.Err() == nil; k++ {
		select {
		case next <- k:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return writeCaptions(filepath.Join(dir, captionsName), lines)
}

func makeFolders(dir string, all []item) error {
	made := map[string]bool{}
	for _, it := range all {
		for _, file := range []string{it.file, it.mask} {
			folder := filepath.Join(dir, filepath.Dir(filepath.FromSlash(file)))
			if made[folder] {
				continue
			}
			made[folder] = true
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
	}
	return nil
}

// drawOne draws a picture and writes it, and its mask.
func drawOne(dir string, size int, it item) (line, error) {
	d := world.Draw(it.subject, it.defect, it.seed, size)
	err := writePNG(filepath.Join(dir, filepath.FromSlash(it.file)), images.FromBytes(d.Picture, size, size))
	if err == nil && it.mask != "" {
		mask := &image.Gray{Pix: d.Mask, Stride: size, Rect: image.Rect(0, 0, size, size)}
		err = writePNG(filepath.Join(dir, filepath.FromSlash(it.mask)), mask)
	}
	return line{
		it.file, it.mask, d.Subject, d.Defect, d.Colour, d.Caption, d.Detail,
		world.Unseen(d.Subject, d.Defect), it.seed,
	}, err
}

func writePNG(path string, m image.Image) error {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&b, m); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func writeCaptions(path string, lines []line) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, l := range lines {
		if err = e.Encode(l); err != nil {
			break
		}
	}
	if err == nil {
		_, err = f.Write(b.Bytes())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
