"""How VAE, UNet and judge are trained: the loop, which goes on where it was interrupted."""

import torch

from common import Checkpoint, Progress, cosine
from optim import step as optimise


def fit(name, model, opts, average, generator, path, steps, every, losses):
    """Trains a model to so many steps by losses(step), which gives the loss and numbers to show and draws what it
    needs from the generator. All of the state is kept at path after every so many steps."""
    checkpoint, first = Checkpoint(path), 0
    if kept := checkpoint.load():
        first = kept["step"]
        model.load_state_dict(kept["model"])
        average.weights, average.steps = kept["average"], first
        generator.set_state(kept["generator"])
        for o, s in zip(opts, kept["optimizers"]):
            o.load_state_dict(s)
    progress = Progress(name, steps, first)
    for i in range(first, steps):
        loss, numbers = losses(i)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimise(opts, cosine(i, steps))
        average.update(model)
        progress(i + 1, **numbers)
        if (i + 1) % every == 0 or i + 1 == steps:
            checkpoint.save(step=i + 1, model=model.state_dict(), average=average.weights,
                            generator=generator.get_state(), optimizers=[o.state_dict() for o in opts])
