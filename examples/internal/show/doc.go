// Package show is what the programs make for people to look at: pictures side by side, with labels, PNG files that say
// by which program and with which options they were made, tables, and how far work has got.
package show
