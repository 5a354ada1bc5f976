package main

import (
	"strings"
	"testing"
)

// TestArticles: the model's file says how sentences are made, and the flag overrides it.
func TestArticles(t *testing.T) {
	always := modelWith(t, `{"articles": "always"}`)
	for args, want := range map[string]string{
		"--model " + modelA:                         "a photo of wood with an oil stain and rust on it",
		"--model " + always:                         "a photo of a wood with an oil stain and a rust on it",
		"--model " + always + " --articles fitting": "a photo of wood with an oil stain and rust on it",
		"--model " + modelA + " --articles plain":   "a photo of a wood with a oil stain and a rust on it",
	} {
		s, err := parse(t, append(strings.Fields(args), "--image=a.png", "--object=wood", "--anomaly=oil stain,rust")...)
		if got := s.options(); err != nil || got.Prompt != want || got.Detail != want || got.Normal != want[:strings.Index(want, " with")] {
			t.Errorf("%s: %q, %q, error %v", args, got.Prompt, got.Normal, err)
		}
	}
}

// TestArticlesOfEarlierPictures: a picture that notes no articles was made with plain ones, and is the same picture
// as one of the same sentence.
func TestArticlesOfEarlierPictures(t *testing.T) {
	for noted, want := range map[any]string{nil: "plain", "": "plain", "always": "always"} {
		a := &again{carried: carried{Options: map[string]any{"articles": noted}}}
		if got := a.value("articles"); got != want {
			t.Errorf("%v: --from takes %v, want %s", noted, got, want)
		}
	}
	differ := func(object string) int {
		made := Provenance{Options: Spec{Object: object, Anomaly: []string{"crack"}}}
		before, err1 := made.identity()
		made.Options.Articles = "fitting"
		now, err2 := made.identity()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return len(differencesOf(now, before))
	}
	if n := differ("hazelnut"); n != 0 {
		t.Errorf("of a hazelnut %d options differ, want none", n)
	}
	if n := differ("wood"); n != 3 {
		t.Errorf("of wood %d options differ, want --prompt, --detail and --normal", n)
	}
}
