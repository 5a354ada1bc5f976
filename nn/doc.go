// Package nn builds neural networks as gorgonia graphs and runs them: layers as
// structs that mirror a checkpoint, operations with symbolic gradients, attention
// sites that hooks may read or replace, and the executor of a finished graph.
//
// Activations are float32 and channels-last, [batch, positions, channels]; a
// feature map of height h and width w has h·w positions. Tensors in [batch,
// channels, height, width] exist only at the borders (ChannelsLast,
// ChannelsFirst). Weights are not nodes: an operation holds them in the
// precision of their file, and no gradient with respect to a weight is built.
//
// A graph is written down once, inside the function given to Compile, and run
// as often as wanted:
//
//	p, err := nn.Compile(func(b *nn.Build) []*gorgonia.Node {
//		x := b.Input("x", 1, 64, 320)
//		y := layer.Forward(x)
//		return []*gorgonia.Node{y}
//	})
//	out, err := p.Run(ctx, map[string]*tensor.Dense{"x": x})
//
// An Exec does so for inputs of any shape.
//
// gorgonia's own operations may stand between those of this package. What they
// return lies outside the arena, and they are slower. Each of those that gorgonia
// exports is right, in its value and in its gradient, or Compile returns an error
// that names it, says what is wrong with it and what to use instead: Log2 and
// InverseSqrt where a gradient passes them, for example, AveragePool2D anywhere,
// and two slices that gorgonia takes for one. TestGorgoniasOperations holds the
// values against float64 and the gradients against differences. Operations of other
// packages are taken as they are.
package nn
