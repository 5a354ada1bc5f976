"""Writes schedulers.json: runs of diffusers' schedulers on a made-up model.

    python make_schedulers.py

The model's output at step i for the scaled latent x is 0.7·tanh(x) + 0.3·(1 + 0.01·i)·noise. The k-th fresh noise that
a scheduler draws, k = 1, 2, …, is the noise rolled by k, and "drawn" how often one did. diffusers' class of Euler
ancestral has no Karras sigmas; for k-diffusion's combination it is given the sigmas and timesteps of Euler. Cases with
"pipeline" have gone through the constructor of StableDiffusionPipeline, which changes a scheduler's configuration.
"eta" is an argument of step, "given" and "strength" are the arguments timesteps and strength of set_timesteps.
"""

import json
import pathlib
import re

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    TCDScheduler,
    UniPCMultistepScheduler,
)
from diffusers.schedulers import (
    scheduling_ddim,
    scheduling_dpmsolver_multistep,
    scheduling_euler_ancestral_discrete,
    scheduling_lcm,
    scheduling_tcd,
)

CLASSES = {
    "ddim": DDIMScheduler, "pndm": PNDMScheduler, "euler": EulerDiscreteScheduler,
    "euler-a": EulerAncestralDiscreteScheduler, "dpmpp2m": DPMSolverMultistepScheduler,
    "dpmpp2m-sde": DPMSolverMultistepScheduler, "unipc": UniPCMultistepScheduler, "lcm": LCMScheduler, "tcd": TCDScheduler,
}  # fmt: skip
SD1 = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "clip_sample": False,
}  # fmt: skip
SDE = {"algorithm_type": "sde-dpmsolver++"}
ZERO_SNR = {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
DRAWING = scheduling_euler_ancestral_discrete, scheduling_dpmsolver_multistep, scheduling_ddim, scheduling_lcm, scheduling_tcd
INIT = [2.29936, 0.02587, -0.40353, 0.26792, -1.20431, 0.74438, -0.06135, 1.61023]
NOISE = [-0.84897, -1.2986, 0.48232, 0.86226, 0.33175, -0.22041, 1.90512, -0.57719]

# overrides of SD1 (None removes a field), kinds, step counts, start, what else the run is told
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
    ({**ZERO_SNR, "timestep_spacing": "trailing"}, "ddim pndm euler euler-a dpmpp2m", (1, 7, 20), 0),
    ({**ZERO_SNR, "timestep_spacing": "trailing", "set_alpha_to_one": True}, "ddim", (20,), 5),
    ({**ZERO_SNR, "timestep_spacing": "linspace"}, "ddim euler euler-a dpmpp2m", (7,), 0),
    ({**ZERO_SNR, "timestep_spacing": "leading"}, "ddim euler euler-a dpmpp2m", (7,), 0),
    ({**ZERO_SNR, "timestep_spacing": "leading", "prediction_type": "epsilon"}, "ddim euler euler-a dpmpp2m", (7,), 0),
    ({**ZERO_SNR, "timestep_spacing": "trailing", "use_karras_sigmas": True}, "euler dpmpp2m", (7,), 0),
    ({**ZERO_SNR, "beta_schedule": "linear", "timestep_spacing": "trailing"}, "ddim euler dpmpp2m", (7,), 0),
    (SDE, "dpmpp2m-sde", (1, 2, 7, 20), 0),
    (SDE, "dpmpp2m-sde", (40,), 13),
    ({**SDE, "solver_type": "heun"}, "dpmpp2m-sde", (7, 20), 0),
    ({**SDE, "use_karras_sigmas": True}, "dpmpp2m-sde", (12,), 0),
    ({**SDE, "use_karras_sigmas": True, "solver_type": "heun", "final_sigmas_type": "sigma_min"}, "dpmpp2m-sde", (9,), 0),
    ({**SDE, "euler_at_final": True, "final_sigmas_type": "sigma_min"}, "dpmpp2m-sde", (16,), 0),
    ({**SDE, "prediction_type": "v_prediction", "timestep_spacing": "trailing"}, "dpmpp2m-sde", (10,), 0),
    ({**SDE, **ZERO_SNR, "timestep_spacing": "trailing"}, "dpmpp2m-sde", (7,), 0),
    ({"timestep_spacing": "trailing"}, "euler euler-a dpmpp2m unipc", (1, 4), 0),
    ({"timestep_spacing": "trailing", "prediction_type": "sample"}, "euler", (1, 4), 0),
    ({}, "ddim", (7,), 0, {"eta": 1.0}),
    ({}, "ddim", (20,), 8, {"eta": 0.4}),
    ({"clip_sample": True, "timestep_spacing": "trailing", "set_alpha_to_one": True}, "ddim", (7,), 0, {"eta": 0.7}),
    # With η = 1 the noise that is kept would be the rounding error of a difference.
    ({**ZERO_SNR, "timestep_spacing": "trailing"}, "ddim", (7,), 0, {"eta": 0.5}),
    ({}, "unipc", (1, 2, 7, 20), 0),
    ({}, "unipc", (20,), 7),
    ({"solver_order": 1}, "unipc", (7,), 0),
    ({"solver_order": 3}, "unipc", (2, 12), 0),
    ({"solver_order": 3}, "unipc", (20,), 7),
    ({"solver_order": 3, "lower_order_final": False, "final_sigmas_type": "sigma_min"}, "unipc", (9,), 0),
    ({"solver_type": "bh1", "final_sigmas_type": "sigma_min"}, "unipc", (9,), 0),
    ({"solver_type": "bh1", "solver_order": 3, "final_sigmas_type": "sigma_min"}, "unipc", (9,), 0),
    ({"disable_corrector": [0, 2]}, "unipc", (9,), 0),
    ({"timestep_spacing": "leading", "prediction_type": "v_prediction"}, "unipc", (9,), 0),
    ({"use_karras_sigmas": True}, "unipc", (7, 20), 0),
    ({"use_karras_sigmas": True, "beta_schedule": "squaredcos_cap_v2"}, "unipc", (11,), 0),
    ({**ZERO_SNR, "timestep_spacing": "trailing"}, "unipc", (7,), 0),
    ({}, "lcm tcd", (1, 4, 7), 0),
    ({}, "lcm tcd", (8,), 3),
    ({"prediction_type": "v_prediction"}, "lcm tcd", (4,), 0),
    ({"original_inference_steps": 100}, "lcm tcd", (6,), 0),
    ({"clip_sample": True, "timestep_scaling": 0.01}, "lcm", (4,), 0),
    ({**ZERO_SNR}, "lcm tcd", (4,), 0),
    ({}, "lcm tcd", (4,), 0, {"strength": 0.5}),
    ({}, "lcm", (1,), 0, {"given": [800]}),
    ({}, "lcm tcd", (3,), 0, {"given": [800, 400, 0]}),
    ({}, "tcd", (1,), 0, {"given": [800], "eta": 1.0}),
    ({}, "tcd", (7,), 0, {"eta": 0.0}),
    ({}, "tcd", (7,), 0, {"eta": 0.6}),
    ({}, "tcd", (4,), 0, {"eta": 1.0}),
]  # fmt: skip

