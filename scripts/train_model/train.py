"""Trains the built-in model from text to folder; see README.md beside this file."""

import argparse
import json
import multiprocessing
import pathlib
import sys
import tempfile
import time

import numpy as np
import torch
from tokenizers import Tokenizer

import card
import data
import export
import measure
import sample
import sampling
import trainer
import vocabulary

MODEL_ID = "lodestone-static-1"
VOCABULARY_SIZE = 28000
PIECES = 4000

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent


def options():
    beside = REPOSITORY.parent / "shared"
    parser = argparse.ArgumentParser(prog="scripts/train_model/train", description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, default=beside / "train", metavar="DIR",
                        help="folder of pairs-*.jsonl[.zst] and corpus-*.jsonl[.zst]")
    parser.add_argument("--eval", type=pathlib.Path, default=beside / "eval", metavar="DIR",
                        help="folder of development sets: DIR/NAME/corpus.jsonl ... and DIR/NAME/*-dev.csv")
    parser.add_argument("--output", type=pathlib.Path, metavar="DIR",
                        help=f"where the model folder goes (default web/models/{MODEL_ID}; with --quick a"
                             " temporary folder)")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR",
                        help="keep vocabulary and tokens in DIR, or take them from there: for trials of the training")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true",
                        help="the whole recipe in small on a sample made by script; fails when it learns nothing")
    return parser.parse_args()


def development_sets(folder):
    """Returns (retrieval sets, {name: similarity set}), whatever of each the folder has."""
    retrieval, similarity = [], {}
    if not folder.is_dir():
        return retrieval, similarity
    for one in sorted(path for path in folder.iterdir() if path.is_dir()):
        if all((one / name).is_file() for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv")):
            retrieval.append(measure.retrieval_set(one))
        for table in sorted(one.glob("*-dev.csv")):
            similarity[table.stem] = measure.similarity_set(table)
    return retrieval, similarity


def figures(model, retrieval, similarity):
    result = {name: round(measure.spearman(model, one), 4) for name, one in similarity.items()}
    for one in retrieval:
        semantic = model.similarity(one.queries, one.texts)
        result[one.name] = round(measure.ndcg(semantic, one.relevant), 4)
    return result


def source_weight(source):
    return 0.5 if source in sampling.FICTION else 1.0


def build_vocabulary(text, size, pieces):
    def texts():
        for source, title, body in text.records:
            yield source, f"{title} {body}"
        for source, _, query, _ in text.pairs:
            yield source, query

    return vocabulary.build(vocabulary.count_words(texts()), source_weight, size, pieces)


def prepare(arguments, size, pieces, tell):
    """Returns (tokenizer, tokenised text), from the folder --keep if an earlier run left them there."""
    keep = arguments.keep
    if keep and (keep / "tokens.npz").is_file():
        return Tokenizer.from_file(str(keep / "tokenizer.json")), data.load(keep / "tokens.npz")
    text = data.read(arguments.data)
    tell(f"{len(text.pairs)} pairs, {len(text.records)} records")
    tokenizer = vocabulary.tokenizer(build_vocabulary(text, size, pieces))
    tell(f"vocabulary of {tokenizer.get_vocab_size()} tokens")
    tokenised = data.tokenise(tokenizer, text)
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(keep / "tokenizer.json"))
        data.save(keep / "tokens.npz", tokenised)
    return tokenizer, tokenised


def train_tables(tokenised, vocabulary_size, schedule, checkpoint):
    """Returns one table of as many times the dimension as there are seeds.

    Tables of other seeds err differently: side by side they are better than one of their width that was
    trained as one. Each takes a process with one thread, which wastes less than two threads on one table.
    """

    def work(seed, result):
        torch.set_num_threads(1)
        examples = sampling.Examples(tokenised, sampling.Sampling(), seed)
        result.send(trainer.train(examples, vocabulary_size, schedule, seed,
                                  lambda step, table: checkpoint(seed, step, table)))

    # The tokens are hundreds of megabytes: children that are forked share them.
    context = multiprocessing.get_context("fork")
    children = []
    for seed in schedule.seeds:
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=work, args=(seed, theirs))
        child.start()
        theirs.close()
        children.append((child, ours))
    tables = [result.recv() for _, result in children]
    for child, _ in children:
        child.join()
    return np.concatenate(tables, axis=1)


