"""The reference implementation that the golden tensors come from: diffusers, transformers and PyTorch."""
