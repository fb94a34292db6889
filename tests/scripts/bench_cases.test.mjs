import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toRow } from '../../scripts/lib/bench/cases.mjs';
import { recordText } from '../../scripts/lib/bench/report.mjs';
import { scalingCases, speedUp } from '../../scripts/lib/bench/scaling.mjs';
import { casesOf, GRAPH_PEER } from '../../scripts/lib/bench/vector_cases.mjs';

/** @typedef {import('../../scripts/lib/bench/cases.mjs').Case} Case */

const speed = (/** @type {Partial<Case>} */ more) => ({
  case: 'speed',
  unit: 'tokens/s',
  better: /** @type {const} */ ('higher'),
  ours: 100,
  ...more,
});
const time = (/** @type {Partial<Case>} */ more) => ({ ...speed(more), unit: 'ms', better: /** @type {const} */ ('lower') });

test('a ratio above 1 means that ours is better, whichever way is better', () => {
  assert.equal(toRow('l', [speed({ ours: 150, peer: 100, peer_name: 'p' })]).ratio, 1.5);
  assert.equal(toRow('l', [time({ ours: 100, peer: 150, peer_name: 'p' })]).ratio, 1.5);
});

test('medians and spread are of the repetitions, ours and the peer apart', () => {
  const row = toRow('l', [
    speed({ ours: 1, peer: 50, peer_name: 'p' }),
    speed({ ours: 90, peer: 20, peer_name: 'p' }),
    speed({ ours: 30, peer: 10, peer_name: 'p' }),
  ]);
  assert.deepEqual([row.ours, row.peer, row.ratio, row.repetitions], [30, 20, 1.5, 3]);
  assert.deepEqual([row.spread, row.peer_spread], [[1, 90], [10, 50]]);
});

test('a budget is kept or missed in its own direction', () => {
  assert.equal(toRow('l', [time({ ours: 8, limit: 8 })]).holds, true);
  assert.equal(toRow('l', [time({ ours: 8.1, limit: 8 })]).holds, false);
  assert.equal(toRow('l', [speed({ ours: 1.7, limit: 1.8 })]).holds, false);
  assert.equal(toRow('l', [speed({ ours: 1.8, limit: 1.8 })]).holds, true);
});

test('a bar to the peer is kept or missed by the ratio', () => {
  const row = (/** @type {number} */ peer) => toRow('l', [speed({ peer, peer_name: 'p', least_ratio: 1.25 })]);
  assert.equal(row(80).holds, true);
  assert.equal(row(90).holds, false);
});

test('without a peer there is null, and without a bar nothing holds or fails', () => {
  const row = toRow('l', [speed({})]);
  assert.deepEqual([row.peer, row.peer_name, row.ratio, row.limit, row.holds], [null, null, null, null, null]);
});

test('a peer that could not run is null with its reason, and proves nothing', () => {
  const row = toRow('l', [speed({ peer: null, peer_name: 'p', reason: 'out of memory', least_ratio: 1 })]);
  assert.deepEqual([row.ours, row.peer, row.ratio, row.holds, row.reason], [100, null, null, null, 'out of memory']);
});

test('what of ours could not be measured keeps no bar', () => {
  assert.equal(toRow('l', [speed({ ours: null, peer: 1, peer_name: 'p', least_ratio: 1 })]).holds, false);
  assert.equal(toRow('l', [time({ ours: null, limit: 1 })]).holds, false);
});

test('what two threads did not speed up is the serial share that more threads are computed from', () => {
  assert.equal(speedUp(0, 8), 8);
  assert.equal(speedUp(1, 8), 1);
  assert.ok(Math.abs(speedUp(2 / 1.6 - 1, 2) - 1.6) < 1e-9);
  const named = (/** @type {string} */ name, /** @type {number} */ ours) => toRow('vectors', [time({ case: name, ours })]);
  const rows = [named('1k, exact scan, 1 thread, p50', 9), named('1k, exact scan, 2 threads, p50', 9),
    named('100k, exact scan, 1 thread, p50', 3.2), named('100k, exact scan, 2 threads, p50', 2)];
  const cases = scalingCases(rows);
  assert.deepEqual(cases.map((one) => one.case), ['exact scan of 100k, 2 threads',
    ...[4, 8, 16].map((threads) => `exact scan of 100k, ${threads} threads (computed)`)]);
  assert.ok(Math.abs((cases[0].ours ?? 0) - 1.6) < 1e-9);
  assert.ok(Math.abs((cases[1].ours ?? 0) - 1 / (0.25 + 0.75 / 4)) < 1e-9);
});

/** @param {string} setting @param {number | null} width @param {number} recall */
const searched = (setting, width, recall, threads = 1) => ({ setting, width, threads, recall, p50: 1, p95: 2, perSecond: 1000 / (width ?? 1) });
const graphSearches = (/** @type {number} */ recall) => [16, 64, 256].map((width) => searched('graph', width, recall));
const ours = {
  name: 'lodestone',
  build: { 1: { seconds: 2, bytes: 100, save_ms: 1, load_ms: 1 }, 2: { seconds: 1, bytes: 100 } },
  searches: [searched('exact', null, 1), searched('exact', null, 1, 2), ...graphSearches(0.99)],
};
/** @param {Partial<import('../../scripts/lib/bench/peer_pages/vectors.mjs').Result>} peer */
const graphRows = (peer) =>
  casesOf(500_000, [ours, { name: GRAPH_PEER, build: {}, searches: [], ...peer }], ({ name }) => `${name} 1.0`)
    .map((one) => toRow('vectors', [one]))
    .filter((row) => row.case.includes('graph, '));

test('each width of the graph has its rows, beside the same of the peer', () => {
  const rows = graphRows({ build: { 1: { seconds: 4, bytes: 200 } }, searches: graphSearches(0.98) });
  assert.equal(rows.length, 3 * 5);
  const speed = rows.find((row) => row.case === '500k, graph, ef 64, 1 thread');
  assert.deepEqual([speed?.ours, speed?.peer, speed?.peer_name], [1000 / 64, 1000 / 64, `${GRAPH_PEER} 1.0`]);
  const asGood = rows.find((row) => row.case === '500k, graph, as good as ef 256');
  assert.deepEqual([asGood?.ours, asGood?.ratio, asGood?.holds], [1000 / 16, 16, true]);
});

test('each width of the graph has its rows where the peer came to no end, which misses no bar', () => {
  const rows = graphRows({ reason: 'over 300 s' });
  assert.deepEqual(
    rows.filter((row) => row.case.endsWith('recall@10')).map((row) => [row.case, row.ours, row.peer, row.reason]),
    [16, 64, 256].map((width) => [`500k, graph, ef ${width}, recall@10`, 0.99, null, 'over 300 s']),
  );
  assert.equal(rows.length, 3 * 4);
  assert.ok(rows.every((row) => row.ours !== null && row.peer === null && row.holds === null));
});

test('a record says whether its run was a quick one', () => {
  const rows = [toRow('l', [speed({ limit: 1 })])];
  const machine = { commit: 'c', processor: 'p', browser: 'b' };
  const figuresOf = (/** @type {boolean} */ quick) => recordText(rows, machine, '1', { quick }).split(' | ')[4];
  assert.equal(figuresOf(false), 'l, speed: 100 tokens/s |\n');
  assert.equal(figuresOf(true), 'with --quick<br>l, speed: 100 tokens/s |\n');
});
