package detect

import (
	"slices"
	"strings"
)

// What PromptAD says in words: its repository, FuNz-0/PromptAD 0f86ce0 (PromptAD/ad_prompts.py). "{}" is where the name
// of the part belongs. They are as they are there, misspelled ones and one that is there twice among them: each is as good
// as its text's embedding, and the published numbers are of these.

// promptADStates are said of any part.
var promptADStates = []string{
	"damaged {}", "flawed {}", "abnormal {}", "imperfect {}", "blemished {}",
	"{} with flaw", "{} with defect", "{} with damage",
}

// promptADOwn are said of one part besides: behind its name comes each of them. MVTec AD's parts come first, then VisA's.
var promptADOwn = map[string][]string{
	"bottle":     {"with large breakage", "with small breakage", "with contamination"},
	"cable":      {"with bent wire", "with missing part", "with missing wire", "with cut", "with poke"},
	"capsule":    {"with crack", "with faulty imprint", "with poke", "with scratch", "squeezed with compression"},
	"carpet":     {"with hole", "with color stain", "with metal contamination", "with thread residue", "with thread", "with cut"},
	"grid":       {"with breakage", "with thread residue", "with thread", "with metal contamination", "with glue", "with a bent shape"},
	"hazelnut":   {"with crack", "with cut", "with hole", "with print"},
	"leather":    {"with color stain", "with cut", "with fold", "with glue", "with poke"},
	"metal_nut":  {"with a bent shape ", "with color stain", "with a flipped orientation", "with scratch"},
	"pill":       {"with color stain", "with contamination", "with crack", "with faulty imprint", "with scratch", "with abnormal type"},
	"screw":      {"with manipulated front", "with scratch neck", "with scratch head"},
	"tile":       {"with crack", "with glue strip", "with gray stroke", "with oil", "with rough surface"},
	"toothbrush": {"with defect", "with anomaly"},
	"transistor": {"with bent lead", "with cut lead", "with damage", "with misplaced transistor"},
	"wood":       {"with color stain", "with hole", "with scratch", "with liquid"},
	"zipper":     {"with broken teeth", "with fabric border", "with defect fabric", "with broken fabric", "with split teeth", "with squeezed teeth"},

	"candle": {"with melded wax", "with foreign particals", "with extra wax", "with chunk of wax missing", "with weird candle wick",
		"with damaged corner of packaging", "with different colour spot"},
	"capsules":   {"with scratch", "with discolor", "with misshape", "with leak", "with bubble"},
	"cashew":     {"with breakage", "with small scratches", "with burnt", "with stuck together", "with spot"},
	"chewinggum": {"with corner missing", "with scratches", "with chunk of gum missing", "with colour spot", "with cracks"},
	"fryum":      {"with breakage", "with scratches", "with burnt", "with colour spot", "with fryum stuck together", "with colour spot"},
	"macaroni1":  {"with color spot", "with small chip around edge", "with small scratches", "with breakage", "with cracks"},
	"macaroni2":  {"with color spot", "with small chip around edge", "with small scratches", "with breakage", "with cracks"},
	"pcb1":       {"with bent", "with scratch", "with missing", "with melt"},
	"pcb2":       {"with bent", "with scratch", "with missing", "with melt"},
	"pcb3":       {"with bent", "with scratch", "with missing", "with melt"},
	"pcb4":       {"with scratch", "with extra", "with missing", "with wrong place", "with damage", "with burnt", "with dirt"},
	"pipe_fryum": {"with breakage", "with small scratches", "with burnt", "with stuck together", "with colour spot", "with cracks"},
}

// promptADNames are what parts are called where it is not by their data set's name; "_" is a space anyway.
var promptADNames = map[string]string{
	"macaroni1": "macaroni", "macaroni2": "macaroni", "chewinggum": "chewing gum",
	"pcb1": "printed circuit board", "pcb2": "printed circuit board", "pcb3": "printed circuit board", "pcb4": "printed circuit board",
}

// promptADWords returns what a part is called in prompts, and the states that are said of it: the general ones, then its
// own, if its name is that of a category of MVTec AD or VisA.
func promptADWords(object string) (name string, states []string) {
	key := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(object)), " ", "_")
	states = slices.Clone(promptADStates)
	for _, s := range promptADOwn[key] {
		states = append(states, "{} "+s)
	}
	if name = promptADNames[key]; name == "" {
		name = strings.Join(strings.Fields(strings.ReplaceAll(object, "_", " ")), " ")
	}
	return name, states
}
