module github.com/sdgraph/sdgraph/nn/vision/lite0/convert

go 1.26.0

require (
	github.com/nlpodyssey/gopickle v0.2.0
	github.com/nlpodyssey/safetensors v0.0.0-20250209183917-bfb01cc25f7c
	github.com/x448/float16 v0.8.4
)
