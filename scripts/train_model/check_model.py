"""Checks a model folder as another program would use it: files, hashes, padding, empty input, lengths."""

import hashlib
import json
import pathlib
import sys

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


def fail(message):
    sys.exit(f"check_model: {message}")


def main():
    folder = pathlib.Path(sys.argv[1])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["files"]:
        content = (folder / entry["path"]).read_bytes()
        if len(content) != entry["bytes"] or hashlib.sha256(content).hexdigest() != entry["sha256"]:
            fail(f"{entry['path']} is not what the manifest lists")
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if total > 8_000_000:
        fail(f"{total} bytes in all, more than 8 MB")

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    if tokenizer.encode("Élan").tokens != tokenizer.encode("elan").tokens:
        fail("the tokenizer keeps case or accents")
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model_quantized.onnx"))
    if sorted(one.name for one in session.get_inputs()) != ["attention_mask", "input_ids"]:
        fail(f"inputs are {[one.name for one in session.get_inputs()]}")

    def embed(ids, mask):
        feed = {"input_ids": np.array(ids, np.int64), "attention_mask": np.array(mask, np.int64)}
        return session.run(["sentence_embedding"], feed)[0]

    first, last = 5, tokenizer.get_vocab_size() - 1
    alone = embed([[first, last, first]], [[1, 1, 1]])
    padded = embed([[first, last, first, 0, last], [last] * 5], [[1, 1, 1, 0, 0], [1] * 5])
    if alone.shape != (1, manifest["dimension"]):
        fail(f"the output is {alone.shape}")
    if not np.allclose(alone[0], padded[0], atol=1e-6):
        fail("padding changes the result")
    if not np.allclose(np.linalg.norm(padded, axis=1), 1, atol=1e-5):
        fail("vectors are not of unit length")
    if np.any(embed([[0, 0]], [[0, 0]]) != 0):
        fail("an empty text is not zeros")
    print(f"{folder}: {total} bytes, as it should be")


if __name__ == "__main__":
    main()
