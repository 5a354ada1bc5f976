package vision

import (
	"fmt"
	"strconv"
	"strings"
)

// What efficientnet-lite-pytorch calls the layers of timm's tf_efficientnet_lite0: outside the blocks, in the first
// block, which does not expand, and in the others.
var (
	timmOutside   = map[string]string{"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
	timmFirst     = map[string]string{"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
	timmExpanding = map[string]string{
		"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1", "conv_pwl": "_project_conv", "bn3": "_bn2",
	}
)

// fromTimm translates a name such as blocks.2.1.conv_pw.weight: timm counts blocks within their stage. Others stay.
func fromTimm(name string) string {
	parts := strings.Split(name, ".")
	if to := timmOutside[parts[0]]; to != "" && len(parts) == 2 {
		return to + "." + parts[1]
	}
	if parts[0] != "blocks" || len(parts) != 5 {
		return name
	}
	at, ok := index(parts[1], len(liteStages))
	if !ok {
		return name
	}
	block, ok := index(parts[2], liteStages[at].repeats)
	if !ok {
		return name
	}
	for _, s := range liteStages[:at] {
		block += s.repeats
	}
	layers := timmExpanding
	if liteStages[at].expand == 1 {
		layers = timmFirst
	}
	if layers[parts[3]] == "" {
		return name
	}
	return fmt.Sprintf("_blocks.%d.%s.%s", block, layers[parts[3]], parts[4])
}

// index reads a number from 0 to n-1.
func index(text string, n int) (int, bool) {
	i, err := strconv.Atoi(text)
	return i, err == nil && i >= 0 && i < n
}
