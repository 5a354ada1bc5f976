package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

type someFlags struct {
	Prompt   string
	Image    string
	Words    []string
	Negative string  `empty:""`
	Mask     *string `empty:""`
	Guidance float64
	N        int
	T        []float64
	Paste    bool
	Seed     uint64   `type:"seed" default:"7"`
	Measure  struct{} `cmd:""`
	Make     struct{} `cmd:"" default:"1"`
}

func parse(args ...string) (f someFlags, err error) {
	_, err = NewParser("program", "A program.", &f).Parse(args)
	return f, err
}

func TestValues(t *testing.T) {
	var empty string
	for _, c := range []struct {
		args []string
		want someFlags
	}{
		{nil, someFlags{}},
		{[]string{"--prompt", "-1 degrees", "--n", "-3"}, someFlags{Prompt: "-1 degrees", N: -3}},
		{[]string{"--prompt", "-h o t", "--guidance", "-1"}, someFlags{Prompt: "-h o t", Guidance: -1}},
		{[]string{"--prompt=--paste", "--image", "-"}, someFlags{Prompt: "--paste", Image: "-"}},
		{[]string{"--prompt", "-- a dash", "--paste"}, someFlags{Prompt: "-- a dash", Paste: true}},
		{[]string{"measure", "--prompt", "--5", "--image", "a=b"}, someFlags{Prompt: "--5", Image: "a=b"}},
		{[]string{"--t", "-5,3", "--t", "-1", "--words", "-a,b"}, someFlags{T: []float64{-5, 3, -1}, Words: []string{"-a", "b"}}},
		{[]string{"--negative", "", "--mask="}, someFlags{Mask: &empty}},
	} {
		c.want.Seed = 7
		got, err := parse(c.args...)
		if err != nil || cmp.Diff(c.want, got) != "" {
			t.Errorf("%q: error %v, (-want +got)\n%s", c.args, err, cmp.Diff(c.want, got))
		}
	}
}

func TestWrongValues(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--image --mask m.png", "--image: its value is missing, --mask follows (if that is the value, write --image=--mask)"},
		{"--image --msak=m.png", "--image: its value is missing, --msak=m.png follows"},
		{"--paste --n --paste", "--n: its value is missing, --paste follows"},
		{"--image -h", "--image: its value is missing, -h follows"},
		{"--image --", "--image: its value is missing, -- follows"},
		{"--paste --image", "--image: its value is missing at the end"},
		{"--image=", "--image: its value is empty"},
		{"--prompt= --paste", "--prompt: its value is empty; leave --prompt out"},
		{"--n=", "--n: its value is empty"},
		{"--n 1.5", `--n: expected a valid 64 bit int but got "1.5"`},
		{"--imgae x", "unknown flag --imgae"},
	} {
		_, err := parse(strings.Fields(c.args)...)
		var status kong.ExitCoder
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &status) || status.ExitCode() != 80 {
			t.Errorf("%s: error %v, want one with status 80 and %q", c.args, err, c.want)
		}
	}
}

func TestSeeds(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "010": 10, "18446744073709551615": 1<<64 - 1, "0xff": 255, "0XFFFFFFFFFFFFFFFF": 1<<64 - 1,
	} {
		if f, err := parse("--seed", text); f.Seed != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", text, f.Seed, err, want)
		}
	}
	const want = "seeds are whole numbers from 0 to 18446744073709551615"
	for text, says := range map[string]string{ // what torch.Generator().manual_seed(text).initial_seed() is
		"-1": "torch takes 18446744073709551615 for -1", "-5": "torch takes 18446744073709551611 for -5",
		"-9223372036854775808": "torch takes 9223372036854775808 for",
		"18446744073709551616": want, "-9223372036854775809": want, "1.5": `"1.5"`, "1e3": want, "many": want, "0x": want, "0x-1": want, "1_000": want,
	} {
		for _, args := range [][]string{{"--seed", text}, {"--seed=" + text}} {
			_, err := parse(args...)
			if err == nil || !strings.HasPrefix(err.Error(), "--seed: ") || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), says) {
				t.Errorf("%q: error %v, want one with %q and %q", args, err, want, says)
			}
		}
	}
}
