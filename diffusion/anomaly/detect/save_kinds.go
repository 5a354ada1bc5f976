package detect

import (
	"context"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn"
)

// What each detector keeps in a file, and what must hold of it.

func (p *PatchCore) save() (Description, learned, error) {
	if p == nil || p.fitted.Load() == nil {
		return Description{}, nil, notFitted()
	}
	fit := p.fitted.Load()
	d, err := p.eye.describe("patchcore", p.options, fit.references, nil)
	return d, learned{"bank": dense(fit.bank.values, fit.bank.rows, fit.bank.width)}, err
}

func loadPatchCore(ctx context.Context, n Network, d Description, r reader) (anomaly.Detector, error) {
	var o PatchCoreOptions
	if err := nn.UnmarshalJSON(d.Options, &o); err != nil {
		return nil, damaged("its options: %w", err)
	}
	p, err := NewPatchCore(n, o)
	if err != nil {
		return nil, err
	}
	layers, err := p.eye.blank(ctx)
	if err != nil {
		return nil, err
	}
	bank, shape, err := r.get("bank", 2)
	if err != nil {
		return nil, err
	}
	if want := p.options.vectors(layers).c; shape[1] != want {
		return nil, damaged("its vectors have %d numbers, and those of the network %d", shape[1], want)
	}
	p.fitted.Store(&fittedPatchCore{newMemoryBank(bank, shape[1]), d.References})
	return p, nil
}

func (p *PaDiM) save() (Description, learned, error) {
	if p == nil || p.fitted.Load() == nil {
		return Description{}, nil, notFitted()
	}
	fit := p.fitted.Load()
	o := p.options
	o.Channels = fit.channels
	d, err := p.eye.describe("padim", o, fit.references, nil)
	tensors := learned{"mean": dense(fit.mean, fit.n, fit.c)}
	if fit.basis != nil {
		tensors["basis"] = dense(fit.basis, fit.n, fit.rows, fit.c)
	}
	if fit.factor != nil {
		tensors["factor"] = dense(fit.factor, fit.n, triangle(fit.c))
	}
	return d, tensors, err
}

func loadPaDiM(ctx context.Context, n Network, d Description, r reader) (anomaly.Detector, error) {
	var o PaDiMOptions
	if err := nn.UnmarshalJSON(d.Options, &o); err != nil {
		return nil, damaged("its options: %w", err)
	}
	p, err := NewPaDiM(n, o)
	if err != nil {
		return nil, err
	}
	layers, err := p.eye.blank(ctx)
	if err != nil {
		return nil, err
	}
	channels, err := p.options.channels(layers)
	if err != nil {
		return nil, err
	}
	g := &gaussians{n: layers[0].h * layers[0].w, c: len(channels), ridge: p.options.ridge()}
	mean, shape, err := r.get("mean", 2)
	if err != nil {
		return nil, err
	}
	if shape[0] != g.n || shape[1] != g.c {
		return nil, damaged("its means are %v, want %d places of %d channels", shape, g.n, g.c)
	}
	if g.mean = mean; r.has("basis") {
		err = g.readBasis(r)
	} else if r.has("factor") {
		err = g.readFactor(r)
	}
	p.fitted.Store(&fittedPaDiM{g, channels, d.References})
	return p, err
}

func (g *gaussians) readBasis(r reader) error {
	basis, shape, err := r.get("basis", 3)
	if err != nil {
		return err
	}
	if shape[0] != g.n || shape[2] != g.c {
		return damaged("its bases are %v, want %d places, and %d channels", shape, g.n, g.c)
	}
	g.rows, g.basis = shape[1], basis
	return nil
}

func (g *gaussians) readFactor(r reader) error {
	factor, shape, err := r.get("factor", 2)
	if err != nil {
		return err
	}
	if shape[0] != g.n || shape[1] != triangle(g.c) {
		return damaged("its factors are %v, want %d places, and the triangle of %d channels", shape, g.n, g.c)
	}
	for p := range g.n {
		for c := range g.c {
			if v := factor[p*triangle(g.c)+triangle(c)+c]; !(v > 0) {
				return damaged("the factor of place %d has %g on its diagonal, want more than 0", p, v)
			}
		}
	}
	g.factor = factor
	return nil
}

func (p *Probe) save() (Description, learned, error) {
	if p == nil || p.fitted.Load() == nil {
		return Description{}, nil, notFitted()
	}
	fit := p.fitted.Load()
	d, err := p.eye.describe("probe", p.options, fit.references, fit.defective)
	return d, learned{"weights": dense(fit.weights, len(fit.weights)), "bias": dense([]float32{fit.bias}, 1)}, err
}

