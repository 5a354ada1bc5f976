package prompts

import (
	"fmt"
	"slices"
	"strings"
)

// Articles is how a sentence that is made of an object and its defects has "a" and
// "an": as English has them, or as the captions have them that a model was trained on.
type Articles string

const (
	Fitting Articles = "fitting" // as English has them: "wood", "an orange", "scratches", "a hazelnut"
	Always  Articles = "always"  // before everything: "a wood", "an orange"
	Plain   Articles = "plain"   // "a" before everything; so is whatever is none of these
)

// Normal returns the sentence for a photograph of an object, such as "a photo of a
// hazelnut", "a photo of wood".
func (a Articles) Normal(object string) string { return "a photo of " + a.with(object) }

// Defective returns the sentence for an object with defects on it, such as "a photo of
// wood with a hole and a scratch on it".
func (a Articles) Defective(object string, defects ...string) string {
	var all []string
	for _, defect := range defects {
		all = append(all, a.with(defect))
	}
	return fmt.Sprintf("%s with %s on it", a.Normal(object), strings.Join(all, " and "))
}

// with is a phrase with its article.
func (a Articles) with(phrase string) string {
	switch {
	case a != Fitting && a != Always:
		return "a " + phrase
	case a == Fitting && (isDetermined(phrase) || isUncounted(headOf(phrase))):
		return phrase
	case soundsOpen(phrase):
		return "an " + phrase
	}
	return "a " + phrase
}

// determiners are words that stand where an article would.
var determiners = []string{"a", "an", "the", "its", "this", "that", "these", "those", "some", "many", "several", "no", "one", "two", "three", "four", "five"}

func isDetermined(phrase string) bool {
	first, _, _ := strings.Cut(strings.ToLower(phrase), " ")
	return slices.Contains(determiners, first)
}

// headOf is the word of a phrase that the article is for: the last one of "rusty metal",
// and "piece" of "piece of leather".
func headOf(phrase string) string {
	head := ""
	for _, word := range strings.Fields(strings.ToLower(phrase)) {
		if head != "" && slices.Contains([]string{"of", "in", "on", "at", "from", "with", "without", "under", "near"}, word) {
			break
		}
		head = word
	}
	return head
}

// uncounted are substances and states of which there is no number.
var uncounted = strings.Fields(`
	wood leather metal steel iron aluminium aluminum copper brass glass plastic rubber foam paper cardboard concrete asphalt
	marble granite stone fabric cloth textile cotton wool linen denim silk felt carpeting paint ink silicon ceramic porcelain
	soil sand rice pasta macaroni gum bread cheese meat
	rust dirt dust oil grease glue water mould mold corrosion contamination damage wear discoloration discolouration dirtiness
	chipping cracking peeling pitting residue debris burn-in moisture`)

// singular are words that end like plurals.
var singular = []string{"lens", "gas", "canvas", "atlas", "chassis", "bias"}

// isUncounted reports whether a word has no indefinite article: a substance, or a plural.
func isUncounted(word string) bool {
	if slices.Contains(uncounted, word) {
		return true
	}
	plural := len(word) > 2 && strings.HasSuffix(word, "s") && !slices.Contains([]string{"ss", "us", "is"}, word[len(word)-2:])
	return plural && !slices.Contains(singular, word)
}

// soundsOpen reports whether a phrase begins with the sound of a vowel.
func soundsOpen(phrase string) bool {
	word := strings.ToLower(phrase)
	begins := func(with ...string) bool {
		return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(word, w) })
	}
	switch {
	case begins("hour", "honest", "heir"):
		return true
	case begins("unit", "unif", "uniq", "unic", "univ", "use", "usu", "util", "euro", "one-", "once", "u-"):
		return false
	}
	return begins("a", "e", "i", "o", "u")
}
