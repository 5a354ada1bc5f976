package terminal

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	const status = "L_att 0.500, L_img 1.000, 2m3s left"
	for _, c := range []struct {
		status string
		room   int
		want   string
	}{
		{status, 79, "L_att 0.500, L_img 1.000, 2m3s left  30% |██████              | (3/10)"},
		{status, 60, "L_att 0.500, L_img 1.000, 2m3s left  30% |███       | (3/10)"},
		{status, 55, "L_att 0.500, L_img 1.000, 2m3s left  30% |█    | (3/10)"},
		{status, 54, "L_img 1.000, 2m3s left  30% |█████            | (3/10)"},
		{status, 30, "2m3s left  30% |█     | (3/10)"},
		{status, 27, "30% |████          | (3/10)"},
		{"", 79, "30% |██████              | (3/10)"},
		{"", 18, "30% |█    | (3/10)"},
		{"", 17, "30% (3/10)"},
		{status, 9, "30%"},
		{status, 3, "30%"},
		{status, 2, ""},
		{status, -1, ""},
	} {
		b := Bar{Total: 10}
		if got := b.line(3, c.status, c.room); got != c.want {
			t.Errorf("%d columns: %q, want %q", c.room, got, c.want)
		}
	}
	for total, want := range map[int]string{0: "100% |████████████████████| (0/0)", 3: "0% |                    | (0/3)"} {
		b := Bar{Total: total}
		if got := b.line(0, "", 79); got != want {
			t.Errorf("none of %d: %q, want %q", total, got, want)
		}
	}
	b := Bar{Total: 10, Uncounted: true}
	if got, want := b.line(10, "done", 79), "done 100% |████████████████████|"; got != want {
		t.Errorf("without numbers: %q, want %q", got, want)
	}
}

// TestReplaces: a shorter line leaves nothing of a longer one, and the end
// nothing at all.
func TestReplaces(t *testing.T) {
	var out bytes.Buffer
	b := Bar{Out: &out, Total: 2}
	b.Set(1, "a long status")
	b.Set(1, "short")
	b.End()
	if got := shows(out.String()); got != "" {
		t.Errorf("%q is left of the bar", got)
	}
	out.Reset()
	b.Set(1, "a long status")
	b.Set(2, "short")
	if got, want := strings.TrimRight(shows(out.String()), " "), "short 100% |████████████████████| (2/2)"; got != want {
		t.Errorf("the terminal shows %q, want %q", got, want)
	}
}

// shows is what is on the line of a terminal after it was written to; spaces
// at its end are nothing.
func shows(written string) string {
	var line []rune
	at := 0
	for _, r := range written {
		if r == '\r' {
			at = 0
			continue
		}
		line = append(line[:at], append([]rune{r}, line[min(at+1, len(line)):]...)...)
		at++
	}
	return strings.TrimRight(string(line), " ")
}

// TestWidth follows a terminal that is made narrower.
func TestWidth(t *testing.T) {
	tty, resize, read := open(t)
	b := Bar{Out: tty, Total: 25}
	for _, columns := range []int{100, 63, 40, 20, 8, 3, 1} {
		resize(columns)
		read(func() { b.End() }) // what the wider one showed
		for i := range 26 {
			got := read(func() { b.Set(i, "L_att 0.500, L_img 1.000, L_prompt 1.000, 12h3m14s left") })
			for line := range strings.SplitSeq(got, "\r") {
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
