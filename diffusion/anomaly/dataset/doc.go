// Package dataset reads data sets of normal and defective parts, and writes such of generated pictures.
//
// MVTecAD, VisA, BTAD, MPDD and Folder list the files of a data set, a Category for each kind of part;
// Samples reads its pictures and masks when they are used:
//
//	categories, notes, err := dataset.MVTecAD(os.DirFS("mvtec_anomaly_detection"))
//	…
//	for sample, err := range dataset.Samples(root, categories[0].Test) {
//
// Write writes generated pictures and the photographs that they were made from in the layouts that
// trainers read:
//
//   - MVTec, a folder for each part as MVTec AD has them
//   - Anomalib, a folder for each part that anomalib's Folder reads
//   - YOLO, pictures and polygons as Ultralytics' trainers read them
//   - COCO, pictures and instances.json files
//
// A picture is an Entry, and all of them go into a folder:
//
//	summary, err := dataset.Write(ctx, "out/dataset-yolo", entries, dataset.Options{Layout: dataset.YOLO, Train: 0.8})
//
// In every layout all pictures of one photograph are on one side, training or testing; names are
// ASCII, zero-padded, and unlike one another; pictures and masks are PNG files, masks black and
// white of 8 bits; a picture whose mask is empty is left out; and provenance.jsonl says of each
// picture how it came about. Trace makes the polygons.
package dataset
