// Package metric judges detectors of defects, by pictures and maps whose truth is known, and generators of them. Of
// detectors it has
//
//   - AUROC, AveragePrecision and F1Max of one score for each picture
//   - Pixels, which takes the maps of all pictures of a category, and has the same of pixels, and AUPRO
//
// They are exact: every distinct score is a threshold, equal scores are one, and sums are in float64. Scores are of
// any range and never squashed into [0, 1], where large ones would become equal; higher is more anomalous. Results
// are fractions. Where all are normal, or all are defective, nothing can be told, and that is ErrOneClass.
//
// Generators are judged by how far generated pictures lie from true ones in a network's features (KID, CMMD, FID), by how
// far they lie from each other (Spread, FeatureSpread; ICLPIPS, InceptionScore), and by both as published tables have it
// (SubsetKID, Clusters). RMSE, PSNR and IoU compare two pictures or two masks.
package metric

import (
	"errors"
	"fmt"
)

// ErrOneClass is the kind of error where there are no defective or no normal pictures, or pixels, to be told apart.
var ErrOneClass = errors.New("normal and defective ones are needed to be told apart")

// checkClasses returns an error unless there are both; of says of what, "pictures" or "pixels".
func checkClasses(normal, defective int, of string) error {
	if normal == 0 || defective == 0 {
		return fmt.Errorf("%w: there are %d normal and %d defective %s", ErrOneClass, normal, defective, of)
	}
	return nil
}
