"""Makes the reference values of SDAS, beside diffusers.

    python -m venv venv && venv/bin/pip install diffusers==0.42.1 torch numpy safetensors
    venv/bin/python make_sdas.py [FOLDER]

pixel:  the sampler of RealNet's released program (guided diffusion, linear betas, learned variances, 20 of 1000 steps),
        ancestral with sqrt(1 + s). For s = 0 it is diffusers' DDPMScheduler.
latent: the same strength on a latent model's schedule: DDIM with eta = 1, whose noise is sqrt(1 + s) as large.
        For s = 0 it is diffusers' DDIMScheduler. The model is the exact denoiser of normal data of deviation c.

sdas.json has the exact deviations of what such runs end with. Tensors are written as float32.
"""

import json
import os
import sys
from unittest import mock

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from safetensors.numpy import save_file

STRENGTHS = (0.0, 0.2, 1.0)


def spaced(total=1000, n=20):
    """Timesteps, alpha-bar before and after them, betas and log posterior variances of n steps, float64."""
    bar = np.cumprod(1 - np.linspace(0.0001, 0.02, total))
    times = np.arange(n) * (total // n)
    bar = bar[times]
    after = np.append(1.0, bar[:-1])
    beta = 1 - bar / after
    posterior = beta * (1 - after) / (1 - bar)
    return times, bar, after, beta, np.log(np.append(posterior[1], posterior[1:]))


def pixel_step(x, eps, v, noise, i, s):
    """x [3, h, w] with i steps left after this one, the model's eps and its variance values v in [-1, 1]."""
    _, bar, after, beta, low = spaced()
    x0 = np.clip(np.sqrt(1 / bar[i]) * x - np.sqrt(1 / bar[i] - 1) * eps, -1, 1)
    share = (v + 1) / 2
    deviation = np.exp(0.5 * (share * np.log(beta[i]) + (1 - share) * low[i]))
    mean = beta[i] * np.sqrt(after[i]) / (1 - bar[i]) * x0 + (1 - after[i]) * np.sqrt(1 - beta[i]) / (1 - bar[i]) * x
    return mean + (0 if i == 0 else np.sqrt(1 + s) * deviation * noise)


def check_pixel(x, eps, v, noise, i, want):
    scheduler = DDPMScheduler(beta_schedule="linear", variance_type="learned_range", clip_sample=True)
    scheduler.set_timesteps(20)
    output, given = torch.from_numpy(np.concatenate([eps, v])[None]), torch.from_numpy(noise[None])
    with mock.patch("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *a, **k: given):
        got = scheduler.step(output, int(spaced()[0][i]), torch.from_numpy(x[None])).prev_sample.numpy()[0]
    difference = np.abs(got - want).max()  # its schedule is of single precision
    assert difference < 4e-5, (i, difference)
    print("pixel step", i, difference)


def factors(scheduler):
    """The timestep, alpha-bar before and after it, and the variance of its noise, of each step."""
    bar, times = scheduler.alphas_cumprod.double().numpy(), scheduler.timesteps.tolist()
    for k, t in enumerate(times):
        a, p = bar[t], t - 1000 // len(times)
        b = bar[p] if p >= 0 else scheduler.final_alpha_cumprod.item()
        yield t, a, b, 0 if k == len(times) - 1 else (1 - b) / (1 - a) * (1 - a / b)


def latent_run(x, noises, c, s, scheduler):
    track = [x]
    for (t, a, b, var), noise in zip(factors(scheduler), noises):
        eps = x * np.sqrt(1 - a) / (a * c * c + 1 - a)  # E[noise | x] where the data are N(0, c²)
        x0 = (x - np.sqrt(1 - a) * eps) / np.sqrt(a)
        after = np.sqrt(b) * x0 + np.sqrt(1 - b - var) * eps + np.sqrt(var * (1 + s)) * noise
        if s == 0 and var > 0:
            got = scheduler.step(torch.from_numpy(eps), t, torch.from_numpy(x), eta=1.0, variance_noise=torch.from_numpy(noise))
            assert np.abs(got.prev_sample.numpy() - after).max() < 1e-6, t
        x = after
        track.append(x)
    return np.stack(track)


def final_deviation(c, s, scheduler):
    """Of a run from N(0, 1): every step is linear."""
    v = 1.0
    for _, a, b, var in factors(scheduler):
        g = np.sqrt(1 - a) / (a * c * c + 1 - a)
        gain = np.sqrt(b) * (1 - np.sqrt(1 - a) * g) / np.sqrt(a) + np.sqrt(1 - b - var) * g
        v = gain * gain * v + (1 + s) * var
    return float(np.sqrt(v))


def main(folder):
    r = np.random.default_rng(11)
    x, eps, noise = (r.standard_normal((3, 8, 8)) for _ in range(3))
    v = np.tanh(r.standard_normal((3, 8, 8)))
    _, _, _, beta, low = spaced()
    tensors = {"x": x, "eps": eps, "noise": noise, "v": v, "beta": beta, "posterior_log_variance": low}
    for i in (19, 10, 1, 0):
        for s in (0.0, 0.1, 0.2, 1.0):
            tensors[f"pixel.ancestral.{i}.{s}"] = pixel_step(x, eps, v, noise, i, s)
        check_pixel(x, eps, v, noise, i, tensors[f"pixel.ancestral.{i}.0.0"])
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1
    )
    scheduler.set_timesteps(10)
    z, noises = r.standard_normal((4, 8, 8)), r.standard_normal((10, 4, 8, 8)).astype(np.float32)
    tensors["latent.start"], tensors["latent.noises"] = z, noises
    for s in (0.0, 0.15, 0.5):
        tensors[f"latent.run.{s}"] = latent_run(z, noises.astype(np.float64), 0.6, s, scheduler)[[0, 1, 5, 9, 10]]
    final = {}
    for n in (10, 20, 50):
        scheduler.set_timesteps(n)
        final[n] = {c: {s: final_deviation(c, s, scheduler) for s in STRENGTHS} for c in (0.3, 0.6, 1.0)}
    save_file({k: np.ascontiguousarray(t, np.float32) for k, t in tensors.items()}, os.path.join(folder, "sdas.safetensors"))
    with open(os.path.join(folder, "sdas.json"), "w") as f:
        json.dump({"final_deviation": final}, f, indent=1)
        f.write("\n")


main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
