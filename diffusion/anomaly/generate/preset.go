package generate

// Preset says whose faults a method has.
type Preset string

const (
	// Mended is a method without the faults of the released code that each method's options name. A picture in which
	// nothing changed is drawn anew, and at last an anomaly.ErrNothingChanged.
	Mended Preset = "mended"
	// Released computes what the authors' code does, faults included: a picture in which nothing changed is returned
	// with an empty mask.
	Released Preset = "released"
)

func (p Preset) check() error {
	if p != Mended && p != Released {
		return wrong("the preset is %.20q, want %s or %s", string(p), Mended, Released)
	}
	return nil
}

// Attempts is how often Mended draws a picture anew in which nothing changed, unless options say otherwise.
const Attempts = 10

func checkAttempts(n int) error { return within("attempts", float64(n), 1, 10_000) }
