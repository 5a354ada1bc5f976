package dataset_test

import (
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
)

func ExampleSamples() {
	root := os.DirFS("testdata/trees/visa")
	categories, _, err := dataset.VisA(root)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range categories {
		fmt.Printf("%s: %d for training\n", c.Name, len(c.Train))
		for sample, err := range dataset.Samples(root, c.Test) {
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Printf("%s %q\n", sample.Path, sample.Defect)
		}
	}
	// Output:
	// candle: 2 for training
	// candle/Data/Images/Anomaly/000.JPG "anomaly"
	// candle/Data/Images/Anomaly/001.JPG "anomaly"
	// candle/Data/Images/Normal/0002.JPG ""
}
