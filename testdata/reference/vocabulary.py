"""A tiny byte-pair vocabulary in CLIP's file format, learnt from the few lines below.

The public vocabulary has 49,408 entries, so its embedding table would be most of a tiny model.
"""

import collections
import json
import re

BOS, EOS = "<|startoftext|>", "<|endoftext|>"

CORPUS = """
a photo of a hazelnut with a crack on it
a photo of a hazelnut with a large, jagged crack exposing the interior.
a photo of a metal nut with a scratch on it
a photo of a metal nut with a bent edge and a deep scratch across the metal
a photo of a printed circuit board with a burnt spot on it
a picture of a bottle, a cable, a capsule, a carpet, a grid, a pill, a screw, a tile and a zipper
the hazelnut is cracked and the nut is scratched, the hole in the wood is large
"""


def byte_symbols():
    """GPT-2's printable stand-in for each of the 256 bytes, in the order of CLIP's vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(rest)}


def learn_merges(text, count):
    """The `count` most frequent pair merges of the text's words, ties in alphabetical order."""
    symbols = byte_symbols()
    words = collections.Counter()
    for word in re.findall(r"[a-z]+|[^\sa-z]+", text.lower()):
        spelt = [symbols[b] for b in word.encode()]
        words[(*spelt[:-1], spelt[-1] + "</w>")] += 1
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        words = collections.Counter({merge(word, best): n for word, n in words.items()})
    return merges


def merge(word, pair):
    """The word with every occurrence of the pair joined, from the left."""
    out = []
    for symbol in word:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return tuple(out)


def write(folder, merge_count, specials_last, special_tokens_map=None, **tokenizer_config):
    """Writes vocab.json, merges.txt and the tokenizer's configuration; returns the ids of BOS and EOS.

    CLIP's own vocabulary has the special tokens last, so that EOS is its highest id;
    with specials_last=False they stand before the merged tokens.
    """
    merges = learn_merges(CORPUS, merge_count)
    symbols = list(byte_symbols().values())
    joined = list(dict.fromkeys("".join(pair) for pair in merges))
    tokens = symbols + [s + "</w>" for s in symbols]
    tokens += [*joined, BOS, EOS] if specials_last else [BOS, EOS, *joined]
    vocab = {token: i for i, token in enumerate(tokens)}

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **tokenizer_config}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    if special_tokens_map:
        (folder / "special_tokens_map.json").write_text(json.dumps(special_tokens_map, indent=1) + "\n")
    return len(vocab), vocab[BOS], vocab[EOS]


def added_token(content):
    """A special token as the published files write it: an object."""
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
