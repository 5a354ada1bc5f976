package world

import (
	"fmt"
	"math/rand/v2"
)

// Drawing is one picture with everything that is known about it.
type Drawing struct {
	Subject, Defect string // Defect is empty where nothing is wrong
	Colour          string // of the subject, or empty
	Size            int
	Picture         []byte // Size·Size pixels of three bytes, sRGB
	Mask            []byte // Size·Size, 255 for the defect and 0 elsewhere
	Caption         string // such as "a photo of a hazelnut with a crack on it"
	Detail          string // the same in more words
}

// The parts of a drawing have random numbers of their own, so that a seed gives
// the same subject in the same light with and without a defect.
const (
	subjectStream = iota + 1
	defectStream
	lightStream
	cameraStream
	wordStream
)

// Draw draws a subject of size×size pixels, with a defect where that is not nil.
// Equal arguments give equal drawings.
func Draw(subject Subject, defect *Defect, seed uint64, size int) Drawing {
	return draw(subject, defect, seed, seed, size)
}

// DrawOther draws the subject of a seed in the same light with the defect of another
// one, so that many defects of a kind are seen on the very same subject.
func DrawOther(subject Subject, defect Defect, seed, of uint64, size int) Drawing {
	return draw(subject, &defect, seed, of, size)
}

func draw(subject Subject, defect *Defect, seed, of uint64, size int) Drawing {
	stream := func(part uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, part)) }
	d := Drawing{Subject: subject.Name, Size: size, Mask: make([]byte, size*size)}
	s := NewSurface(2 * size)
	d.Colour = subject.draw(s, stream(subjectStream))
	if defect != nil {
		d.Defect = defect.Name
		d.Mask = reduceMask(defect.apply(s, rand.New(rand.NewPCG(of, defectStream))), size)
	}
	d.Picture = Shade(s, NewLight(stream(lightStream)), stream(cameraStream))
	d.Caption, d.Detail = captions(subject, defect, d.Colour, stream(wordStream))
	return d
}

// reduceMask calls a pixel defective where at least half of its four cells are.
func reduceMask(cells []float32, size int) []byte {
	mask := make([]byte, 0, size*size)
	for y := range size {
		for x := range size {
			i := 4*y*size + 2*x
			v := byte(0)
			if cells[i]+cells[i+1]+cells[i+2*size]+cells[i+2*size+1] >= 2 {
				v = 255
			}
			mask = append(mask, v)
		}
	}
	return mask
}

// captions says what is drawn, as people who use AnomalyAny would: shortly, and
// with the details that its refinement asks for. Half of them name the colour.
func captions(subject Subject, defect *Defect, colour string, r *rand.Rand) (short, detail string) {
	name := subject.Name
	if colour != "" && r.IntN(2) == 0 {
		name = colour + " " + name
	}
	if defect == nil {
		short = Caption(name, "")
		return short, short
	}
	return Caption(name, defect.Name), Caption(name, defect.Detail[r.IntN(len(defect.Detail))])
}

// Caption is the sentence for a subject, and for a defect on it where that is
// not empty, as drawings have it: "a photo of a hazelnut with a crack on it".
func Caption(subject, defect string) string {
	plain := fmt.Sprintf("a photo of %s %s", article(subject), subject)
	if defect == "" {
		return plain
	}
	return fmt.Sprintf("%s with %s %s on it", plain, article(defect), defect)
}

func article(name string) string {
	switch name[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an"
	}
	return "a"
}
