package anomaly

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/sdgraph/sdgraph/nn/nntest"
)

// TestMisuse calls what is exported with arguments that make no sense.
func TestMisuse(t *testing.T) {
	err := func(_ any, err error) error { return err }
	draws := func(call func(d Draws)) []func() {
		return []func(){
			func() { call(NewRecorder(nil)) },
			func() { call(NewPlayer(nil)) },
			func() { call(NewPlayer([]Draw{{}, {Kind: "choice", A: math.NaN(), Chosen: []int{-1}}})) },
		}
	}
	inf := math.Inf(1)
	whole := draws(func(d Draws) { d.Whole(math.MinInt, math.MaxInt); d.Whole(math.MaxInt, math.MinInt) })
	uniform := draws(func(d Draws) {
		d.Uniform(-inf, inf)
		d.Uniform(math.NaN(), 0)
		d.Uniform(-math.MaxFloat64, math.MaxFloat64)
	})
	normal := draws(func(d Draws) { d.Normal(math.NaN(), inf) })
	gamma := draws(func(d Draws) {
		d.Gamma(-inf, inf)
		d.Gamma(inf, inf)
		d.Gamma(5e-324, 1)
		d.Gamma(math.MaxFloat64, 5e-324)
	})
	choose := draws(func(d Draws) { d.Choose(math.MinInt, math.MinInt); d.Choose(math.MaxInt, 1); d.Choose(0, math.MaxInt) })
	nntest.Misuse{
		Refused: map[string][]func() error{
			"Input.Validate": {
				func() error { return Input{}.Validate() },
				func() error { return Input{Normal: &image.RGBA{Rect: image.Rect(0, 0, 99, 99)}}.Validate() },
				func() error {
					return Input{Normal: filled(20, 20, color.Black), Place: &image.Gray{Rect: image.Rect(0, 0, 20, 20)}}.Validate()
				},
			},
			"Stray": {
				func() error { return err(Stray(nil, Sample{})) },
				func() error { return err(Stray(filled(20, 20, color.Black), Sample{})) },
				func() error {
					return err(Stray(filled(20, 20, color.Black), Sample{Picture: filled(20, 20, color.Black), Mask: &image.Gray{Rect: image.Rect(0, 0, 20, 20)}}))
				},
			},
			"Changed": {
				func() error { return err(Changed(nil, nil)) },
				func() error { return err(Changed(filled(20, 20, color.Black), &image.RGBA{})) },
				func() error { return err(Changed(filled(20, 20, color.Black), filled(20, 19, color.Black))) },
			},
			"Map.Validate": {
				func() error { return Map{}.Validate() },
				func() error { return Map{Width: math.MaxInt, Height: math.MaxInt}.Validate() },
				func() error { return Map{Width: -1, Height: -1, Values: make([]float32, 1)}.Validate() },
			},
			"Map.HeatMap": {
				func() error { return err(Map{}.HeatMap(nil)) },
				func() error { return err(Map{Values: make([]float32, 1), Width: 1, Height: 1}.HeatMap(nil)) },
				func() error { return err(Map{Values: make([]float32, 1), Width: 1, Height: 1}.HeatMap(&image.RGBA{})) },
			},
			"NewCanvas": {
				func() error { return err(NewCanvas(nil, nil, 0, 0)) },
				func() error { return err(NewCanvas(filled(20, 20, color.Black), &image.Gray{}, 8, 8)) },
				func() error { return err(NewCanvas(filled(20, 20, color.Black), nil, math.MaxInt, math.MinInt)) },
			},
			"NewWindow": {
				func() error { return err(NewWindow(nil, nil, 0, 0)) },
				func() error {
					return err(NewWindow(filled(20, 20, color.Black), &image.Gray{Rect: image.Rect(0, 0, 20, 20)}, 8, 8))
				},
				func() error {
					return err(NewWindow(filled(20, 20, color.Black), maskOf(20, 20, image.Rect(3, 3, 5, 5)), math.MaxInt, 1))
				},
			},
			"Canvas.WithMask": {
				func() error { return err((*Canvas)(nil).WithMask(nil)) },
				func() error { return err(new(Canvas).WithMask(maskOf(9, 9))) },
				func() error { return err(canvasOf(t, 20, 20, 8).WithMask(nil)) },
				func() error { return err(canvasOf(t, 20, 20, 8).WithMask(maskOf(9, 9))) },
			},
			"Canvas.Around": {
				func() error { return err((*Canvas)(nil).Around(nil)) },
				func() error { return err(new(Canvas).Around(maskOf(9, 9))) },
				func() error { return err(canvasOf(t, 20, 20, 8).Around(nil)) },
			},
			"Canvas.Magnified": {
				func() error { return err((*Canvas)(nil).Magnified(nil, nil)) },
				func() error { return err(new(Canvas).Magnified(filled(20, 20, color.Black), maskOf(20, 20))) },
				func() error { return err(canvasOf(t, 20, 20, 8).Magnified(nil, maskOf(20, 20))) },
				func() error { return err(canvasOf(t, 20, 20, 8).Magnified(filled(20, 20, color.Black), nil)) },
				func() error { return err(canvasOf(t, 20, 20, 8).Magnified(filled(9, 9, color.Black), maskOf(20, 20))) },
				func() error {
					return err(canvasOf(t, 20, 20, 8).Magnified(filled(20, 20, color.Black), maskOf(20, 20)))
				},
			},
			"Canvas.Compose": {
				func() error { _, _, err := (*Canvas)(nil).Compose(nil, Map{}, Map{}); return err },
				func() error { _, _, err := new(Canvas).Compose(nil, Map{}, Map{}); return err },
			},
			"Canvas.Seen": {
				func() error { return err((*Canvas)(nil).Seen(nil)) },
				func() error { return err(new(Canvas).Seen(filled(20, 20, color.Black))) },
				func() error { return err(canvasOf(t, 20, 20, 8).Seen(nil)) },
				func() error { return err(canvasOf(t, 20, 20, 8).Seen(filled(9, 9, color.Black))) },
			},
			"Keep.Validate": {
				func() error { return Keep{Margin: math.NaN()}.Validate() },
				func() error { return Keep{Margin: 2, Feather: 3}.Validate() },
				func() error { return Keep{Margin: inf}.Validate() },
			},
			"Keep.Restore": {
				func() error { return err(Keep{}.Restore(nil, nil, nil)) },
				func() error { return err(Keep{}.Restore(filled(20, 20, red), &image.RGBA{}, nil)) },
				func() error { return err(Keep{}.Restore(filled(20, 20, red), filled(20, 20, red), nil)) },
				func() error {
					return err(Keep{}.Restore(filled(20, 20, red), filled(20, 20, red), &image.Gray{Rect: image.Rect(0, 0, 20, 20)}))
				},
				func() error {
					return err(Keep{Margin: -1}.Restore(filled(20, 20, red), filled(20, 20, red), maskOf(20, 20, image.Rect(1, 1, 2, 2))))
				},
			},
			"Shapes.Draw": {
				func() error { return err(Shapes{}.Draw(NewDraws(0), image.Pt(9, 9), nil)) },
				func() error { return err(DefaultShapes().Draw(nil, image.Pt(9, 9), nil)) },
				func() error { return err(DefaultShapes().Draw(NewDraws(0), image.Pt(math.MaxInt, math.MinInt), nil)) },
				func() error { return err(DefaultShapes().Draw(NewDraws(0), image.Pt(9, 9), &image.Gray{})) },
				func() error {
					return err(DefaultShapes().Draw(NewDraws(0), image.Pt(9, 9), &image.Gray{Rect: image.Rect(0, 0, 9, 9)}))
				},
			},
			"Draw.MarshalJSON":   {func() error { return err(Draw{Value: math.NaN()}.MarshalJSON()) }},
			"Draw.UnmarshalJSON": {func() error { return new(Draw).UnmarshalJSON(nil) }, func() error { return new(Draw).UnmarshalJSON([]byte("[[[[")) }},
			"Player.Err":         {NewPlayer(make([]Draw, 1)).Err},
		},
		Harmless: map[string][]func(){
			"Canvas.Visible":    {func() { (*Canvas)(nil).Visible(); new(Canvas).Visible() }},
			"DefaultKeep":       {func() { _ = DefaultKeep() }},
			"Canvas.Scale":      {func() { (*Canvas)(nil).Scale(); new(Canvas).Scale() }},
			"Canvas.String":     {func() { _ = (*Canvas)(nil).String(); _ = new(Canvas).String() }},
			"Canvas.Input":      {func() { (*Canvas)(nil).Input(); new(Canvas).Input() }},
			"Canvas.Photograph": {func() { (*Canvas)(nil).Photograph(); new(Canvas).Photograph() }},
			"Map.At":            {func() { Map{Width: 9, Height: 9}.At(8, 8); Map{}.At(math.MinInt, math.MaxInt) }},
			"Map.Max":           {func() { Map{}.Max() }},
			"NewDraws":          {func() { NewDraws(math.MaxUint64) }},
			"NewRecorder":       {func() { NewRecorder(nil) }},
			"NewPlayer":         {func() { NewPlayer(nil) }},
			"DefaultShapes":     {func() { DefaultShapes() }},
			"Draw.String":       {func() { _ = Draw{Value: math.NaN()}.String() }},
			"Recorder.Log":      {func() { NewRecorder(nil).Log() }},
			"Recorder.Whole":    whole,
			"Recorder.Uniform":  uniform,
			"Recorder.Normal":   normal,
			"Recorder.Gamma":    gamma,
			"Recorder.Choose":   choose,
			"Player.Whole":      whole,
			"Player.Uniform":    uniform,
			"Player.Normal":     normal,
			"Player.Gamma":      gamma,
			"Player.Choose":     choose,
		},
	}.Check(t)
}
