package prompts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn/nntest"
)

func ExampleCategories_Lookup() {
	object, scratch, err := Default().Lookup("metal_nut", "scratch")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(object)
	fmt.Println(scratch.Prompt, scratch.Words)
	// Output:
	// metal nut
	// a photo of a metal nut with a scratch on it [scratch]
}

// TestLookup names what there is where a name is not known.
func TestLookup(t *testing.T) {
	for name, c := range map[string]struct {
		category, defect string
		says             []string
	}{
		"category": {"nut", "crack", []string{`no category "nut"`, "bottle, cable", "pipe_fryum, screw", "zipper"}},
		"defect":   {"hazelnut", "rust", []string{`"hazelnut" has no defect "rust"`, "crack, cut, hole, print"}},
		"neither":  {"hazelnut", "", []string{`no defect ""`, "crack, cut, hole, print"}},
	} {
		_, _, err := Default().Lookup(c.category, c.defect)
		for _, part := range c.says {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v, want one that mentions %q", name, err, part)
			}
		}
	}
}

// TestWithoutTokenizer reads words that no model has been asked about.
func TestWithoutTokenizer(t *testing.T) {
	of := strings.Replace(washer, "[tear]", "[rip]", 1)
	all, err := Parse("mine.yaml", []byte(of), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, d, err := all.Lookup("washer", "tear"); err != nil || d.Words[0] != "rip" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := Parse("mine.yaml", []byte(strings.Replace(of, "[rip]", "[]", 1)), nil); err == nil || !strings.Contains(err.Error(), "words is missing") {
		t.Errorf("no words: %v", err)
	}
}

// TestDefaultIsTheCallers changes one copy and asks for another.
func TestDefaultIsTheCallers(t *testing.T) {
	mine := Default()
	mine["hazelnut"].Defects["crack"].Words[0] = "rip"
	delete(mine, "screw")
	if _, d, err := Default().Lookup("hazelnut", "crack"); err != nil || d.Words[0] != "crack" || len(Default()) != 15+12 {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestMisuse calls what is exported with arguments that make no sense.
func TestMisuse(t *testing.T) {
	var none *clip.Tokenizer
	failed := func(_ any, err error) error { return err }
	nntest.Misuse{
		Refused: map[string][]func() error{
			"Read": {
				func() error { return failed(Read("", nil)) },
				func() error { return failed(Read("\x00", none)) },
			},
			"Parse": {
				func() error { return failed(Parse("", nil, nil)) },
				func() error { return failed(Parse("mine.yaml", []byte(washer), none)) },
			},
			"Categories.Lookup": {
				func() error { _, _, err := Categories(nil).Lookup("", ""); return err },
				func() error { _, _, err := Categories{"a": {}}.Lookup("a", "b"); return err },
			},
		},
		Harmless: map[string][]func(){
			"Default":            {func() { Default() }},
			"Articles.Normal":    {func() { Fitting.Normal(""); Articles("\x00").Normal(" ") }},
			"Articles.Defective": {func() { Fitting.Defective(""); Always.Defective("", "", " ", "\x00") }},
		},
	}.Check(t)
}
