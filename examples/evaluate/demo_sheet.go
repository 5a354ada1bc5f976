package main

import (
	"fmt"
	"image"
	"image/draw"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// sheet shows what was made for the first draw of references: in a row the first of a part's references, and beside it each
// defect with its mask.
func (s *drawnSet) sheet(made map[wish]anomaly.Sample) ([]byte, error) {
	var rows [][]image.Image
	for _, l := range s.lessons {
		if l.seed != s.lessons[0].seed {
			continue
		}
		for i, p := range s.parts {
			row := []image.Image{show.Grid([][]image.Image{
				{p.train(permutation(l.seed, demoTrain)[0], nil).Picture}, {show.Writing(fmt.Sprintf("%s, %s", p.Name, counted(int(l.shots), "reference")), 1)},
			})}
			for _, w := range l.wishes {
				m, ok := made[w]
				if w.part != i || !ok {
					continue
				}
				mask := image.NewRGBA(m.Picture.Rect)
				draw.Draw(mask, mask.Rect, m.Mask, image.Point{}, draw.Src)
				row = append(row, show.Grid([][]image.Image{{show.SideBySide(m.Picture, mask)}, {show.Writing(m.Defect, 1)}}))
			}
			rows = append(rows, row)
		}
	}
	return images.EncodePNG(show.Grid(rows), nil)
}
