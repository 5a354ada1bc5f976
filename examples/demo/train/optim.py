"""Muon for matrices and convolutions, AdamW for the rest.

Muon (Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks") replaces the momentum of a
weight, seen as a matrix [out, in], by the nearest orthogonal matrix, which a Newton-Schulz iteration finds.
"""

import torch


def optimizers(model, muon_rate, adam_rate, weight_decay=0.01, keep=()):
    """The optimizers of a model. Parameters whose names hold one of keep go to AdamW, as do vectors."""
    matrices, rest = [], []
    for name, p in model.named_parameters():
        (rest if p.ndim < 2 or any(k in name for k in keep) else matrices).append(p)
    return [Muon(matrices, muon_rate, weight_decay), torch.optim.AdamW(rest, adam_rate, betas=(0.9, 0.99), weight_decay=0)]


def step(optimizers, factor):
    """One step of each with its learning rate times factor."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.setdefault("first_rate", group["lr"])
            group["lr"] = group["first_rate"] * factor
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr, weight_decay, momentum=0.95):
        super().__init__(list(params), {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                average = state["momentum"]
                average.lerp_(p.grad, 1 - group["momentum"])
                update = p.grad.lerp(average, group["momentum"]).reshape(len(p), -1)  # Nesterov
                update = orthogonal(update).view_as(p)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * 0.2 * max(update.reshape(len(p), -1).shape) ** 0.5)


def orthogonal(g, steps=5):
    """U Vᵀ of the singular value decomposition of g, nearly; bfloat16 is enough for that."""
    x = (g / (g.norm() + 1e-7)).bfloat16()
    if tall := x.shape[0] > x.shape[1]:
        x = x.T
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.T if tall else x).to(g.dtype)
