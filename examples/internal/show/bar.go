package show

import (
	"io"
	"math"
	"os"
	"strings"

	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar is how far work has got, on one line of a terminal that is written again
// and again and never becomes longer than the terminal is wide: what does not fit
// is left out. It is gone once all work is done. A bar that cannot be written is
// no reason to stop, so there are no errors.
type bar struct {
	out io.Writer
	of  *progressbar.ProgressBar // nil while nothing is shown
}

// In characters.
const (
	usualWidth  = 80 // of what does not say how wide it is
	longestBar  = 20
	shortestBar = 2
	around      = len("100% || ") // what stands around the bar
)

// barUnits is the whole of the work.
const barUnits = 1000

// set shows that a share of the work is done, and what there is to say of it.
func (b *bar) set(share float64, s status) {
	width, least := b.width()
	room := width - 1 - around - least
	if room < 0 {
		return
	}
	if b.of == nil {
		b.of = progressbar.NewOptions(barUnits,
			progressbar.OptionSetWriter(b.out), progressbar.OptionSetWidth(longestBar), progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
	}
	b.of.Describe(s.within(room))
	b.of.Set(min(int(math.Round(share*barUnits)), barUnits))
}

// clear takes the bar away, until it is set again.
func (b *bar) clear() {
	if b.of != nil {
		b.of.Clear()
		b.of = nil
	}
}

// width is that of the terminal just now, and what the bar is at least: progressbar
// shortens it where the terminal says how wide it is, and only there.
func (b *bar) width() (width, least int) {
	if f, ok := b.out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width, shortestBar
		}
	}
	return usualWidth, longestBar
}

// IsTerminal reports whether a line of out can be written over. In a file or a
// pipe it cannot, nor on a terminal that TERM calls dumb.
func IsTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// status is what there is to say of work.
type status struct {
	lead   string // what it is, such as "seed 7, "
	count  string // how many of its steps are done, such as "step 3 of 25: "
	detail string // what else there is to say, in pieces separated by ", "
	left   string // the time that the rest will take, if it is known
}

// String is all of it.
func (s status) String() string { return s.lead + s.counted() }

// counted is all but the lead.
func (s status) counted() string {
	said := s.detail
	if said != "" && s.left != "" {
		said += ", "
	}
	if said += s.left; said == "" {
		return strings.TrimRight(s.count, ":, ")
	}
	return s.count + said
}

// within is as much of it as room columns hold: the time that is left stays
// longest, then the count.
func (s status) within(room int) string {
	fits := func(text string) bool { return uniseg.StringWidth(text) <= room }
	if fits(s.String()) {
		return s.String()
	}
	for !fits(s.counted()) && s.detail != "" {
		_, s.detail, _ = strings.Cut(s.detail, ", ")
	}
	for _, text := range []string{s.counted(), s.left} {
		if fits(text) {
			return text
		}
	}
	return ""
}