# The same, for schedulers of a pipeline.
PIPELINE_CASES = [
    ({"timestep_spacing": spacing, "steps_offset": offset, "clip_sample": clip}, "ddim pndm euler euler-a dpmpp2m", (7,), 0)
    for spacing in ("leading", "linspace", "trailing")
    for offset, clip in ((0, True), (None, None))
]  # fmt: skip


def new(kind, config, pipeline):
    cls = CLASSES[kind]
    s = cls(**{k: v for k, v in config.items() if k in cls.__init__.__wrapped__.__code__.co_varnames})
    if pipeline:
        parts = dict.fromkeys(("vae", "text_encoder", "tokenizer", "unet", "safety_checker", "feature_extractor"))
        s = StableDiffusionPipeline(scheduler=s, requires_safety_checker=False, **parts).scheduler
    return s


def set_timesteps(s, kind, config, steps, told):
    if given := told.get("given"):
        s.set_timesteps(timesteps=given)
    else:
        s.set_timesteps(steps, **{k: v for k, v in told.items() if k == "strength"})
    if kind == "euler-a" and config.get("use_karras_sigmas"):
        euler = new("euler", config, False)
        euler.set_timesteps(steps)
        s.sigmas, s.timesteps = euler.sigmas, euler.timesteps


def run(kind, config, steps, start, pipeline, told):
    s = new(kind, config, pipeline)
    set_timesteps(s, kind, config, steps, told)
    timesteps = s.timesteps[start:]
    if hasattr(s, "set_begin_index"):
        s.set_begin_index(start)
    noise = torch.tensor(NOISE)
    drawn = []

    def fresh(*_, **__):
        drawn.append(torch.roll(noise, len(drawn) + 1))
        return drawn[-1]

    for module in DRAWING:
        module.randn_tensor = fresh
    x = torch.tensor(INIT)[None] * s.init_noise_sigma  # UniPC's class wants a batch
    latents = []
    for i, t in enumerate(timesteps, start):
        scaled = s.scale_model_input(x, t)
        output = 0.7 * torch.tanh(scaled) + 0.3 * (1 + 0.01 * i) * noise
        x = s.step(output, t, x, **{k: v for k, v in told.items() if k == "eta"}).prev_sample
        latents.append(x[0].tolist())
    noisy = new(kind, config, pipeline)
    set_timesteps(noisy, kind, config, steps, told)
    t = noisy.timesteps[len(noisy.timesteps) // 2 : len(noisy.timesteps) // 2 + 1]
    return ({"pipeline": True} if pipeline else {}) | {
        "kind": kind, "config": config, "steps": steps, "start": start, **told,
        "timesteps": s.timesteps.tolist(), "sigma": float(s.init_noise_sigma), "drawn": len(drawn),
        "second": latents[min(1, len(latents) - 1)], "final": latents[-1],
        "noisy_at": t.item(), "noisy": noisy.add_noise(torch.tensor(INIT)[None], noise[None], t)[0].tolist(),
    }  # fmt: skip


def main():
    cases = []
    for pipeline, group in (False, CASES), (True, PIPELINE_CASES):
        for overrides, kinds, counts, start, *told in group:
            config = {k: v for k, v in {**SD1, **overrides}.items() if v is not None}
            for kind in kinds.split():
                for steps in counts:
                    cases.append(run(kind, config, steps, start, pipeline, *(told or [{}])))
    out = {"init": INIT, "noise": NOISE, "cases": cases}
    text = re.sub(r'{"(kind|pipeline)"', r'\n{"\1"', json.dumps(out))
    pathlib.Path(__file__).with_name("schedulers.json").write_text(text + "\n")


main()
