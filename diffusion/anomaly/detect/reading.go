package detect

import "fmt"

// Reading is whose implementation of a method is followed where they differ.
type Reading int

// The readings.
const (
	// Official is that of the method's authors (amazon-science/patchcore-inspection fcaa92f); for PaDiM, which has none,
	// the one that others compare with (xiahaifeng1995/PaDiM 616004b). Pictures are resized to 8/7 of the network's side
	// and their middle is seen: 256 and 224 pixels.
	Official Reading = iota
	// Anomalib is anomalib 2.7: the whole picture is squashed into the network's square of 256 pixels.
	Anomalib
)

var readingNames = [...]string{Official: "official", Anomalib: "anomalib"}

func (r Reading) valid() bool { return r >= 0 && int(r) < len(readingNames) }

// String returns the reading's name, "official" or "anomalib".
func (r Reading) String() string {
	if !r.valid() {
		return fmt.Sprintf("Reading(%d)", int(r))
	}
	return readingNames[r]
}

// MarshalText returns the name.
func (r Reading) MarshalText() ([]byte, error) {
	if !r.valid() {
		return nil, wrong("there is no reading %d", int(r))
	}
	return []byte(readingNames[r]), nil
}

// UnmarshalText takes a name; another one is ErrArgument.
func (r *Reading) UnmarshalText(text []byte) error {
	for i, name := range readingNames {
		if r != nil && name == string(text) {
			*r = Reading(i)
			return nil
		}
	}
	return wrong("the reading is %.40q, want official or anomalib", text)
}