def run(arguments, schedule, size, pieces):
    started = time.monotonic()

    def tell(line):
        print(f"[{time.monotonic() - started:6.0f} s] {line}", flush=True)

    tokenizer, tokenised = prepare(arguments, size, pieces, tell)
    retrieval, similarity = development_sets(arguments.eval)

    def checkpoint(seed, step, table):
        tell(f"seed {seed}, step {step}: {figures(measure.Model(tokenizer, table), retrieval, similarity)}")

    table = train_tables(tokenised, tokenizer.get_vocab_size(), schedule, checkpoint)
    torch.set_num_threads(arguments.threads)
    examples = sampling.Examples(tokenised, sampling.Sampling(), schedule.seeds[0])
    tell(f"{examples.token_count.sum()} tokens, {examples.per_pass()} examples a pass")
    tell(f"as trained: {figures(measure.Model(tokenizer, table), retrieval, similarity)}")
    table = trainer.flatten(table, examples, schedule.flattening)
    float_figures = figures(measure.Model(tokenizer, table), retrieval, similarity)
    tell(f"float: {float_figures}")

    rows, scale = export.quantise(table)
    model = measure.Model(tokenizer, rows * scale[:, None])
    packed_figures = figures(model, retrieval, similarity)
    weight, fused = measure.choose_fusion_weight(model, retrieval) if retrieval else (0.5, {})
    floor = measure.similarity_floor(model, retrieval)
    lexical = {one.name: round(measure.ndcg(one.lexical, one.relevant), 4) for one in retrieval}
    tell(f"4 bits: {packed_figures}")
    tell(f"lexical: {lexical}")
    for name, by_weight in fused.items():
        tell(f"hybrid on {name}: {({key: round(value, 4) for key, value in by_weight.items()})}")
    tell(f"fusion weight {weight}, similarity floor {floor}")
    measured = {
        "float": float_figures,
        "packed": packed_figures,
        "lexical": lexical,
        "hybrid": {name: round(by_weight[weight], 4) for name, by_weight in fused.items()},
    }
    settings = {
        "name": "Lodestone static 1",
        "fusion_weight": weight,
        "similarity_floor": floor,
        "licence": "CC-BY-SA-4.0",
    }
    sources = arguments.data / "SOURCES.md"
    size_bytes = export.write_model(
        arguments.output,
        MODEL_ID,
        tokenizer,
        table,
        settings,
        card.text(MODEL_ID, schedule, examples.sampling, tokenizer.get_vocab_size(), measured, settings, sources),
    )
    tell(f"{arguments.output}: {size_bytes} bytes")
    return measured


def quick(arguments):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        sample.make(folder, 20)
        arguments.data, arguments.eval = folder / "data", folder / "eval"
        arguments.output = arguments.output or folder / "model"
        schedule = trainer.Schedule(dimension=64, seeds=(20, 21), first_steps=40, mined_steps=20, clusters=40,
                                    report_every_steps=20)
        measured = run(arguments, schedule, size=1200, pieces=200)
    semantic, lexical = measured["packed"]["made"], measured["lexical"]["made"]
    if semantic < 0.6 or semantic < lexical + 0.2:
        sys.exit(f"train: the recipe learned too little: nDCG@10 {semantic}, words alone {lexical}")
    if abs(measured["float"]["made"] - semantic) > 0.005:
        sys.exit(f"train: 4 bits cost too much: {measured}")
    print(json.dumps(measured))


def main():
    arguments = options()
    if arguments.quick:
        quick(arguments)
        return
    arguments.output = arguments.output or REPOSITORY / "web" / "models" / MODEL_ID
    run(arguments, trainer.Schedule(), VOCABULARY_SIZE, PIECES)
    index = arguments.output.parent / "index.json"
    export.write_json(index, {"default": MODEL_ID, "models": [{"id": MODEL_ID}]})


if __name__ == "__main__":
    main()
