"""Computes the results in o2mag.safetensors anew from the inputs in it, by the equations, and compares.

    python make_o2mag.py

graft: O2MAG's self-attention of the target: inside its mask from the reference's masked keys and values at a
       temperature, outside from the normal picture's. Two heads, 16 positions, 12 channels.
words: probabilities of cross-attention inside the mask, with the words 4 and 5 a hundred times as strong, and the rows
       normalised again.

Inputs and results are torch's in double precision, of which the file has float32; the released program's operations give
the same to 3e-16. Here there is nothing but Python.
"""

import json
import math
import os
import struct

HEADS, TEMPERATURE, WORDS, FACTOR = 2, 0.7, (4, 5), 100


def read(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    header.pop("__metadata__", None)
    return {k: [v[0] for v in struct.iter_unpack("<f", data[slice(*e["data_offsets"])])] for k, e in header.items()}


def softmax(row):
    e = [math.exp(v - max(row)) for v in row]
    return [v / sum(e) for v in e]


def attention(query, keys, values, channels, head, temperature, seen):
    """One query's result of one head; seen says which keys there are."""
    d = channels // HEADS
    at = lambda x, i: x[i * channels + head * d:][:d]
    there = [i for i, s in enumerate(seen) if s]
    p = softmax([sum(a * b for a, b in zip(query, at(keys, i))) / math.sqrt(d) / temperature for i in there])
    return [sum(w * at(values, i)[c] for w, i in zip(p, there)) for c in range(d)]


def graft(t, channels=12):
    out, d = [], channels // HEADS
    for i, inside in enumerate(t["graft.mask_target"]):
        for head in range(HEADS):
            query = t["graft.q"][i * channels + head * d:][:d]
            if inside:
                out += attention(query, t["graft.k_reference"], t["graft.v_reference"], channels, head, TEMPERATURE, t["graft.mask_reference"])
            else:
                out += attention(query, t["graft.k_normal"], t["graft.v_normal"], channels, head, 1, [1 - m for m in t["graft.mask_target"]])
    return out


def words(t, keys=9):
    out, mask = [], t["graft.mask_target"]
    for i in range(0, len(t["words.p"]), keys):
        gain = FACTOR if mask[i // keys % len(mask)] else 1
        row = [p * (gain if j in WORDS else 1) for j, p in enumerate(t["words.p"][i:i + keys])]
        out += [p / sum(row) for p in row]
    return out


if __name__ == "__main__":
    tensors = read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "o2mag.safetensors"))
    for name, result in (("graft.output", graft(tensors)), ("words.output", words(tensors))):
        worst = max(abs(a - b) for a, b in zip(result, tensors[name], strict=True))
        print(f"{name}: within {worst:.1e}")
        if worst > 1e-6:
            raise SystemExit(f"{name} is not what the equations give")
