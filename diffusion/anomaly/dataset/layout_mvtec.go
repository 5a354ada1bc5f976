package dataset

// mvtec is MVTec's layout. Readers pair pictures and masks by their places among the sorted names.
type mvtec struct{}

func (mvtec) add(w *writer, it *Entry, c content, l *line) (bool, error) {
	side, class := sideOf(l.Training, "test"), "good"
	if it.Defect != "" {
		if l.Training {
			return false, nil
		}
		class = slug(it.Defect)
	}
	part := partOf(it)
	dir := side + "/" + class
	name := w.number(part + "/" + dir)
	l.Picture = part + "/" + dir + "/" + name + ".png"
	if err := w.put(l.Picture, c.png); err != nil || c.mask == nil {
		return true, err
	}
	l.Mask = part + "/ground_truth/" + class + "/" + name + "_mask.png"
	return true, w.putMask(l.Mask, c.mask)
}

// end makes the folders that readers want to be there, be they empty.
func (mvtec) end(w *writer) error { return w.eachPart("train/good") }

// eachPart makes a folder in that of each part.
func (w *writer) eachPart(dir string) error {
	for _, l := range w.lines {
		if err := w.folder(partOf(l.item) + "/" + dir); err != nil {
			return err
		}
	}
	return nil
}

// partOf is the folder of an entry's part.
func partOf(it *Entry) string {
	if it.Part == "" {
		return "part"
	}
	return slug(it.Part)
}

// sideOf names a side of the split: train, or what the other is called.
func sideOf(training bool, test string) string {
	if training {
		return "train"
	}
	return test
}
