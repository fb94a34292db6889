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


def quantise(table):
    """Returns (int8 rows, f32 scale of each row); a row's largest magnitude becomes 127."""
    scale = np.abs(table).max(axis=1) / 127.0
    scale[scale == 0] = 1.0
    rows = np.clip(np.rint(table / scale[:, None]), -127, 127).astype(np.int8)
    return rows, scale.astype(np.float32)


def graph(rows, scale):
    """Builds the ONNX model: a weighted sum of int8 rows, made unit length.

    The int8 table goes through Gather before it becomes float, so that constant folding has nothing
    to widen: the session stays at a byte a weight. Row scale and mask meet in one row vector, which
    makes pooling a single MatMul and padding an exact zero. The sum is not divided by the token
    count, because normalising undoes that; the floor under the length keeps an empty text at zero.
    """
    dimension = rows.shape[1]
    nodes = [
        helper.make_node("Gather", ["rows", "input_ids"], ["token_rows"], axis=0),
        helper.make_node("Cast", ["token_rows"], ["token_values"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["scale", "input_ids"], ["token_scale"], axis=0),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["token_scale", "mask"], ["weight"]),
        helper.make_node("Unsqueeze", ["weight", "row_axis"], ["weight_row"]),
        helper.make_node("MatMul", ["weight_row", "token_values"], ["sum_row"]),
        helper.make_node("Squeeze", ["sum_row", "row_axis"], ["sum"]),
        helper.make_node("ReduceL2", ["sum"], ["length"], axes=[1], keepdims=1),
        helper.make_node("Max", ["length", "length_floor"], ["safe_length"]),
        helper.make_node("Div", ["sum", "safe_length"], ["sentence_embedding"]),
    ]
    constants = [
        numpy_helper.from_array(rows, "rows"),
        numpy_helper.from_array(scale, "scale"),
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
