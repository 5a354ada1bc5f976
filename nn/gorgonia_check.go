package nn

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"
)

// flat are gorgonia's operations whose gradient is 0 wherever there is one, by
// kind; gorgonia builds none.
var flat = map[string]string{
	"sign": "Sign", "ceil": "Ceil", "floor": "Floor",
	"<": "Lt", ">": "Gt", "<=": "Lte", ">=": "Gte", "==": "Eq", "!=": "Ne",
	"sizeOp": "SizeOf",
}

// passes reports whether a gradient would pass from n to input number i.
func passes(n *G.Node, inputs, i int) bool {
	k := kind(n.Op())
	switch k {
	case "": // the author of the operation says so
		o, ok := n.Op().(G.SDOp)
		return !ok || o.DiffWRT(inputs)[i]
	case "repeatOp", "byIndicesOp", "ctcLossOp": // counts and indices
		return i == 0
	}
	return flat[k] == ""
}

// gradientPath is what a gradient passes on its way from a loss back to inputs.
type gradientPath struct {
	loss    *G.Node
	depends map[int64]bool // on the inputs
	reaches map[int64]bool // the loss
	levels  []string       // names of flat operations that depend on the inputs
}

// follow finds the nodes between loss and wrt.
func follow(g *G.ExprGraph, loss *G.Node, wrt G.Nodes) *gradientPath {
	p := &gradientPath{loss: loss, depends: map[int64]bool{}, reaches: map[int64]bool{loss.ID(): true}}
	nodes := g.AllNodes() // children first
	for _, n := range nodes {
		in := children(g, n)
		p.depends[n.ID()] = slices.Contains(wrt, n)
		for i, c := range in {
			if !p.depends[c.ID()] {
				continue
			}
			if passes(n, len(in), i) {
				p.depends[n.ID()] = true
			} else if name := flat[kind(n.Op())]; name != "" {
				p.levels = append(p.levels, "gorgonia."+name)
			}
		}
	}
	for _, n := range slices.Backward(nodes) {
		if !p.reaches[n.ID()] {
			continue
		}
		in := children(g, n)
		for i, c := range in {
			p.reaches[c.ID()] = p.reaches[c.ID()] || passes(n, len(in), i)
		}
	}
	return p
}

// check is an error if an operation of gorgonia's is wrong on the way, or if it
// is one that gorgonia cannot have before a loss.
func (p *gradientPath) check(b *Build) error {
	var nodes G.Nodes
	for _, n := range b.Graph.AllNodes() {
		if p.reaches[n.ID()] {
			nodes = append(nodes, n)
		}
	}
	if err := b.checkValues(nodes, G.Nodes{p.loss}); err != nil {
		return err
	}
	for _, n := range nodes {
		f := &foreign{g: b.Graph, node: n, in: children(b.Graph, n)}
		w := f.find(wrongGradients)
		_, differentiable := n.Op().(G.SDOp)
		switch {
		case len(f.in) == 0:
		case w != nil && (p.depends[n.ID()] || !differentiable):
			return w
		case !differentiable:
			return fmt.Errorf("%v (%T) has no gradient, and gorgonia has none of a loss that it is part of", n.Op(), n.Op())
		}
	}
	return nil
}

// explain adds to gorgonia's error the operations that no gradient passes.
func (p *gradientPath) explain(err error) error {
	if len(p.levels) == 0 {
		return err
	}
	slices.Sort(p.levels)
	return fmt.Errorf("%w; no gradient passes %s", err, strings.Join(slices.Compact(p.levels), ", "))
}

// checkValues is an error if one of the nodes, which lead to outputs, holds an
// operation of gorgonia's that is not right.
func (b *Build) checkValues(nodes, outputs G.Nodes) error {
	b.noteMerged()
	uses := map[int64]int{}
	for _, n := range outputs {
		uses[n.ID()]++
	}
	for _, n := range nodes {
		if kind(n.Op()) == "softmaxDiffOp" {
			continue
		}
		for _, c := range children(b.Graph, n) {
			uses[c.ID()]++
		}
	}
	for _, n := range nodes {
		f := &foreign{b.Graph, n, children(b.Graph, n), uses[n.ID()]}
		if w := f.find(wrongValues); w != nil {
			return w
		}
		if w := f.find(mistaken); w != nil && b.merged[n.ID()] {
			return w
		}
	}
	return nil
}

// checkForeign is an error if nodes that outputs need hold operations of
// gorgonia's that are not right, or if gorgonia was told to do what only its own
// machines do.
func (b *Build) checkForeign(needed, outputs G.Nodes) error {
	if err := b.checkValues(needed, outputs); err != nil {
		return err
	}
	for _, n := range b.Graph.AllNodes() {
		if n.Deriv() != nil && (b.path == nil || !b.path.depends[n.ID()] || !b.path.reaches[n.ID()]) {
			return &differentiatedByGorgonia
		}
		if k := kind(n.Op()); k == "readOp" || k == "letOp" {
			return (&foreign{g: b.Graph, node: n}).find(wrongValues)
		}
	}
	return nil
}

var differentiatedByGorgonia = flaw{
	name:    "Grad, or Backpropagate,",
	wrong:   "does not say which nodes are a gradient's, and gives the first gradient of a graph a second time",
	instead: "Build.Grad",
}

// checkRemoved is an error if gorgonia has taken nodes out of the graph, which
// leaves the others numbered wrongly. It does so with a sum of 1 whose logarithm
// is taken, if the graph has gorgonia's own 1 from before. (What a gradient
// removes nobody reads.)
func (b *Build) checkRemoved() error {
	if b.path != nil || int64(len(b.Graph.AllNodes())) == b.next() {
		return nil
	}
	return &flaw{name: "BinaryXent, or Log of a sum with 1 after it,", wrong: "removes a node of the graph", instead: "gorgonia.Log, nn.Affine and nn.Mul"}
}

// noteMerged notes which nodes were asked for more than once, of the kinds for
// which gorgonia may have taken something else for the same. Each time leaves an
// entry among the parents of its inputs, or among the leaves, until gorgonia
// differentiates the graph.
func (b *Build) noteMerged() {
	suspects := map[uintptr]*G.Node{}
	for _, n := range b.Graph.AllNodes() {
		if slices.ContainsFunc(mistaken, func(w flaw) bool { return w.kind == kind(n.Op()) }) {
			suspects[reflect.ValueOf(n).Pointer()] = n
		}
	}
	if len(suspects) == 0 {
		return
	}
	times := map[uintptr]int{}
	count := func(nodes reflect.Value) {
		for i := range nodes.Len() {
			times[nodes.Index(i).Pointer()]++
		}
	}
	g := reflect.ValueOf(b.Graph).Elem()
	count(g.FieldByName("leaves"))
	for it := g.FieldByName("to").MapRange(); it.Next(); {
		count(it.Value())
	}
	for at, n := range suspects {
		if times[at] > max(1, len(children(b.Graph, n))) {
			b.merged[n.ID()] = true
		}
	}
}

// before are nodes that have to run before n, although it does not read them:
// the gradient of gorgonia's batch norm looks up what its value has left behind.
func before(g *G.ExprGraph, n *G.Node) (nodes G.Nodes) {
	if kind(n.Op()) != "batchnormDiffOp" {
		return nil
	}
	norm := (&foreign{node: n}).field("BatchNormOp").Pointer()
	for _, m := range g.AllNodes() {
		if kind(m.Op()) == "BatchNormOp" && reflect.ValueOf(m.Op()).Pointer() == norm {
			nodes = append(nodes, m)
		}
	}
	return nodes
}
