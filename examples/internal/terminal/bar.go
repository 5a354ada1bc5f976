// Package terminal shows on one line of a terminal how far work has got.
package terminal

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Is tells whether a line in f can be written over. In a file or a pipe it
// cannot, nor on a terminal that TERM calls dumb.
func Is(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// Bar is a bar with a status before it, on a line that is written again and again
// and never becomes longer than the terminal is wide: what does not fit is left
// out. A progress that cannot be written is no reason to stop, so there are no
// errors. A Bar is not safe for concurrent use.
type Bar struct {
	Out       io.Writer // a terminal
	Total     int       // steps; of 0 the bar is full
	Uncounted bool      // leaves "(3/25)" out, behind the bar

	shown int // characters of the line
}

// In characters.
const (
	usualWidth  = 80 // of what does not say how wide it is
	longestBar  = 20
	shortestBar = 5
)

// Set shows that done steps are done, and a status whose pieces are separated by
// commas: the first ones are left out first.
func (b *Bar) Set(done int, status string) { b.write(b.line(done, status, b.width()-1)) }

// End takes the bar away.
func (b *Bar) End() {
	if b.shown > 0 {
		b.write("")
		fmt.Fprint(b.Out, "\r")
	}
}

// width is that of the terminal just now.
func (b *Bar) width() int {
	if f, ok := b.Out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return usualWidth
}

// line is what to show in at most room characters. The last column stays free,
// since some terminals begin a new line once it is written to.
func (b *Bar) line(done int, status string, room int) string {
	count := ""
	if !b.Uncounted {
		count = fmt.Sprintf(" (%d/%d)", done, b.Total)
	}
	part := 1.0
	if done < b.Total {
		part = float64(done) / float64(b.Total)
	}
	share := fmt.Sprintf("%3.0f%%", math.Floor(100*part))
	for {
		before := strings.TrimLeft(status+" "+share, " ")
		if cells := min(room-utf8.RuneCountInString(before+" ||"+count), longestBar); cells >= shortestBar {
			full := int(float64(cells) * part)
			return before + " |" + strings.Repeat("█", full) + strings.Repeat(" ", cells-full) + "|" + count
		}
		if status == "" {
			break
		}
		_, status, _ = strings.Cut(status, ", ")
	}
	for _, short := range []string{share + count, share} {
		if short = strings.TrimLeft(short, " "); len(short) <= room {
			return short
		}
	}
	return ""
}

// write replaces the line.
func (b *Bar) write(line string) {
	length := utf8.RuneCountInString(line)
	rest := max(0, min(b.shown, b.width()-1)-length)
	fmt.Fprint(b.Out, "\r"+line+strings.Repeat(" ", rest))
	b.shown = length
}
