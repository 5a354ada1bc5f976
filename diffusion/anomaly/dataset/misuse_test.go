package dataset

import (
	"bytes"
	"context"
	"image"
	"io/fs"
	"math"
	"os"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn/nntest"
)

// TestMisuse calls what is exported with arguments that make no sense.
func TestMisuse(t *testing.T) {
	err := func(_ any, err error) error { return err }
	try := func(items []Entry, o Options) func() error {
		return func() error { return err(Write(context.Background(), t.TempDir()+"/set", items, o)) }
	}
	list := func(read reader) []func() error {
		return []func() error{
			func() error { _, _, err := read(nil); return err },
			func() error { _, _, err := read(fstest.MapFS(nil)); return err },
			func() error { _, _, err := read(os.DirFS("")); return err },
		}
	}
	samples := func(root fs.FS, it Item) func() error {
		return func() error {
			for _, err := range Samples(root, []Item{it}) {
				return err
			}
			return nil
		}
	}
	crack := anomaly.Sample{Picture: &image.RGBA{Rect: image.Rect(0, 0, 9, 9)}, Mask: &image.Gray{Rect: image.Rect(0, 0, 9, 9)}, Defect: "crack"}
	nntest.Misuse{
		Refused: map[string][]func() error{
			"MVTecAD": list(MVTecAD), "MPDD": list(MPDD), "BTAD": list(BTAD), "VisA": list(VisA), "Folder": list(Folder),
			"Samples": {samples(nil, Item{}), samples(nil, Item{Picture: "a", Mask: "b", Defect: "c"}), samples(fstest.MapFS(nil), Item{}), samples(os.DirFS("."), Item{Picture: "../a"})},
			"Write": {
				try(nil, Options{}), try(nil, Options{Layout: YOLO}), try([]Entry{{}}, Options{Layout: YOLO}), try([]Entry{{Defect: "x"}}, Options{Layout: YOLO}),
				try(nuts(1), Options{Layout: "png"}), try(nuts(1), Options{Layout: YOLO, Train: math.NaN()}), try(nuts(1), Options{Layout: YOLO, Train: -1}),
				try([]Entry{NewEntry("", "", crack)}, Options{Layout: COCO}), try([]Entry{NewEntry("", "", anomaly.Sample{Defect: "x"})}, Options{Layout: COCO}),
				func() error { return err(Write(context.Background(), "", nuts(1), Options{Layout: YOLO})) },
			},
			"Trace": {
				func() error { return err(Trace(nil)) },
				func() error { return err(Trace(&image.Gray{})) },
				func() error { return err(Trace(&image.Gray{Rect: image.Rect(0, 0, 9, 9)})) },
				func() error {
					return err(Trace(&image.Gray{Rect: image.Rect(math.MinInt, math.MinInt, math.MaxInt, math.MaxInt)}))
				},
			},
		},
		Harmless: map[string][]func(){
			"EmptyMask": {
				func() { EmptyMask(anomaly.Sample{}) }, func() { EmptyMask(anomaly.Sample{Defect: "x"}) },
				func() { EmptyMask(anomaly.Sample{Defect: "x", Mask: &image.Gray{Rect: image.Rect(0, 0, 9, 9)}}) },
			},
			"Layouts":  {func() { Layouts() }},
			"NewEntry": {func() { _, _, _ = NewEntry("", "", anomaly.Sample{}).Read(context.Background()) }},
		},
	}.Check(t)
}

// FuzzProvenance reads what others may have written.
func FuzzProvenance(f *testing.F) {
	f.Add([]byte(`{"format":"`+format+`","layout":"yolo","files_sha256":{"data.yaml":"0"}}`+"\n"+`{"picture":"a"}`), "yolo")
	f.Add([]byte("{}"), "coco")
	f.Fuzz(func(t *testing.T, data []byte, layout string) {
		own, err := decodeOwn(bytes.NewReader(data), Layout(layout))
		if err != nil && own != nil {
			t.Errorf("%v and %v", own, err)
		}
	})
}
