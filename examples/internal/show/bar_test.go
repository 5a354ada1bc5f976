package show

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestStatusWithin leaves out what a person needs least.
func TestStatusWithin(t *testing.T) {
	s := status{lead: "seed 7, ", count: "step 3 of 25: ", detail: "L_att 0.500, L_img 1.000", left: "2m3s left"}
	const whole = "seed 7, step 3 of 25: L_att 0.500, L_img 1.000, 2m3s left"
	if s.String() != whole {
		t.Errorf("all of it is %q", s)
	}
	for room, want := range map[int]string{
		99: whole, 57: whole, 56: "step 3 of 25: L_att 0.500, L_img 1.000, 2m3s left", 49: "step 3 of 25: L_att 0.500, L_img 1.000, 2m3s left",
		48: "step 3 of 25: L_img 1.000, 2m3s left", 35: "step 3 of 25: 2m3s left", 22: "2m3s left", 9: "2m3s left", 8: "", 0: "",
	} {
		if got := s.within(room); got != want {
			t.Errorf("%d columns: %q, want %q", room, got, want)
		}
	}
	for want, s := range map[string]status{
		"3 of 10 pictures, 1s left": {count: "3 of 10 pictures, ", left: "1s left"},
		"0 of 10 pictures":          {count: "0 of 10 pictures, "},
		"step 0 of 3":               {count: "step 0 of 3: "},
	} {
		if s.String() != want {
			t.Errorf("%q, want %q", s, want)
		}
	}
	if got := (status{count: "ナット 3: ", left: "noch 3 Sekunden"}).within(24); got != "noch 3 Sekunden" {
		t.Errorf("wide letters count once: %q", got)
	}
}

// TestBar shows what there is to say and the share, and in the end nothing.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := bar{out: &out}
	b.set(0.3, status{count: "a long status"})
	if got, want := shows(out.String()), "a long status  30% |██████              |"; got != want {
		t.Errorf("the terminal shows %q, want %q", got, want)
	}
	b.set(0.4, status{count: "short"})
	if got, want := shows(out.String()), "short  40% |████████            |"; got != want {
		t.Errorf("the terminal shows %q, want %q", got, want)
	}
	b.clear()
	if got := shows(out.String()); got != "" {
		t.Errorf("%q is left of a bar that was taken away", got)
	}
	b.set(0.5, status{count: "again"})
	if got, want := shows(out.String()), "again  50% |██████████          |"; got != want {
		t.Errorf("the terminal shows %q, want %q", got, want)
	}
	b.set(1, status{})
	if got := shows(out.String()); got != "" {
		t.Errorf("%q is left of a bar that is full", got)
	}
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
	b := bar{out: tty}
	for _, columns := range []int{100, 63, 40, 20, 8, 3, 1} {
		resize(columns)
		read(b.clear) // what the wider one showed
		for i := range 25 {
			s := status{"seed 7, ", fmt.Sprintf("step %d of 25: ", i), "L_att 0.500, L_img 1.000, L_prompt 1.000", "12h3m14s left"}
			got := read(func() { b.set(float64(i)/25, s) })
			for line := range strings.SplitSeq(escape.ReplaceAllString(got, ""), "\r") {
				line = strings.TrimRight(line, " ")
				if n := utf8.RuneCountInString(line); n >= columns || strings.Contains(line, "\n") {
					t.Fatalf("%d columns: %q has %d characters", columns, line, n)
				}
			}
		}
	}
	resize(0) // it does not say
	if got := read(func() { b.set(0.04, status{count: "step 1 of 25"}) }); !strings.Contains(got, "step 1 of 25   4% |") {
		t.Errorf("a terminal that does not know its width shows %q", got)
	}
}

func TestIsTerminal(t *testing.T) {
	tty, _, _ := open(t)
	t.Setenv("TERM", "xterm")
	if !IsTerminal(tty) {
		t.Error("a terminal is none")
	}
	t.Setenv("TERM", "dumb")
	if IsTerminal(tty) {
		t.Error("lines are written over on a dumb terminal")
	}
	t.Setenv("TERM", "xterm")
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if IsTerminal(f) || IsTerminal(new(bytes.Buffer)) {
		t.Error("a file or a buffer is a terminal")
	}
}
