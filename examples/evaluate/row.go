package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// key tells rows apart.
type key struct {
	Category  string `json:"category"`
	Detector  string `json:"detector"`
	Shots     shots  `json:"shots"`
	Seed      uint32 `json:"seed"`
	Generated bool   `json:"generated"` // learnt from generated pictures, too
}

func (k key) String() string {
	text := fmt.Sprintf("%s, %s, %s, seed %d", k.Category, k.Detector, k.Shots.words(), k.Seed)
	if k.Generated {
		text += ", with generated pictures"
	}
	return text
}

// compare is the order of rows in files.
func (k key) compare(l key) int {
	return cmp.Or(cmp.Compare(k.Category, l.Category), cmp.Compare(k.Shots.rank(), l.Shots.rank()),
		cmp.Compare(slices.Index(detectorNames, k.Detector), slices.Index(detectorNames, l.Detector)), cmp.Compare(k.Detector, l.Detector),
		cmp.Compare(k.Seed, l.Seed), compareBool(k.Generated, l.Generated))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// words are for people: "8-shot".
func (s shots) words() string {
	switch s {
	case allShots:
		return "all references"
	case namedShots:
		return "references by name"
	}
	return s.String() + "-shot"
}

// rank is that of a number of shots, all of them last.
func (s shots) rank() int {
	if s.draws() {
		return int(s)
	}
	return mostShots + 1 - int(s)
}

// MarshalText is as the flag has it.
func (s shots) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *shots) UnmarshalText(text []byte) error {
	if string(text) == namedShots.String() {
		*s = namedShots
		return nil
	}
	all, err := parseShots([]string{string(text)})
	if err == nil {
		*s = all[0]
	}
	return err
}

// Row is what came of one detector that learnt from the references of one seed of one category. Figures are fractions.
type Row struct {
	Format int `json:"evaluate"` // rowFormat
	key
	Identity string         `json:"identity"` // of the options: the same for rows that may stand beside each other
	Options  files.Identity `json:"options"`  // all that the row depends on

	References []string `json:"references"` // paths in the data set
	Made       int      `json:"generated_pictures"`
	Others     *int     `json:"generated_of_others"` // of these, made from photographs that are no references; null where that is not known
	Normal     int      `json:"normal"`              // pictures that were judged
	Defective  int      `json:"defective"`
	Empty      int      `json:"empty_masks"` // of the defective ones
	Pixels     int      `json:"pixels"`
	Regions    int      `json:"regions"` // of the masks

	Picture *PictureFigures `json:"picture"` // null where there are no normal ones, or no defective ones
	Pixel   *PixelFigures   `json:"pixel"`   // null where no pixel is defective

	Maps   bool    `json:"maps"` // are written, too
	Scores []Score `json:"scores"`
	Curves Curves  `json:"curves"`

	Seconds Seconds `json:"seconds"`
}

// rowFormat changes when figures come to mean something else.
const rowFormat = 1

// PictureFigures judge the scores of pictures.
type PictureFigures struct {
	AUROC            float64 `json:"auroc"`
	AveragePrecision float64 `json:"average_precision"`
	F1               float64 `json:"f1_max"`
	Threshold        float64 `json:"f1_threshold"`
}

// PixelFigures judge maps.
type PixelFigures struct {
	AUROC            float64 `json:"auroc"`
	AveragePrecision float64 `json:"average_precision"`
	F1               float64 `json:"f1_max"`
	Threshold        float64 `json:"f1_threshold"`
	AUPRO30          float64 `json:"aupro_0.3"`
	AUPRO05          float64 `json:"aupro_0.05"`
}

// Score is that of one picture.
type Score struct {
	Picture   string  `json:"picture"` // its path in the data set
	Score     float64 `json:"score"`
	Defective bool    `json:"defective"`
}

// Curves are for drawing: points that are far enough apart to be seen.
type Curves struct {
	ROC      []Point `json:"roc,omitempty"`       // of pictures
	PixelROC []Point `json:"pixel_roc,omitempty"` // of pixels
	PRO      []Point `json:"pro,omitempty"`       // up to a share of false positives of 0.3
}

// Point is of a curve: [x, y] in JSON.
type Point [2]coordinate

type coordinate float64

// MarshalJSON writes four decimals.
func (c coordinate) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(c), 'g', 4, 64), nil
}

// Seconds are how long it took.
type Seconds struct {
	Fit    float64 `json:"fit"`
	Detect float64 `json:"detect"` // all pictures, waiting for them included
	Judge  float64 `json:"judge"`
}

// metrics are the figures of a row in their order in tables; nil where one is not defined.
var metrics = []struct {
	name, short string
	of          func(r *Row) *float64
}{
	{"picture_auroc", "AUROC", ofPicture(func(p *PictureFigures) *float64 { return &p.AUROC })},
	{"picture_average_precision", "AP", ofPicture(func(p *PictureFigures) *float64 { return &p.AveragePrecision })},
	{"picture_f1_max", "F1", ofPicture(func(p *PictureFigures) *float64 { return &p.F1 })},
	{"pixel_auroc", "pixel AUROC", ofPixel(func(p *PixelFigures) *float64 { return &p.AUROC })},
	{"pixel_average_precision", "AP", ofPixel(func(p *PixelFigures) *float64 { return &p.AveragePrecision })},
	{"pixel_f1_max", "F1", ofPixel(func(p *PixelFigures) *float64 { return &p.F1 })},
	{"aupro_0.3", "AUPRO 0.3", ofPixel(func(p *PixelFigures) *float64 { return &p.AUPRO30 })},
	{"aupro_0.05", "0.05", ofPixel(func(p *PixelFigures) *float64 { return &p.AUPRO05 })},
}

func ofPicture(field func(*PictureFigures) *float64) func(*Row) *float64 {
	return func(r *Row) *float64 {
		if r.Picture == nil {
			return nil
		}
		return field(r.Picture)
	}
}

func ofPixel(field func(*PixelFigures) *float64) func(*Row) *float64 {
	return func(r *Row) *float64 {
		if r.Pixel == nil {
			return nil
		}
		return field(r.Pixel)
	}
}
