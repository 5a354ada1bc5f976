package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// tables are the report for people.
func (r *Report) tables(w io.Writer, rows []*Row) {
	r.means(w)
	r.categories(w)
	printPublished(w, r.Published, r.names())
	r.conditions(w, rows)
}

// head begins a table of figures, behind columns that say of what they are.
func head(w io.Writer, first ...string) show.Table {
	t := show.NewTable(w)
	rule := make([]string, len(first))
	for i := range rule {
		rule[i] = "---"
	}
	for _, m := range metrics {
		first, rule = append(first, m.short), append(rule, "---:")
	}
	t.Row(first...)
	t.Row(rule...)
	return t
}

// row adds figures, a dash where one is not defined.
func row(t show.Table, figures map[string]Spread, format func(Spread) string, first ...string) {
	for _, m := range metrics {
		cell := "–"
		if s, ok := figures[m.name]; ok {
			cell = format(s)
		}
		first = append(first, cell)
	}
	t.Row(first...)
}

// percent is a figure with its deviation, in percent.
func percent(s Spread) string { return withDeviation(fmt.Sprintf("%.1f", 100*s.Mean), s) }

// more is a difference, in percent points.
func more(s Spread) string { return withDeviation(fmt.Sprintf("%+.1f", 100*s.Mean), s) }

func withDeviation(text string, s Spread) string {
	if s.Deviation == nil {
		return text
	}
	return fmt.Sprintf("%s ± %.1f", text, 100**s.Deviation)
}

// means is the table of detectors.
func (r *Report) means(w io.Writer) {
	t := head(w, "detector", "shots", "generated")
	for _, s := range r.Summaries {
		row(t, s.Figures, percent, s.name(), s.Shots.String(), training(s.Generated))
		if s.Difference != nil {
			row(t, s.Difference, more, "", "", "difference")
		}
	}
	t.Flush()
	fmt.Fprintf(w, "\nIn percent, means over %s%s. The first three are of pictures, the others of all pixels; F1 at its best threshold.\n\n", categories(r.count()), r.withPictures())
}

// name is what a detector is called in tables. What PromptAD makes of generated pictures is this project's own.
func (s *Summary) name() string {
	if s.Detector == "promptad" && s.Generated {
		return "promptad+generated"
	}
	return s.Detector
}

func training(generated bool) string {
	if generated {
		return "with"
	}
	return "without"
}

// names are the categories, sorted.
func (r *Report) names() (names []string) {
	for _, s := range r.Summaries {
		for _, c := range s.Categories {
			names = append(names, c.Category)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// count is how many categories there are.
func (r *Report) count() int { return len(r.names()) }

// withPictures says of how many categories pictures are judged, where that are not all.
func (r *Report) withPictures() string {
	n := 0
	for _, s := range r.Summaries {
		n = max(n, s.Figures[metrics[0].name].Categories)
	}
	if n == r.count() {
		return ""
	}
	return fmt.Sprintf("; of pictures over %d, as the others have no normal ones for testing or no defective ones", n)
}

// categories is a number of them.
func categories(n int) string {
	if n == 1 {
		return "1 category"
	}
	return fmt.Sprintf("%d categories", n)
}

// categories is the table of each category, where there are several.
func (r *Report) categories(w io.Writer) {
	if r.count() < 2 {
		return
	}
	t := head(w, "category", "detector", "shots", "generated")
	for _, name := range r.names() {
		for _, s := range r.Summaries {
			if i := slices.IndexFunc(s.Categories, func(c CategorySummary) bool { return c.Category == name }); i >= 0 {
				row(t, s.Categories[i].Figures, percent, name, s.name(), s.Shots.String(), training(s.Generated))
			}
		}
	}
	t.Flush()
	fmt.Fprintln(w)
}

// conditions says what the figures depend on.
func (r *Report) conditions(w io.Writer, rows []*Row) {
	if r.Clip != "" {
		fmt.Fprintf(w, "- winclip and promptad look through the CLIP %s\n", r.Clip)
	}
	if names := r.passedOver(rows); len(names) > 0 {
		fmt.Fprintf(w, "- anomalydino passes over the ground of %s\n", strings.Join(names, ", "))
	}
	fmt.Fprintf(w, "- network: %s; reading: %s\n- resolution of pixel figures: %s\n- pictures decoded by %s\n", r.Network, r.Reading, r.Resolution, r.Decoder)
	if seeds := r.seeds(); seeds > 1 {
		fmt.Fprintf(w, "- ±: deviation over %d seeds, each with references of its own\n", seeds)
	}
	said := map[string]bool{}
	for _, row := range rows {
		if text := row.learnt(); !said[text] {
			said[text] = true
			fmt.Fprint(w, text)
		}
	}
	others(w, rows)
	fewPictures(w, rows)
}

// passedOver are the categories of which the ground was passed over.
func (r *Report) passedOver(rows []*Row) (names []string) {
	for _, row := range rows {
		if row.Options["--foreground"] != "" && !slices.Contains(names, row.Category) {
			names = append(names, row.Category)
		}
	}
	return names
}

// fewPictures names categories whose figures of pictures say little.
func fewPictures(w io.Writer, rows []*Row) {
	const least = 5
	var names []string
	for _, r := range rows {
		if name := fmt.Sprintf("%s (%d normal, %d defective)", r.Category, r.Normal, r.Defective); r.Picture != nil && min(r.Normal, r.Defective) < least && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(w, "- care: so few pictures for testing that figures of pictures say little: %s\n", strings.Join(names, ", "))
	}
}

// others says of generated pictures that they are not of the references alone.
func others(w io.Writer, rows []*Row) {
	some, most := 0, 0
	for _, r := range rows {
		if r.Others != nil && *r.Others > 0 {
			some, most = some+1, max(most, *r.Others)
		}
	}
	if some > 0 {
		fmt.Fprintf(w, "- care: in %s some generated pictures, up to %d, were made from photographs that are no references, and show more of what is normal than the rows without them have seen\n", counted(some, "row"), most)
	}
}

func (r *Report) seeds() (n int) {
	for _, s := range r.Summaries {
		n = max(n, len(s.Seeds))
	}
	return n
}

// mostNamed is how many references are listed; results.json has all.
const mostNamed = 16

// learnt says which references a row has.
func (r *Row) learnt() string {
	if r.Shots == allShots {
		return fmt.Sprintf("- %s: all %d normal pictures for training\n", r.Category, len(r.References))
	}
	var names []string
	for _, p := range r.References[:min(mostNamed, len(r.References))] {
		names = append(names, path.Base(p))
	}
	text := strings.Join(names, " ")
	if n := len(r.References) - mostNamed; n > 0 {
		text += fmt.Sprintf(" and %d more, see results.json", n)
	}
	return fmt.Sprintf("- %s, %s, seed %d: references %s\n", r.Category, r.Shots.words(), r.Seed, text)
}
