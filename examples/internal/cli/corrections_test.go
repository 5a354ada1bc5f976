package cli

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/diffusion"
)

func TestCorrections(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "epsilon"},
		{[]string{"--prediction-type", "v_prediction", "--allow-unused"}, "v_prediction"},
		{[]string{"--prediction-type=epsilon"}, "epsilon"},
	} {
		var f struct{ Corrections }
		parser, err := kong.New(&f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		p, err := diffusion.Open(t.Context(), "../../../testdata/models/a", f.Correct()...)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Scheduler.PredictionType; got != c.want {
			t.Errorf("%v: %s, want %s", c.args, got, c.want)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	parser, err := kong.New(&struct {
		Flags struct{ Corrections } `embed:""`
	}{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--prediction-type", "v"}); err == nil || err.Error() != `--prediction-type is "v", want epsilon or v_prediction` {
		t.Errorf("--prediction-type v: %v", err)
	}
}
