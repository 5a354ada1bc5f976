"""Writes schedulers.json: runs of diffusers' schedulers on a made-up model.

    python make_schedulers.py

The model's output at step i for the scaled latent x is 0.7·tanh(x) + 0.3·(1 + 0.01·i)·noise. The fresh noise
of Euler ancestral's k-th step, k = 1, 2, …, is the noise rolled by k. diffusers' class has no Karras sigmas; for
k-diffusion's combination it is given the sigmas and timesteps of Euler.
"""

import json
import pathlib

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
)
from diffusers.schedulers import scheduling_euler_ancestral_discrete

CLASSES = {
    "ddim": DDIMScheduler, "pndm": PNDMScheduler, "euler": EulerDiscreteScheduler,
    "euler-a": EulerAncestralDiscreteScheduler, "dpmpp2m": DPMSolverMultistepScheduler,
}  # fmt: skip
SD1 = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "clip_sample": False,
}  # fmt: skip
INIT = [2.29936, 0.02587, -0.40353, 0.26792, -1.20431, 0.74438, -0.06135, 1.61023]
NOISE = [-0.84897, -1.2986, 0.48232, 0.86226, 0.33175, -0.22041, 1.90512, -0.57719]

# overrides of SD1 (None removes a field), kinds, step counts, start
CASES = [
    ({}, "ddim pndm euler dpmpp2m", (1, 2, 7, 20, 33), 0),
    ({}, "ddim pndm euler dpmpp2m", (40,), 13),
    ({"timestep_spacing": "trailing"}, "ddim pndm euler dpmpp2m", (7, 20, 30), 0),
    ({"timestep_spacing": "linspace"}, "ddim pndm euler dpmpp2m", (13, 20), 0),
    ({"timestep_spacing": "leading"}, "euler dpmpp2m", (13, 20), 0),
    ({"prediction_type": "v_prediction"}, "ddim pndm euler dpmpp2m", (9, 20), 0),
    ({"prediction_type": "v_prediction", "timestep_spacing": "trailing", "set_alpha_to_one": True}, "ddim pndm", (20,), 5),
    ({"beta_schedule": "linear", "beta_start": None, "beta_end": None}, "ddim pndm euler dpmpp2m", (11,), 0),
    ({"beta_schedule": "squaredcos_cap_v2"}, "ddim pndm euler", (11,), 0),
    ({"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, "dpmpp2m", (11, 20), 0),
    ({"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1, "timestep_spacing": "trailing"}, "dpmpp2m", (20,), 0),
    ({"clip_sample": None, "set_alpha_to_one": None}, "ddim", (10,), 0),
    ({"clip_sample": True, "clip_sample_range": 0.5}, "ddim", (10,), 0),
    ({"final_sigmas_type": "sigma_min"}, "euler dpmpp2m", (10, 20), 0),
    ({"final_sigmas_type": "sigma_min", "lower_order_final": False}, "dpmpp2m", (10,), 0),
    ({"euler_at_final": True, "final_sigmas_type": "sigma_min"}, "dpmpp2m", (20,), 0),
    ({"num_train_timesteps": 10, "trained_betas": [0.01 * i for i in range(1, 11)], "steps_offset": 0}, "ddim pndm euler dpmpp2m", (5,), 0),
    ({}, "euler-a", (1, 2, 7, 20), 0),
    ({}, "euler-a", (40,), 13),
    ({"timestep_spacing": "trailing"}, "euler-a", (7,), 0),
    ({"timestep_spacing": "leading", "final_sigmas_type": "sigma_min"}, "euler-a", (13,), 0),
    ({"prediction_type": "v_prediction"}, "euler-a", (9,), 0),
    ({"use_karras_sigmas": True}, "euler euler-a dpmpp2m", (1, 2, 7, 20, 50), 0),
    ({"use_karras_sigmas": True}, "euler euler-a dpmpp2m", (40,), 13),
    ({"use_karras_sigmas": True, "timestep_spacing": "leading"}, "euler euler-a dpmpp2m", (13,), 0),
    ({"use_karras_sigmas": True, "prediction_type": "v_prediction", "final_sigmas_type": "sigma_min"}, "euler dpmpp2m", (9, 20), 0),
    ({"use_karras_sigmas": True, "beta_schedule": "squaredcos_cap_v2"}, "dpmpp2m", (11,), 0),
]  # fmt: skip


def new(kind, config):
    cls = CLASSES[kind]
    return cls(**{k: v for k, v in config.items() if k in cls.__init__.__wrapped__.__code__.co_varnames})


def set_timesteps(s, kind, config, steps):
    s.set_timesteps(steps)
    if kind == "euler-a" and config.get("use_karras_sigmas"):
        euler = new("euler", config)
        euler.set_timesteps(steps)
        s.sigmas, s.timesteps = euler.sigmas, euler.timesteps


def run(kind, config, steps, start):
    s = new(kind, config)
    set_timesteps(s, kind, config, steps)
    timesteps = s.timesteps[start:]
    if hasattr(s, "set_begin_index"):
        s.set_begin_index(start)
    noise = torch.tensor(NOISE)
    fresh = iter(torch.roll(noise, k) for k in range(1, steps + 1))
    scheduling_euler_ancestral_discrete.randn_tensor = lambda *_, **__: next(fresh)
    x = torch.tensor(INIT) * s.init_noise_sigma
    latents = []
    for i, t in enumerate(timesteps, start):
        scaled = s.scale_model_input(x, t)
        x = s.step(0.7 * torch.tanh(scaled) + 0.3 * (1 + 0.01 * i) * noise, t, x).prev_sample
        latents.append(x.tolist())
    noisy = new(kind, config)
    set_timesteps(noisy, kind, config, steps)
    t = noisy.timesteps[len(noisy.timesteps) // 2 : len(noisy.timesteps) // 2 + 1]
    return {
        "kind": kind, "config": config, "steps": steps, "start": start,
        "timesteps": s.timesteps.tolist(), "sigma": float(s.init_noise_sigma),
        "second": latents[min(1, len(latents) - 1)], "final": latents[-1],
        "noisy_at": t.item(), "noisy": noisy.add_noise(torch.tensor(INIT)[None], noise[None], t)[0].tolist(),
    }  # fmt: skip


def main():
    cases = []
    for overrides, kinds, counts, start in CASES:
        config = {k: v for k, v in {**SD1, **overrides}.items() if v is not None}
        for kind in kinds.split():
            for steps in counts:
                cases.append(run(kind, config, steps, start))
    out = {"init": INIT, "noise": NOISE, "cases": cases}
    text = json.dumps(out).replace('{"kind"', '\n{"kind"')
    pathlib.Path(__file__).with_name("schedulers.json").write_text(text + "\n")


main()
