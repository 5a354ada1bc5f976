package terminal

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestShortened(t *testing.T) {
	const status = "L_att 0.500, L_img 1.000, 2m3s left"
	for room, want := range map[int]string{99: status, 35: status, 34: "L_img 1.000, 2m3s left", 21: "2m3s left", 9: "2m3s left", 8: "", 0: ""} {
		if got := shortened(status, room); got != want {
			t.Errorf("%d columns: %q, want %q", room, got, want)
		}
	}
	if got := shortened("noch 3 Sekunden für ナット", 23); got != "" {
		t.Errorf("wide letters count once: %q", got)
	}
}

// TestBar shows the status, the share and the steps, and in the end nothing.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := Bar{Out: &out, Total: 10}
	b.Set(3, "a long status")
	if got, want := shows(out.String()), "a long status  30% |██████              | (3/10)"; got != want {
		t.Errorf("the terminal shows %q, want %q", got, want)
	}
	b.Set(4, "short")
	if got, want := shows(out.String()), "short  40% |████████            | (4/10)"; got != want {
		t.Errorf("the terminal shows %q, want %q", got, want)
	}
	b.Set(10, "")
	if got := shows(out.String()); got != "" {
		t.Errorf("%q is left of a bar that is full", got)
	}
	out.Reset()
	b = Bar{Out: &out, Total: 10, Uncounted: true}
	b.Set(5, "half")
	if got, want := shows(out.String()), "half  50% |██████████          |"; got != want {
		t.Errorf("the terminal shows %q, want %q", got, want)
	}
	b.End()
	if got := shows(out.String()); got != "" {
		t.Errorf("%q is left of a bar that was taken away", got)
	}
	b = Bar{Out: &out}
	b.Set(0, "nothing to do") // neither a panic nor a division by 0
}

// shows is what is on the line of a terminal after it was written to, with the
// escape sequences that clear a line or its rest; spaces at its end are nothing.
func shows(written string) string {
	var line []rune
	at := 0
	for written != "" {
		if rest, ok := strings.CutPrefix(written, "\x1b[2K"); ok {
			line, written = slices.Repeat([]rune{' '}, len(line)), rest
			continue
		}
		if rest, ok := strings.CutPrefix(written, "\x1b[0K"); ok {
			line, written = line[:at], rest
			continue
		}
		r, size := utf8.DecodeRuneInString(written)
		written = written[size:]
		if r == '\r' {
			at = 0
			continue
		}
		line = append(line[:at], append([]rune{r}, line[min(at+1, len(line)):]...)...)
		at++
	}
	return strings.TrimRight(string(line), " ")
}

// escape is what ends a line or clears it.
var escape = regexp.MustCompile("\x1b\\[[02]K")

// TestWidth follows a terminal that is made narrower.
func TestWidth(t *testing.T) {
	tty, resize, read := open(t)
	b := Bar{Out: tty, Total: 25}
	for _, columns := range []int{100, 63, 40, 20, 8, 3, 1} {
		resize(columns)
		read(func() { b.End() }) // what the wider one showed
		b = Bar{Out: tty, Total: 25}
		for i := range 25 {
			got := read(func() { b.Set(i, "L_att 0.500, L_img 1.000, L_prompt 1.000, 12h3m14s left") })
			for line := range strings.SplitSeq(escape.ReplaceAllString(got, ""), "\r") {
				line = strings.TrimRight(line, " ")
				if n := utf8.RuneCountInString(line); n >= columns || strings.Contains(line, "\n") {
					t.Fatalf("%d columns: %q has %d characters", columns, line, n)
				}
			}
		}
	}
	resize(0) // it does not say
	if got := read(func() { b.Set(1, "") }); !strings.Contains(got, "(1/25)") {
		t.Errorf("a terminal that does not know its width shows %q", got)
	}
}

func TestIs(t *testing.T) {
	tty, _, _ := open(t)
	t.Setenv("TERM", "xterm")
	if !Is(tty) {
		t.Error("a terminal is none")
	}
	t.Setenv("TERM", "dumb")
	if Is(tty) {
		t.Error("lines are written over on a dumb terminal")
	}
	t.Setenv("TERM", "xterm")
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if Is(f) {
		t.Error("a file is a terminal")
	}
}
