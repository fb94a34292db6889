"""Writes the golden files of tokenizer_test.cc from the reference implementation.

Needs the Python package `tokenizers` (0.23.1 was used):  python3 make_golden.py
The vocabulary and the texts are our own; only the expected ids come from the reference.
"""

import json
import pathlib
import random

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent

WORDS = """search library passage document query meaning index folder private browser tab model token the a of and to
in is read cut embed rank word page light dark night sea wind river stone house green old new year day cafe naive
resume uber angstrom istanbul strasse munchen zurich tokyo seoul don can won it you we they not no yes one two three
hello world test data set string letter number""".split()
PIECES = "s ing ed er est ly ness ment tion al able ful less ize ity ous ive en y t re ll ve m d un ex in th he an".split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
EXTRA = """東 京 都 日 本 語 中 文 書 海 風 か な カ ナ テ ス ト ᄒ ᅡ ᆫ ᄀ ᅳ ᆯ α β γ ς σ о л и я ж б א ב ا ل क म ा ก า ℓ ™ ß ø ł đ æ œ ı ſ ﬁ 😀 🎉 👍 ❤ 🇫 🇷
。 、 「 」 … — – ’ “ ” • € £ ° ² ½ × →""".split()


def vocabulary():
    letters = [chr(c) for c in range(0x21, 0x7F) if not chr(c).isupper()]
    pieces = SPECIAL + letters + ["##" + c for c in letters] + WORDS + ["##" + p for p in PIECES] + EXTRA
    pieces += ["##" + c for c in EXTRA] + ["Search", "Library", "É", "é", "##é", "İ", "ü", "##ü"]
    return {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}


def tokenizer(**normalizer):
    words = vocabulary()
    options = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    options.update(normalizer)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": words[s], "content": s, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True} for s in SPECIAL],
        "normalizer": {"type": "BertNormalizer", **options},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {s: {"id": s, "ids": [words[s]], "tokens": [s]} for s in ("[CLS]", "[SEP]")},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": words},
    }


TEXTS = [
    "", " ", "Hello, world!", "Searching the LIBRARY for meanings.", "unread pages: 12,345.67 (two-thirds)",
    "Café naïve résumé über Ångström", "Cafe\u0301 e\u0301\u0302 combining", "İstanbul ISTANBUL ıstanbul",
    "Straße STRASSE ẞ", "München Zürich", "東京都の日本語テスト。", "中文書 海風", "カナ かな ﾃｽﾄ", "한글 한국어", "ΑΒΓ ς Σ ΟΔΟΣ",
    "Соляж ёлка Йод", "אב שלום", "العربية", "कमा हिन्दी", "ภาษา", "😀🎉 party 👍🏽", "👩‍👩‍👧‍👦 family", "🇫🇷 flag ❤️", "ﬁne ﬂow ℓ ™",
    "don't can't won't you'll they've it's", "tab\there\nnew line\r\nreturn", "nul\x01ctrl\x7fdel\u0085nel\u200bzero\ufeffbom",
    "no\u00a0break\u2003em\u3000wide\u2028line\u2029para\u1680ogham", "soft\u00adhyphen \u200ejoin\u200d", "\ufffdreplaced\ufffd",
    "private \ue000 use \U000f0000", "a" * 99, "a" * 100, "a" * 101, "é" * 100, "é" * 101, "search" * 17, "x " * 5,
    "[CLS] quoted [SEP] and [MASK]ed", "[sep] [Sep] [SEP][SEP]x", "[[SEP]] [ SEP ]", "##ing ## #", "_under_score_ a_b",
    "C++ & C# @ 100% $5 ^_^ ~`", "“curly” ‘quotes’ — dash – en … dots •", "½ × 2 = 1² → €5 £3 °C",
    "e-mail: a.b@example.com http://example.com/x?y=z#w", "x\u0300\u0301\u0302y", "\u0301leading mark", "१२३ ١٢٣",
    "\u09fd\u0a76 \u2e52 punctuation after Unicode 8", "\u0897 \u08ca mark after Unicode 8", "\u1734 \u166d",
    "豈更 \uf900", "𠀀 \U0002ebf0 \U00020000", "ǅ ǈ Ǆ", "K Å Ω", "\u037e\u1fef\u2000", "a\u0338b ≠ ≮", "㍿ ① Ⅷ ﷺ",
]


def random_texts():
    rng = random.Random(20240501)
    alphabet = sorted({c for text in TEXTS for c in text}) + [" "] * 40 + WORDS + ["[SEP]", "##", "ing"]
    return ["".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 40))) for _ in range(150)]


def main():
    variants = {
        "uncased": {},
        "cased": {"lowercase": False},
        "accents": {"strip_accents": False},
        "raw": {"clean_text": False, "handle_chinese_chars": False, "lowercase": False},
    }
    for name, options in variants.items():
        file = tokenizer(**options)
        path = HERE / f"{name}.tokenizer.json"
        path.write_text(json.dumps(file, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
        reference = Tokenizer.from_file(str(path))
        texts = TEXTS + random_texts()
        with open(HERE / f"{name}.ids.jsonl", "w", encoding="utf-8") as out:
            for text in texts:
                ids = reference.encode(text, add_special_tokens=False).ids
                out.write(json.dumps({"text": text, "ids": ids}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
