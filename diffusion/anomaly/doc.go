// Package anomaly is what the packages about defects of parts say to each other: a picture with
// what is wrong with it (Sample), what makes such pictures (Generator), what finds the wrong
// (Detector), a number for each pixel (Map), a photograph that a model's picture is put into (Canvas), and
// where a defect is to be (Shapes). It has no network of its own.
//
// The packages below speak of these, and never import each other:
//
//   - anomalyany makes defects that nobody has photographed, from a sentence
//   - dataset writes pictures and masks as trainers read them
//   - detect finds defects
//   - generate makes them as NSA, DRAEM, CutPaste and RealNet do
//   - metric judges scores and maps where the truth is known
//   - prompts has the words for the defects of MVTec AD and VisA
package anomaly
