package main

import (
	"strings"
	"testing"
)

// helpOf is what --help says beside other flags.
func helpOf(t *testing.T, args ...string) string {
	t.Helper()
	var c commandLine
	p := newParser(&c)
	var out strings.Builder
	p.Stdout = &out
	p.Exit = func(int) { panic(out.String) }
	func() {
		defer func() { recover() }()
		_, err := p.Parse(append(args, "--help"))
		t.Errorf("%q: the help did not end the program, error %v", args, err)
	}()
	return out.String()
}

// TestHelp shows the numbers of the model that is named, in groups.
func TestHelp(t *testing.T) {
	dir, wrong := modelWith(t, someDefaults), modelWith(t, `{"steps": "many"}`)
	for args, says := range map[string][]string{
		"":                                       {"--steps=100 ", "--strength=0.75 ", "--gamma=0.25 ", "--size=512 ", "suit Stable Diffusion 1.5."},
		"--model " + dir:                         {"--steps=3 ", "--strength=0.6 ", "--gamma=0.4 ", "--size=64 ", "--guidance=2.5 ", "The numbers suit " + dir},
		"make --model " + dir:                    {"--steps=3 ", "--strength=0.6 "},
		"--preset released":                      {"--steps=200 ", "--guidance=12.5 ", "--strength=SHARE "},
		"--preset released --model " + dir:       {"--steps=200 ", "--guidance=12.5 ", "--size=64 "},
		"--model " + wrong:                       {"--steps=100 ", "perhaps not this model", "steps: a JSON string"},
		"--model nowhere --object x --n 3":       {"--steps=100 "},
		"--model " + dir + " --steps 7 --mu 0.5": {"--steps=3 "},
	} {
		help := helpOf(t, strings.Fields(args)...)
		for _, part := range says {
			if !strings.Contains(help, part) {
				t.Errorf("%q: the help does not say %q:\n%s", args, part, help)
			}
		}
	}
}

// TestHelpGroups: every flag is in a group that has a title, and its help has words before symbols.
func TestHelpGroups(t *testing.T) {
	var c commandLine
	p := newParser(&c)
	titles := map[string]bool{}
	for _, g := range flagGroups {
		titles[g.Key] = true
	}
	for _, flag := range p.Model.Flags {
		switch {
		case flag.Name == "help":
		case flag.Group == nil:
			t.Errorf("--%s is in no group", flag.Name)
		case !titles[flag.Group.Key]:
			t.Errorf("--%s is in the group %q, which has no title", flag.Name, flag.Group.Key)
		}
		if first, _, _ := strings.Cut(flag.Help, " "); strings.ContainsAny(first, "γλμη") || first == "T," || first == "R," {
			t.Errorf("--%s: its help begins with a symbol: %s", flag.Name, flag.Help)
		}
	}
}

func TestStrength(t *testing.T) {
	parsed := func(args ...string) (Spec, error) {
		return parse(t, append(args, "--model="+modelWith(t, someDefaults), "--image=nut.png", "--object=nut", "--anomaly=crack")...)
	}
	for text, want := range map[string]float64{"0.75": 0.25, "0.7": 0.3, "1": 0, "0.9": 0.1, "0.65": 0.35} {
		if s, err := parsed("--strength", text); err != nil || s.Gamma != want {
			t.Errorf("--strength %s: γ is %g, want %g, error %v", text, s.Gamma, want, err)
		}
	}
	if s, err := parsed(); err != nil || s.Gamma != 0.4 {
		t.Errorf("without --strength γ is %g, want the model's 0.4, error %v", s.Gamma, err)
	}
	for args, says := range map[string]string{
		"--strength 0": "--strength is 0, want more than 0", "--strength 1.5": "--strength is 1.5", "--strength -1": "--strength is -1", "--strength NaN": "--strength is NaN",
		"--strength 0.5 --gamma 0.5": "two ways to say the same", "--preset released --strength 0.5": "--strength is a number of --preset paper",
	} {
		if _, err := parsed(strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want %q", args, err, says)
		}
	}
}
