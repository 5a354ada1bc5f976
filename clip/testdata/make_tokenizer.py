"""Writes tokenizer.json: what transformers' CLIPTokenizer makes of hard strings, without padding.

    python make_tokenizer.py TOKENIZER_DIR     # with CLIP's vocab.json and merges.txt

Each of the three configurations is one that published models have.
"""

import json
import pathlib
import shutil
import sys
import tempfile

from transformers import CLIPTokenizer

TEXTS = [
    "a photo of a hazelnut with a crack on it",
    "A Photo of   a METAL nut, bent!",
    "naïve café — 東京 🙂 it's 3.5mm",
    "don't you'll we've I'M they'd 're''ve",
    "'S 'T 'RE 'll'll 'd' a'b'c's't're O'Reilly's",
    "&amp; &lt;b&gt; &#39; <b>bold</b>",
    "a\tb\nc\r\nd\x0be\x0cf\x85g\xa0h\u2003i\u3000j\u2028k",
    "", "   ", "\n",
    "!!!???...", "x_y-z__ 100% #hash @user",
    "1234567890 12 3.4e-5 ½ ¾ ² Ⅳ ① ٣٤٥ 三",
    "😀😃👨‍👩‍👧‍👦🏳️‍🌈🇩🇪 🙂🙂🙂's",
    "العربية עברית हिन्दी ไทย 한국어 日本語 中文",
    "e\u0301 o\u0308 A\u030a \u0301start \u0344 \u0958 \u2126 \u1e9b\u0323",
    "ﬁ ﬂ ﬀ ß ẞ ſ İstanbul ı Ω K Å ŉ ǰ ΐ",
    "ΣΊΣΥΦΟΣ ΑΣ ǅ ǈ ǋ ᾳ ᾼ 𐐀𐐨 Ꭰ ꭰ Ა ა",
    "<|startoftext|>", "<|endoftext|>", "a<|endoftext|>b<|startoftext|>c",
    "<|STARTOFTEXT|>!! <|EndOfText|>", "<|startoftext <| startoftext |>",
    "\x00\x01\x1c\x1f\x7f a\u200bb\u200dc\ufeffd\u00ade \ufffd\ufffe\uffff",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚 ａｂｃ　ＡＢＣ１２３ ㍿ ㎏ ⓐ ⒜ Ⓐ",
    "http://www.example.com/path?q=1&r=2#frag",
    "“smart” ‘quotes’ it’s… $100 €50 £3 ¥5",
    "~`!@#$%^&*()_+-=[]{}|;':\",./<>?",
    "a" * 500, "hello " * 100, "!" * 300, "1" * 100, "é" * 100, "crack" * 50,
]  # fmt: skip

START, END = "<|startoftext|>", "<|endoftext|>"


def token(content, normalized):
    return {"content": content, "lstrip": False, "normalized": normalized, "rstrip": False, "single_word": False}


def special_tokens_map(pad):
    return {"bos_token": token(START, True), "eos_token": token(END, True), "unk_token": token(END, True), "pad_token": pad}


CONFIGS = {
    "plain": {"tokenizer_config.json": {"model_max_length": 77, "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}},
    "sd1": {"tokenizer_config.json": {"model_max_length": 77}, "special_tokens_map.json": special_tokens_map(END)},
    "sd2": {"tokenizer_config.json": {"model_max_length": 77, "pad_token": END}, "special_tokens_map.json": special_tokens_map("!")},
}  # fmt: skip


def main():
    source = pathlib.Path(sys.argv[1])
    out = {}
    for name, files in CONFIGS.items():
        with tempfile.TemporaryDirectory() as d:
            for file in ("vocab.json", "merges.txt"):
                shutil.copyfile(source / file, f"{d}/{file}")
            for file, content in files.items():
                pathlib.Path(d, file).write_text(json.dumps(content))
            t = CLIPTokenizer.from_pretrained(d)
            cases = [{"text": s, "ids": t(s, truncation=True, max_length=77)["input_ids"]} for s in TEXTS]
        out[name] = {"files": files, "pad": t.pad_token_id, "cases": cases}
    lines = json.dumps(out, ensure_ascii=True).replace('{"text"', '\n{"text"')
    pathlib.Path(__file__).with_name("tokenizer.json").write_text(lines + "\n")


main()
