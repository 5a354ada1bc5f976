package anomaly

import (
	"errors"
	"fmt"
	"image"
	"image/draw"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// Canvas is the photograph that results are put into, and the part of it that
// the model sees: all of it at the model's size (NewCanvas), or a window in the
// photograph as it is (NewWindow). The model is given the Input, and Compose puts
// what it makes of that into the photograph.
type Canvas struct {
	// Paste leaves every pixel outside the mask as it is in the photograph; the seam
	// lies inside the mask. Without it a result is the model's picture, which differs
	// a little everywhere. NewWindow sets it.
	Paste bool

	// Keep leaves every pixel outside the defect as it is in the photograph (default: nil, Paste alone decides).
	// With Paste, too, so does every pixel outside the mask of where the photograph may change; the seam around the
	// defect may lie there otherwise.
	Keep *Keep

	// Colours are those of the photograph, and of the results. Where they are Grey,
	// which NewCanvas and NewWindow find out, results are made grey (images.Desaturate);
	// the profile is for whoever writes them, and changes none.
	Colours images.Colours

	whole *image.RGBA     // what the results are put into
	part  image.Rectangle // of it, what the model sees
	mask  []float32       // of the part: 1 where it may change; nil for everywhere
	input *image.RGBA     // the part at the model's size
	may   []float32       // mask at that size
	fit   string          // what was done
	plan  images.Fit      // of all of the photograph; zero for a window
}

// NewCanvas scales a photograph's shorter side to size, in pixels (0: as it is),
// and crops both sides to multiples of multiple, which a model demands
// (images.FitTo). Results have that size. The mask has the photograph's, and is
// white where it may change; nil is everywhere.
func NewCanvas(photograph *image.RGBA, mask *image.Gray, size, multiple int) (*Canvas, error) {
	whole, white, err := prepared(photograph, mask)
	if err != nil {
		return nil, err
	}
	c := &Canvas{Colours: images.Colours{Grey: images.IsGrey(whole)}}
	if err := c.useAll(whole, white, size, multiple); err != nil {
		return nil, err
	}
	return c, nil
}

// NewWindow leaves a photograph as it is, however large, and chooses a window
// around the white of its mask. The model sees the window's shorter side at size,
// rounded down to multiples of multiple (images.Choose). Results have the
// photograph's size.
func NewWindow(photograph *image.RGBA, mask *image.Gray, size, multiple int) (*Canvas, error) {
	if mask == nil {
		return nil, errors.New("a window is chosen for a mask, and there is none")
	}
	whole, white, err := prepared(photograph, mask)
	if err != nil {
		return nil, err
	}
	c := &Canvas{Paste: true, Colours: images.Colours{Grey: images.IsGrey(whole)}}
	if err := c.useWindow(whole, white, size, multiple); err != nil {
		return nil, err
	}
	return c, nil
}

// prepared are a photograph and its mask, nil if there is none, as package images
// takes them, with their corners at 0, 0.
func prepared(photograph *image.RGBA, mask *image.Gray) (whole, white *image.RGBA, err error) {
	if err := images.Check(photograph); err != nil {
		return nil, nil, fmt.Errorf("the photograph: %w", err)
	}
	if photograph.Rect.Min != (image.Point{}) {
		photograph = images.Cut(photograph, photograph.Rect)
	}
	if mask == nil {
		return photograph, nil, nil
	}
	if err := checkMask(mask, photograph.Rect.Size()); err != nil {
		return nil, nil, err
	}
	return photograph, asPicture(mask), nil
}

// useAll scales the photograph to the model's size: the results have that size.
func (c *Canvas) useAll(photograph, mask *image.RGBA, size, multiple int) error {
	fit, err := images.FitTo(photograph.Bounds().Size(), size, multiple)
	if err != nil {
		return err
	}
	c.fit, c.plan = fit.String(), fit
	if c.whole, err = fit.Picture(photograph); err != nil {
		return err
	}
	c.input, c.part = c.whole, c.whole.Bounds()
	if mask == nil {
		return nil
	}
	if mask, err = fit.Nearest(mask); err != nil {
		return err
	}
	c.mask = images.Binary(mask)
	c.may = c.mask
	return nil
}

// useWindow leaves the photograph as it is and chooses a window for the mask.
func (c *Canvas) useWindow(photograph, mask *image.RGBA, size, multiple int) error {
	w, err := images.Choose(mask, size, multiple)
	if err != nil {
		return err
	}
	return c.see(photograph, mask, w)
}

// see has the model see a window.
func (c *Canvas) see(photograph, mask *image.RGBA, w images.Window) error {
	c.whole, c.part, c.fit = photograph, w.Part, w.String()
	var err error
	if c.input, err = images.StretchTo(w.Part.Size(), w.Size).Picture(images.Cut(photograph, w.Part)); err != nil {
		return err
	}
	return c.mark(images.Cut(mask, w.Part))
}

// mark sets where a window may change.
func (c *Canvas) mark(mask *image.RGBA) error {
	seen, err := images.StretchTo(c.part.Size(), c.input.Rect.Size()).Nearest(mask)
	if err != nil {
		return err
	}
	c.mask, c.may = images.Binary(mask), images.Binary(seen)
	c.closeEdges()
	return nil
}

// closeEdges takes the window's outermost pixels from the mask where the
// photograph goes on, so that a mask which the window cuts has its seam inside.
func (c *Canvas) closeEdges() {
	for i := range c.mask {
		if c.atEdge(i) {
			c.mask[i] = 0
		}
	}
}

// atEdge reports whether a pixel of the part is one of its outermost, beyond which the photograph goes on.
func (c *Canvas) atEdge(i int) bool {
	size, whole := c.part.Size(), c.whole.Bounds()
	x, y := i%size.X, i/size.X
	return x == 0 && c.part.Min.X > 0 || x == size.X-1 && c.part.Max.X < whole.Max.X ||
		y == 0 && c.part.Min.Y > 0 || y == size.Y-1 && c.part.Max.Y < whole.Max.Y
}

// String says what of the photograph the model sees, such as "768×512 at 1200,900
// of 5472×3648, pixel for pixel", and what is special about its colours.
func (c *Canvas) String() string {
	if c == nil {
		return ""
	}
	if colours := c.Colours.String(); colours != "" {
		return c.fit + ", " + colours
	}
	return c.fit
}

// Photograph returns what the results are put into, of their size. It is not to be
// changed.
func (c *Canvas) Photograph() *image.RGBA {
	if c == nil {
		return nil
	}
	return c.whole
}

// Input returns the picture that the model is given, and for each pixel of it, row
// by row, 1 where it may change and 0 elsewhere; nil for everywhere. Neither is to
// be changed.
func (c *Canvas) Input() (picture *image.RGBA, mask []float32) {
	if c == nil {
		return nil, nil
	}
	return c.input, c.may
}

// Compose puts what the model made into the photograph. The picture, its mask, which is at least 0.5 where the
// defect is, and the soft map that says how sure that is, have the Input's size. The sample's mask is white where
// the mask, scaled as the picture is, says so and the photograph may change; the map that is returned is 0 outside
// the window. Of a grey photograph the picture is grey. What needs no change is returned as it was given.
func (c *Canvas) Compose(made *image.RGBA, mask, soft Map) (Sample, Map, error) {
	if err := c.check(made, mask, soft); err != nil {
		return Sample{}, Map{}, err
	}
	if c.Colours.Grey {
		made = images.Desaturate(made)
	}
	if err := c.scale(&made, &mask, &soft); err != nil {
		return Sample{}, Map{}, err
	}
	defect := make([]float32, len(mask.Values))
	for i, v := range mask.Values {
		if v >= 0.5 && (c.mask == nil || c.mask[i] > 0) {
			defect[i] = 1
		}
	}
	made, err := c.put(made, defect)
	if err != nil {
		return Sample{}, Map{}, err
	}
	if whole := c.whole.Bounds(); c.part != whole {
		defect, soft.Values = inside(defect, c.part, whole.Size()), inside(soft.Values, c.part, whole.Size())
		soft.Width, soft.Height = whole.Dx(), whole.Dy()
	}
	grey, err := images.FromMap(defect, soft.Height, soft.Width)
	return Sample{Picture: made, Mask: grey}, soft, err
}

// scale brings what the model made from its size to the part's.
func (c *Canvas) scale(made **image.RGBA, maps ...*Map) (err error) {
	size, part := c.input.Bounds().Size(), c.part.Size()
	if part == size {
		return nil
	}
	if *made, err = images.StretchTo(size, part).Picture(*made); err != nil {
		return err
	}
	for _, m := range maps {
		if m.Values, err = images.ResizeBilinear(m.Values, size.Y, size.X, part.Y, part.X); err != nil {
			return err
		}
		m.Width, m.Height = part.X, part.Y
	}
	return nil
}

// put puts the part's generated picture into the photograph.
func (c *Canvas) put(made *image.RGBA, defect []float32) (*image.RGBA, error) {
	switch {
	case c.Keep != nil:
		part, err := c.Keep.restore(images.Cut(c.whole, c.part), made, defect, c.fixed)
		if err != nil {
			return nil, err
		}
		whole := images.Cut(c.whole, c.whole.Rect)
		draw.Draw(whole, c.part, part, image.Point{}, draw.Src)
		return whole, nil
	case c.mask != nil && (c.Paste || c.part != c.whole.Bounds()):
		return images.Paste(c.whole, c.part, made, c.mask)
	}
	return made, nil
}

// fixed reports whether a pixel of the part stays the photograph's whatever the defect's mask says.
func (c *Canvas) fixed(i int) bool { return c.atEdge(i) || c.Paste && c.mask != nil && c.mask[i] == 0 }

// check is an error if a picture and a map are not of what the model was given.
func (c *Canvas) check(made *image.RGBA, mask, soft Map) error {
	if c == nil || c.whole == nil {
		return errNoCanvas
	}
	if err := images.Check(made); err != nil {
		return fmt.Errorf("the model's picture: %w", err)
	}
	want := c.input.Rect.Size()
	if got := made.Rect.Size(); got != want {
		return fmt.Errorf("the model's picture has %d×%d pixels, and it was given %d×%d", got.X, got.Y, want.X, want.Y)
	}
	for _, m := range []struct {
		what string
		Map
	}{{"mask", mask}, {"soft map", soft}} {
		if err := m.Validate(); err != nil {
			return fmt.Errorf("the %s: %w", m.what, err)
		}
		if got := image.Pt(m.Width, m.Height); got != want {
			return fmt.Errorf("the %s has %d×%d pixels, and the model was given %d×%d", m.what, got.X, got.Y, want.X, want.Y)
		}
	}
	return nil
}

// inside puts a part's map into one of the whole picture, which is 0 elsewhere.
func inside(values []float32, part image.Rectangle, whole image.Point) []float32 {
	out := make([]float32, whole.X*whole.Y)
	w := part.Dx()
	for y := range part.Dy() {
		copy(out[(part.Min.Y+y)*whole.X+part.Min.X:], values[y*w:(y+1)*w])
	}
	return out
}

// Scale returns how many pixels of what the model is given there are to one of the results: 1 but for a window. It is 0
// where there is no photograph.
func (c *Canvas) Scale() float64 {
	if c == nil || c.whole == nil {
		return 0
	}
	return float64(c.input.Rect.Dx()) / float64(c.part.Dx())
}

// Seen returns a picture of the photograph's size as the model would be given it: the Input of the picture in the
// photograph's place.
func (c *Canvas) Seen(picture *image.RGBA) (*image.RGBA, error) {
	if c == nil || c.whole == nil {
		return nil, errNoCanvas
	}
	if err := images.Check(picture); err != nil {
		return nil, err
	}
	if got, want := picture.Rect.Size(), c.whole.Rect.Size(); got != want {
		return nil, fmt.Errorf("the picture has %d×%d pixels, want the photograph's %d×%d", got.X, got.Y, want.X, want.Y)
	}
	part, size := c.part.Add(picture.Rect.Min), c.input.Rect.Size()
	if part == picture.Rect && size == part.Size() {
		return picture, nil
	}
	return images.StretchTo(part.Size(), size).Picture(images.Cut(picture, part))
}
