package dataset

import (
	"encoding/json"
	"path"
)

// coco is COCO's layout, with what its two files will have: that of training first.
type coco struct {
	sides [2]instances
}

// instances is a file of annotations.
type instances struct {
	Info        map[string]string `json:"info"`
	Images      []cocoImage       `json:"images"`
	Annotations []annotation      `json:"annotations"`
	Categories  []category        `json:"categories"`
}

type cocoImage struct {
	ID     int    `json:"id"`
	File   string `json:"file_name"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

type annotation struct {
	ID       int     `json:"id"`
	Image    int     `json:"image_id"`
	Category int     `json:"category_id"`
	Polygons [][]int `json:"segmentation"` // x, y, x, y, …
	Area     int     `json:"area"`
	Box      [4]int  `json:"bbox"`
	Crowd    int     `json:"iscrowd"`
}

type category struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Super string `json:"supercategory"`
}

func (f *coco) add(w *writer, it *Entry, c content, l *line) (bool, error) {
	side := &f.sides[1]
	if l.Training {
		side = &f.sides[0]
	}
	l.Picture = w.flat(it, l.Training)
	id := len(side.Images) + 1
	side.Images = append(side.Images, cocoImage{id, path.Base(l.Picture), c.size.X, c.size.Y})
	for _, r := range l.regions {
		var flat []int
		for _, p := range r.Polygon {
			flat = append(flat, p.X, p.Y)
		}
		side.Annotations = append(side.Annotations, annotation{
			ID: len(side.Annotations) + 1, Image: id, Category: w.classes.number(it.Defect) + 1,
			Polygons: [][]int{flat}, Area: r.Area, Box: box(r),
		})
	}
	return true, w.put(l.Picture, c.png)
}

func (f *coco) end(w *writer) error {
	for i, side := range f.sides {
		side.Info = map[string]string{"description": "pictures of generated defects"}
		for n, words := range w.classes.words {
			side.Categories = append(side.Categories, category{n + 1, words, "defect"})
		}
		if side.Images == nil { // lists, be they empty
			side.Images = []cocoImage{}
		}
		if side.Annotations == nil {
			side.Annotations = []annotation{}
		}
		data, err := json.Marshal(side)
		if err != nil {
			return err
		}
		name := sideOf(i == 0, "val")
		if err := w.folder("images/" + name); err != nil {
			return err
		}
		if err := w.put("annotations/instances_"+name+".json", data); err != nil {
			return err
		}
	}
	return nil
}
