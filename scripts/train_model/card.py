"""The model card that goes with the weights."""

import re

_LEAD = """---
language: en
license: {licence}
pipeline_tag: sentence-similarity
---

# {name} (`{model_id}`)

A static embedding model for English search: one vector a token, no attention. A text's vector is the sum of
its tokens' vectors, made unit length; how much a token counts is the length of its vector, which training
learned. It is small enough to come with the site and fast enough that tokenising is the larger cost.

- Vocabulary: {vocabulary} uncased WordPiece tokens of its own. No special tokens are added, unknown ones dropped.
- Vectors: {dimension} values, compared by cosine. Weights: two 4-bit values a byte, one
  scale a row; what rounding does to a token averages out over a text.
- Inputs `input_ids`, `attention_mask` (int64, [batch, sequence]); output `sentence_embedding` (f32, unit length;
  zeros for an empty text). Padding changes nothing.
- Licence: {licence}, as parts of the training text are shared alike.

## Training

`scripts/train_model/train` in this repository, seeds fixed. Contrastive (symmetric InfoNCE, scale {scale}) on
pairs of query and passage, titles with their texts, and disjoint parts of one text; batches of {batch} in chunks
of {chunk} from one source; {first_steps} steps, then {mined_steps} with a hard negative for each pair as well, which
the model of that moment found near the query. {tables} tables of {part} values, of other seeds, are trained so and laid
side by side. Then the table is rotated to the axes of its query vectors and their variances are evened out (exponent
{flattening}). No other model's weights or outputs were used.

## Figures

Development sets, measured offline on the 4-bit weights: Spearman correlation for STS, nDCG@10 for retrieval.
Lexical is BM25 with Porter stems; hybrid adds standardised scores, {weight} semantic and {rest} lexical.

| set | semantic, f32 | semantic, 4 bits | lexical | hybrid |
|---|---|---|---|---|
{figures}

## Limits

English only. Word order is lost ("dog bites man" equals "man bites dog"), negation hardly counts, and a word's
vector is the same in all its senses. Names and codes outside of the vocabulary are cut in pieces that say
little: lexical search carries those, and search should fuse both. Texts of a few sentences suit it best. It
repeats whatever associations its training text holds.

## Data

Texts were used to train and are not contained in the model. One line a source: where, licence.

| source | origin | licence |
|---|---|---|
{sources}
"""


def _sources(path):
    if not path.is_file():
        return "| made by script | `sample.py` | - |"
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) >= 4 and re.fullmatch(r"[0-9a-f]{40}", cells[2]):
            lines.append(f"| {cells[0]} | {cells[1]} at {cells[2][:12]} | {cells[3]} |")
    return "\n".join(lines)


def text(model_id, schedule, sampling, vocabulary_size, measured, settings, sources):
    def figure(part, name):
        value = measured[part].get(name)
        return "" if value is None else f"{value:.4f}"

    return _LEAD.format(
        model_id=model_id,
        name=settings["name"],
        licence=settings["licence"],
        vocabulary=vocabulary_size,
        dimension=schedule.dimension * len(schedule.seeds),
        tables=len(schedule.seeds),
        part=schedule.dimension,
        flattening=schedule.flattening,
        scale=f"{schedule.scale:g}",
        batch=sampling.batch,
        chunk=sampling.chunk,
        first_steps=schedule.first_steps,
        mined_steps=schedule.mined_steps,
        weight=settings["fusion_weight"],
        rest=round(1 - settings["fusion_weight"], 2),
        figures="\n".join(
            f"| {name} | {figure('float', name)} | {figure('packed', name)} | {figure('lexical', name)}"
            f" | {figure('hybrid', name)} |"
            for name in measured["packed"]
        ),
        sources=_sources(sources),
    )
