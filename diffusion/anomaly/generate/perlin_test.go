package generate

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor"
)

// golden is what other programs compute, of a name in testdata; the make_*.py there say which programs.
type golden struct {
	t    *testing.T
	file *tensor.File
}

// readGolden fills numbers from the JSON file.
func readGolden(t *testing.T, name string, numbers any) golden {
	t.Helper()
	g := golden{t: t}
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, numbers)
	}
	if err == nil {
		g.file, err = tensor.Open(filepath.Join("testdata", name+".safetensors"))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.file.Close() })
	return g
}

func (g golden) floats(name string) []float32 {
	g.t.Helper()
	d, err := g.file.Get(name)
	if err != nil {
		g.t.Fatal(err)
	}
	return tensor.Float32s(d)
}

// turns are draws of the angles of gradients.
func (g golden) turns(name string) *anomaly.Player {
	var log []anomaly.Draw
	for _, u := range g.floats(name) {
		log = append(log, anomaly.Draw{Kind: "uniform", A: 0, B: 1, Value: float64(u)})
	}
	return anomaly.NewPlayer(log)
}

// apart is how far numbers are from each other at most.
func apart(a, b []float32) (most float64) {
	for i := range a {
		most = max(most, math.Abs(float64(a[i])-float64(b[i])))
	}
	return most
}

func TestPerlinIsAnomalibs(t *testing.T) {
	var cases []struct {
		Size, Cells [2]int // height and width
		Every       int    // so many-th rows are there
	}
	g := readGolden(t, "perlin", &cases)
	for i, c := range cases {
		key := fmt.Sprint(i)
		draws := g.turns(key + ".u")
		noise, err := Perlin(draws, image.Pt(c.Size[1], c.Size[0]), image.Pt(c.Cells[1], c.Cells[0]), Cropped)
		if err == nil {
			err = draws.Err()
		}
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		var rows []float32
		for y := 0; y < c.Size[0]; y += c.Every {
			rows = append(rows, noise[y*c.Size[1]:][:c.Size[1]]...)
		}
		want := g.floats(key + ".noise")
		most := apart(rows, want)
		t.Logf("%s: within %.2g", key, most)
		if len(rows) != len(want) || most > 2e-6 {
			t.Errorf("%s: %d numbers, within %g, want %d within 2e-6", key, len(rows), most, len(want))
		}
	}
}

// TestPerlinAtPlaces computes numbers one by one, of cells that lie anyhow.
func TestPerlinAtPlaces(t *testing.T) {
	for _, c := range []struct {
		size, cells image.Point
		grid        PerlinGrid
		over        image.Point
	}{
		{image.Pt(37, 23), image.Pt(5, 3), Stretched, image.Pt(37, 23)},
		{image.Pt(37, 23), image.Pt(5, 3), Cropped, image.Pt(64, 32)},
		{image.Pt(16, 17), image.Pt(32, 1), Cropped, image.Pt(16, 32)},
		{image.Pt(16, 1), image.Pt(1, 32), Stretched, image.Pt(16, 1)},
	} {
		record := anomaly.NewRecorder(anomaly.NewDraws(3))
		noise, err := Perlin(record, c.size, c.cells, c.grid)
		if err != nil {
			t.Fatal(err)
		}
		gradient := func(cx, cy int) (alongY, alongX float64) {
			angle := 2 * math.Pi * record.Log()[cy*(c.cells.X+1)+cx].Value
			return math.Cos(angle), math.Sin(angle)
		}
		fade := func(t float64) float64 { return 6*math.Pow(t, 5) - 15*math.Pow(t, 4) + 10*math.Pow(t, 3) }
		for i, got := range noise {
			py, a := math.Modf(float64(i/c.size.X*c.cells.Y) / float64(c.over.Y))
			px, b := math.Modf(float64(i%c.size.X*c.cells.X) / float64(c.over.X))
			n := func(i, j float64) float64 {
				alongY, alongX := gradient(int(px+j), int(py+i))
				return (a-i)*alongY + (b-j)*alongX
			}
			lerp := func(v, w, t float64) float64 { return v + t*(w-v) }
			want := math.Sqrt2 * lerp(lerp(n(0, 0), n(1, 0), fade(a)), lerp(n(0, 1), n(1, 1), fade(a)), fade(b))
			if math.Abs(float64(got)-want) > 2e-6 {
				t.Fatalf("%v: %g at %d, want %g", c, got, i, want)
			}
		}
	}
}
