// Package hub fetches models from the Hugging Face hub, or from what speaks its protocol, into the cache that Python's
// huggingface_hub keeps, and finds them there: each uses what the other has fetched.
//
// Look says what a model consists of and what of it is missing, Plan.Fetch fetches that, and Open does both. What comes
// of it is the path of a plain directory, or of a file, which knows nothing of the hub:
//
//	path, err := hub.Open(ctx, "stable-diffusion-v1-5/stable-diffusion-v1-5", hub.Options{})
//	…
//	p, err := diffusion.Open(ctx, path)
//
// A file counts as fetched once its size and its hash, SHA-256 or git's, are those that the hub lists; what was cut goes
// on where it stopped. No other package of this module but programs uses the network.
package hub
