// Package terminal shows on one line of a terminal how far work has got.
package terminal

import (
	"io"
	"os"
	"strings"

	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Is tells whether a line in f can be written over. In a file or a pipe it
// cannot, nor on a terminal that TERM calls dumb.
func Is(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// Bar is a bar with a status before it, on a line that is written again and again
// and never becomes longer than the terminal is wide: what does not fit is left
// out. It is gone once all steps are done. A progress that cannot be written is
// no reason to stop, so there are no errors. A Bar is not safe for concurrent use.
type Bar struct {
	Out       io.Writer // a terminal
	Total     int       // steps
	Uncounted bool      // leaves "(3/25)" out, behind the bar

	bar *progressbar.ProgressBar // nil before the first Set
}

// In characters.
const (
	usualWidth  = 80 // of what does not say how wide it is
	longestBar  = 20
	shortestBar = 2
	around      = len("100% || ") + len("(1000/1000) ") // what stands around the bar at most
)

// Set shows that done steps are done, and a status whose pieces are separated by
// commas: the first ones are left out first.
func (b *Bar) Set(done int, status string) {
	width, least := b.width()
	room := width - 1 - around - least
	if room < 0 {
		return
	}
	if b.bar == nil {
		options := []progressbar.Option{
			progressbar.OptionSetWriter(b.Out), progressbar.OptionSetWidth(longestBar), progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(),
		}
		if !b.Uncounted {
			options = append(options, progressbar.OptionShowCount())
		}
		b.bar = progressbar.NewOptions(max(b.Total, 1), options...)
	}
	b.bar.Describe(shortened(status, room))
	b.bar.Set(min(done, max(b.Total, 1)))
}

// End takes the bar away.
func (b *Bar) End() {
	if b.bar != nil {
		b.bar.Clear()
	}
}

// width is that of the terminal just now, and what the bar is at least: progressbar
// shortens it where the terminal says how wide it is, and only there.
func (b *Bar) width() (width, least int) {
	if f, ok := b.Out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width, shortestBar
		}
	}
	return usualWidth, longestBar
}

// shortened is a status without as many of its first pieces as do not fit.
func shortened(status string, room int) string {
	for uniseg.StringWidth(status) > room {
		_, status, _ = strings.Cut(status, ", ")
	}
	return status
}