func loadProbe(ctx context.Context, n Network, d Description, r reader) (anomaly.Detector, error) {
	var o ProbeOptions
	if err := nn.UnmarshalJSON(d.Options, &o); err != nil {
		return nil, damaged("its options: %w", err)
	}
	p, err := NewProbe(n, o)
	if err != nil {
		return nil, err
	}
	layers, err := p.eye.blank(ctx)
	if err != nil {
		return nil, err
	}
	weights, _, err := r.get("weights", 1)
	if err != nil {
		return nil, err
	}
	bias, shape, err := r.get("bias", 1)
	if err != nil {
		return nil, err
	}
	if want := locallyAware(layers).c; len(weights) != want || shape[0] != 1 {
		return nil, damaged("it has %d weights and %d biases, want %d and 1", len(weights), shape[0], want)
	}
	p.fitted.Store(&fittedProbe{&logistic{weights, bias[0]}, d.References, d.Defective})
	return p, nil
}

func (w *Weighted) save() (Description, learned, error) {
	if w == nil || w.normal == nil {
		return Description{}, nil, notFitted()
	}
	normal, tensors, err := w.normal.save()
	if err != nil {
		return Description{}, nil, err
	}
	probe, more, err := w.probe.save()
	if err != nil {
		return Description{}, nil, err
	}
	all := learned{}
	for name, d := range tensors {
		all["normal."+name] = d
	}
	for name, d := range more {
		all["probe."+name] = d
	}
	e, _ := w.normal.sees()
	d, err := e.describe("weighted", parts{normal, probe}, normal.References, probe.Defective)
	return d, all, err
}

func loadWeighted(ctx context.Context, n Network, d Description, r reader) (anomaly.Detector, error) {
	var p parts
	if err := nn.UnmarshalJSON(d.Options, &p); err != nil {
		return nil, damaged("its options: %w", err)
	}
	load := map[string]func(context.Context, Network, Description, reader) (anomaly.Detector, error){"patchcore": loadPatchCore, "padim": loadPaDiM}[p.Normal.Kind]
	if load == nil || p.Probe.Kind != "probe" {
		return nil, damaged("it is made of detectors of kinds %.40q and %.40q, want patchcore or padim, and probe", p.Normal.Kind, p.Probe.Kind)
	}
	normal, err := load(ctx, n, p.Normal, reader{r.file, "normal."})
	if err != nil {
		return nil, err
	}
	probe, err := loadProbe(ctx, n, p.Probe, reader{r.file, "probe."})
	if err != nil {
		return nil, err
	}
	return NewWeighted(normal, probe.(*Probe))
}

func (a *AnomalyDINO) save() (Description, learned, error) {
	if a == nil || a.fitted.Load() == nil {
		return Description{}, nil, notFitted()
	}
	fit := a.fitted.Load()
	d, err := a.sight.network.describe("anomalydino", a.options, fit.references, nil)
	if s := fit.subspace; s != nil {
		return d, learned{"mean": dense(s.mean, len(s.mean)), "basis": dense(s.basis, len(s.mean), s.directions)}, err
	}
	return d, learned{"bank": dense(fit.bank.values, fit.bank.rows, fit.bank.width)}, err
}

func loadAnomalyDINO(ctx context.Context, n Network, d Description, r reader) (anomaly.Detector, error) {
	var o AnomalyDINOOptions
	if err := nn.UnmarshalJSON(d.Options, &o); err != nil {
		return nil, damaged("its options: %w", err)
	}
	a, err := NewAnomalyDINO(n, o)
	if err != nil {
		return nil, err
	}
	seen, err := a.sight.lookAnew(ctx, image.NewRGBA(image.Rect(0, 0, a.options.Side, a.options.Side)))
	if err != nil {
		return nil, err
	}
	fit, width := &fittedTokens{references: d.References}, 0
	if a.options.Score == SubspaceToken {
		fit.subspace, width, err = readSubspace(r)
	} else {
		var bank []float32
		var shape []int
		if bank, shape, err = r.get("bank", 2); err == nil {
			fit.bank, width = newMemoryBank(bank, shape[1]), shape[1]
		}
	}
	if err == nil && width != seen.c {
		err = damaged("its tokens have %d numbers, and those of the network %d", width, seen.c)
	}
	a.fitted.Store(fit)
	return a, err
}

func readSubspace(r reader) (*subspace, int, error) {
	mean, shape, err := r.get("mean", 1)
	if err != nil {
		return nil, 0, err
	}
	basis, both, err := r.get("basis", 2)
	if err != nil {
		return nil, 0, err
	}
	if both[0] != shape[0] || both[1] > both[0] {
		return nil, 0, damaged("its subspace has %d directions of %d numbers, and a mean of %d", both[1], both[0], shape[0])
	}
	return &subspace{mean, both[1], basis}, shape[0], nil
}
