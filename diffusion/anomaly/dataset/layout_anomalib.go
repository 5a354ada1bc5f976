package dataset

// anomalib is the layout of anomalib's Folder: flat, since with folders in folders it may take masks
// for those of other pictures.
type anomalib struct{}

func (anomalib) add(w *writer, it *Entry, c content, l *line) (bool, error) {
	part := partOf(it)
	switch {
	case it.Defect != "" && l.Training:
		return false, nil
	case it.Defect != "":
		class := slug(it.Defect)
		name := class + "-" + w.number(part+"/"+class) + ".png"
		l.Picture, l.Mask = part+"/abnormal/"+name, part+"/mask/"+name
		if err := w.putMask(l.Mask, c.mask); err != nil {
			return true, err
		}
	default:
		dir := part + "/normal"
		if !l.Training {
			dir += "_test"
		}
		l.Picture = dir + "/good-" + w.number(dir) + ".png"
	}
	return true, w.put(l.Picture, c.png)
}

func (anomalib) end(w *writer) error { return w.eachPart("normal") }
