"""Trains the table: contrastive, in-batch negatives, then negatives mined with the table itself."""

import dataclasses
import math
import time

import numpy as np
import torch
from torch.nn import functional


@dataclasses.dataclass
class Schedule:
    dimension: int = 256  # of one table
    seeds: tuple = (20, 21)  # a table for each; they are laid side by side
    first_steps: int = 1500
    mined_steps: int = 300
    learning_rate: float = 0.01
    warm_up_share: float = 0.02
    scale: float = 20.0  # inverse of the temperature of the softmax
    clusters: int = 1024
    nearest: int = 30  # how many near passages a hard negative is drawn from
    too_near: float = 0.92  # of the right passage's similarity: beyond, a passage may be right too
    initial_deviation: float = 0.05
    flattening: float = 0.2
    report_every_steps: int = 100


def _embed(table, ragged):
    values, offset = ragged
    total = functional.embedding_bag(
        torch.from_numpy(values.astype(np.int64)), table, torch.from_numpy(offset), mode="mean"
    )
    return functional.normalize(total, dim=1)


class _Contrast(torch.autograd.Function):
    """Symmetric InfoNCE: the example's own partner against everyone else's, in both directions.

    Mined negatives are further wrong answers to every query; they have no query of their own.
    Written out because both directions can share one exponential: cosines are at most one, so that
    subtracting the scale takes the place of the largest value, and a step costs half of what two
    calls of cross_entropy do.
    """

    @staticmethod
    def forward(context, query, passage, negative, scale):
        cosine = query @ passage.T
        own = torch.diagonal(cosine).clone()
        share = cosine.mul_(scale).sub_(scale).exp_()
        by_query, by_passage = share.sum(1), share.sum(0)
        if negative is not None:
            wrong = (query @ negative.T).mul_(scale).sub_(scale).exp_()
            by_query = by_query + wrong.sum(1)
        loss = 0.5 * (by_query.log() + by_passage.log() + 2 * scale * (1 - own)).mean()
        share.mul_((1 / by_query)[:, None] + (1 / by_passage)[None, :])
        share.diagonal().sub_(2.0)
        factor = 0.5 * scale / len(query)
        for_query, for_passage, for_negative = share @ passage, share.T @ query, None
        if negative is not None:
            wrong.mul_((1 / by_query)[:, None])
            for_query = for_query + wrong @ negative
            for_negative = (wrong.T @ query) * factor
        context.save_for_backward(for_query * factor, for_passage * factor, for_negative)
        return loss

    @staticmethod
    def backward(context, gradient):
        query, passage, negative = context.saved_tensors
        return query * gradient, passage * gradient, None if negative is None else negative * gradient, None


def _clusters(vectors, count, generator):
    """Returns the nearest of `count` k-means centres for each unit vector."""
    sample = vectors[torch.randperm(len(vectors), generator=generator)[: 60 * count]].float()
    centres = sample[:count].clone()
    for _ in range(5):
        nearest = torch.cat([(part @ centres.T).argmax(1) for part in sample.split(10000)])
        total = torch.zeros_like(centres).index_add_(0, nearest, sample)
        empty = total.norm(dim=1) == 0
        total[empty] = sample[torch.randperm(len(sample), generator=generator)[: int(empty.sum())]]
        centres = functional.normalize(total, dim=1)
    return torch.cat([(part.float() @ centres.T).argmax(1) for part in vectors.split(10000)])


def mine(table, examples, schedule, seed):
    """Returns for each pair another pair whose passage the table wrongly finds near its query, or -1.

    Searched within the cluster of the pair's own passage, which is where nearly all near ones are, so
    that mining costs seconds and not hours. A passage nearly as near as the right one is left out: it
    is likely to be right too. One of the nearest is drawn, not the nearest, for the same reason.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        query = torch.cat([_embed(table, part).half() for part in examples.pair_tokens(0, 64)])
        passage = torch.cat([_embed(table, part).half() for part in examples.pair_tokens(1, 128)])
        cluster = _clusters(passage, schedule.clusters, generator)
        negative = torch.full((len(query),), -1)
        for members in torch.argsort(cluster, stable=True).split(torch.bincount(cluster).tolist()):
            count = min(schedule.nearest, len(members) - 1)
            if count < 1:
                continue
            queries, passages = query[members].float(), passage[members].float()
            own = (queries * passages).sum(1, keepdim=True)
            similarity = queries @ passages.T
            similarity[similarity >= schedule.too_near * own] = -2.0
            value, position = similarity.topk(count, dim=1)
            drawn = torch.randint(count, (len(members), 1), generator=generator)
            usable = value.gather(1, drawn).squeeze(1) > -1.5
            negative[members[usable]] = members[position.gather(1, drawn).squeeze(1)[usable]]
    return negative.numpy()


def train(examples, vocabulary_size, schedule, seed, checkpoint=None):
    """Returns the trained table, [vocabulary x dimension] f32, with a mean row length of one.

    `checkpoint(step, table)` is called at each quarter of the way.
    """
    torch.manual_seed(seed)
    table = torch.nn.Parameter(
        torch.randn(vocabulary_size, schedule.dimension) * schedule.initial_deviation
    )
    optimiser = torch.optim.Adam([table], lr=schedule.learning_rate, fused=True)
    total = schedule.first_steps + schedule.mined_steps
    batch_size = min(examples.sampling.batch, max(2, examples.per_pass() // 2))
    order, position, running, mined = np.zeros(0, np.int64), 0, 0.0, None
    started = time.monotonic()
    for step in range(total):
        if step == schedule.first_steps:
            mined = mine(table.detach(), examples, schedule, seed)
            print(f"mined after {time.monotonic() - started:.0f} s", flush=True)
        if position + batch_size > len(order):
            order, position = examples.shuffled_pass(), 0
        warm = min(1.0, (step + 1) / max(1.0, schedule.warm_up_share * total))
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / total))
        index = order[position : position + batch_size]
        position += batch_size
        query, passage = examples.batch(index)
        negative = None if mined is None else _embed(table, examples.hard_negatives(index, mined))
        loss = _Contrast.apply(_embed(table, query), _embed(table, passage), negative, schedule.scale)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        running += loss.item()
        if (step + 1) % schedule.report_every_steps == 0:
            mean, running = running / schedule.report_every_steps, 0.0
            print(f"step {step + 1}/{total}, loss {mean:.3f}, {time.monotonic() - started:.0f} s", flush=True)
        if checkpoint and (step + 1) % max(1, total // 4) == 0:
            checkpoint(step + 1, table.detach().numpy())
    result = table.detach().numpy()
    return result / np.linalg.norm(result, axis=1).mean()


def flatten(table, examples, exponent):
    """Rotates the table to the axes of its queries' vectors and evens out their variances.

    Training leaves a few axes that much text shares with most of the variance; cosines in the evened
    space part texts better. `exponent` 0 would only rotate, 0.5 make all variances equal.
    """
    with torch.no_grad():
        parts = [_embed(torch.from_numpy(table), part)[::25] for part in examples.pair_tokens(0, 64)]
    vectors = torch.cat(parts).numpy()
    vectors = vectors[np.linalg.norm(vectors, axis=1) > 0]
    variance, axes = np.linalg.eigh(np.cov(vectors.T))
    result = (table @ axes) * np.maximum(variance, 1e-9) ** -exponent
    return (result / np.linalg.norm(result, axis=1).mean()).astype(np.float32)
