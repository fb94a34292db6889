"""Writes a trained table as a model folder in Hugging Face's layout."""

import hashlib
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MAX_TOKENS = 512
OPSET = 17
IR_VERSION = 8


# The least and the largest value of four bits, kept even so that zero is exact.
_LARGEST = 7
_ZERO = 8  # what stands for zero in a half byte
_CLIPS = np.linspace(0.4, 1.0, 13)


def quantise(table):
    """Returns (whole numbers from -7 to 7, f32 scale of each row).

    A row's scale is the one of the smallest squared error: large values are clipped where that serves
    the many small ones. What rounding does to a token averages out over a text.
    """
    largest = np.abs(table).max(axis=1)
    largest[largest == 0] = 1.0
    best_error = np.full(len(table), np.inf)
    best_scale = np.ones(len(table), np.float32)
    for clip in _CLIPS:
        scale = largest * clip / _LARGEST
        rounded = np.clip(np.rint(table / scale[:, None]), -_LARGEST, _LARGEST) * scale[:, None]
        error = ((rounded - table) ** 2).sum(axis=1)
        better = error < best_error
        best_error[better], best_scale[better] = error[better], scale[better]
    rows = np.clip(np.rint(table / best_scale[:, None]), -_LARGEST, _LARGEST).astype(np.int8)
    return rows, best_scale.astype(np.float32)


def pack(rows):
    """Returns uint8 [vocabulary x dimension / 2]: the first half of a row in the low bits, the second in the high."""
    half = rows.shape[1] // 2
    shifted = (rows + _ZERO).astype(np.uint8)
    return shifted[:, :half] | (shifted[:, half:] << 4)


def graph(rows, scale):
    """Builds the ONNX model: a weighted sum of rows of 4-bit numbers, made unit length.

    The bytes go through Gather before they become float, so that constant folding has nothing to widen:
    the session stays at half a byte a weight. A byte b holds low + 16 * high, both shifted by 8, so with
    weights w (row scale times mask) the sums are

        sum(w * high) = sum(w * floor(b / 16)) - 8 * sum(w)
        sum(w * low)  = sum(w * b) - 16 * sum(w * floor(b / 16)) - 8 * sum(w)

    which takes two MatMuls and one rounding, and no pass over unpacked tokens. The sum is not divided by
    the token count, because normalising undoes that; the floor under the length keeps an empty text at zero.
    """
    dimension = rows.shape[1]
    nodes = [
        helper.make_node("Gather", ["rows", "input_ids"], ["token_bytes"], axis=0),
        helper.make_node("Cast", ["token_bytes"], ["token_values"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["token_values", "sixteenth"], ["token_shifted"]),
        helper.make_node("Floor", ["token_shifted"], ["token_high"]),
        helper.make_node("Gather", ["scale", "input_ids"], ["token_scale"], axis=0),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["token_scale", "mask"], ["weight"]),
        helper.make_node("Unsqueeze", ["weight", "row_axis"], ["weight_row"]),
        helper.make_node("MatMul", ["weight_row", "token_values"], ["sum_values"]),
        helper.make_node("MatMul", ["weight_row", "token_high"], ["sum_high"]),
        helper.make_node("ReduceSum", ["weight_row", "token_axis"], ["sum_weight"], keepdims=1),
        helper.make_node("Mul", ["sum_weight", "zero"], ["shift"]),
        helper.make_node("Mul", ["sum_high", "sixteen"], ["sum_high_part"]),
        helper.make_node("Sub", ["sum_values", "sum_high_part"], ["sum_low"]),
        helper.make_node("Concat", ["sum_low", "sum_high"], ["sum_shifted"], axis=2),
        helper.make_node("Sub", ["sum_shifted", "shift"], ["sum_row"]),
        helper.make_node("Squeeze", ["sum_row", "row_axis"], ["sum"]),
        helper.make_node("ReduceL2", ["sum"], ["length"], axes=[1], keepdims=1),
        helper.make_node("Max", ["length", "length_floor"], ["safe_length"]),
        helper.make_node("Div", ["sum", "safe_length"], ["sentence_embedding"]),
    ]
    constants = [
        numpy_helper.from_array(pack(rows), "rows"),
        numpy_helper.from_array(scale, "scale"),
        numpy_helper.from_array(np.array(1 / 16, dtype=np.float32), "sixteenth"),
        numpy_helper.from_array(np.array(16, dtype=np.float32), "sixteen"),
        numpy_helper.from_array(np.array(_ZERO, dtype=np.float32), "zero"),
        numpy_helper.from_array(np.array([2], dtype=np.int64), "token_axis"),
        numpy_helper.from_array(np.array([1], dtype=np.int64), "row_axis"),
        numpy_helper.from_array(np.array([1e-12], dtype=np.float32), "length_floor"),
    ]
    shape = ["batch", "sequence"]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "static_embedding",
            [
                helper.make_tensor_value_info("input_ids", TensorProto.INT64, shape),
                helper.make_tensor_value_info("attention_mask", TensorProto.INT64, shape),
            ],
            [helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", dimension])],
            constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="lodestone",
    )
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizer(folder, tokenizer):
    path = folder / "tokenizer.json"
    tokenizer.save(str(path), pretty=False)
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "do_lower_case": True,
            "strip_accents": True,
            "unk_token": "[UNK]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "mask_token": "[MASK]",
            "model_max_length": MAX_TOKENS,
        },
    )


def write_model(folder, model_id, tokenizer, table, settings, card):
    """Writes every file of the model; `settings` are the measured values of the manifest."""
    folder = pathlib.Path(folder)
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    rows, scale = quantise(table)
    onnx.save_model(graph(rows, scale), str(folder / "onnx" / "model_quantized.onnx"))
    write_tokenizer(folder, tokenizer)
    write_json(
        folder / "config.json",
        {
            "model_type": "static-embedding",
            "architectures": ["StaticEmbedding"],
            "vocab_size": int(table.shape[0]),
            "hidden_size": int(table.shape[1]),
            "max_position_embeddings": MAX_TOKENS,
            "pad_token_id": 0,
        },
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    files = []
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx"):
        content = (folder / name).read_bytes()
        files.append({"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    write_json(
        folder / "manifest.json",
        {
            "id": model_id,
            "name": settings["name"],
            "dimension": int(table.shape[1]),
            "max_tokens": MAX_TOKENS,
            "pooling": "none",
            "query_prompt": "",
            "passage_prompt": "",
            "fusion_weight": settings["fusion_weight"],
            "similarity_floor": settings["similarity_floor"],
            "licence": settings["licence"],
            "add_special_tokens": False,
            "drop_unknown": True,
            "instant": True,
            "files": files,
        },
    )
    return sum(entry["bytes"] for entry in files)
