// How the threads are best split over sessions of ONNX Runtime Web: ours is one session a thread; beside it one session
// of as many threads, which waits for its threads calmly or spinning.
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { percentile } from '../headless/output.mjs';
import { ROOT } from '../headless/site.mjs';
import { BENCH_FILES, installPeers, servePeers } from './peers.mjs';
import { inFreshBrowser } from './site_runs.mjs';
import { MODEL_NAME, writeModel } from './stand_in/write_model.mjs';
import { randomNumbers } from './texts.mjs';

const THREADS = 2;
const BUILT_IN = 'lodestone-static-1';
const [SHORTEST, LONGEST] = [12, 192];
const WARM_UP_TEXTS = 12;
// Short ones, as other work on the machine comes and goes: the median of them counts.
const TURNS = 5;

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {{name: string, lanes: number, threads: number, isSpinning: boolean}} Split
 * @typedef {{title: string, model: string, budget: number, texts: number}} Load
 */

const OURS = `${THREADS} sessions of 1 thread`;
const ALONE = '1 session of 1 thread';
/** @type {Split[]} */
const SPLITS = [
  { name: OURS, lanes: THREADS, threads: 1, isSpinning: false },
  { name: `1 session of ${THREADS} threads`, lanes: 1, threads: THREADS, isSpinning: false },
  { name: `1 session of ${THREADS} spinning threads`, lanes: 1, threads: THREADS, isSpinning: true },
  { name: ALONE, lanes: 1, threads: 1, isSpinning: false },
];

/** Of the batches that the engine makes, and for the larger model longer ones too. @param {boolean} quick @returns {Load[]} */
const loads = (quick) => [
  { title: 'MiniLM-shaped, 256 tokens a batch', model: MODEL_NAME, budget: 256, texts: quick ? 24 : 96 },
  { title: 'MiniLM-shaped, 1,024 tokens a batch', model: MODEL_NAME, budget: 1024, texts: quick ? 24 : 96 },
  { title: 'built-in, 2,048 tokens a batch', model: BUILT_IN, budget: 2048, texts: quick ? 2000 : 8000 },
];

/** The built-in model, where the peers' server finds it. */
function copyBuiltIn() {
  const folder = path.join(BENCH_FILES, 'models', BUILT_IN, 'onnx');
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(ROOT, 'web/models', BUILT_IN, 'onnx/model_quantized.onnx'), path.join(folder, 'model_quantized.onnx'));
}

/**
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureSplit(bench) {
  installPeers();
  writeModel();
  copyBuiltIn();
  const peers = await servePeers();
  try {
    const cases = [];
    for (const load of loads(bench.quick)) {
      const speeds = await inFreshBrowser(bench, ({ page }) => measureLoad(page, peers.url, load, bench.repetition));
      cases.push(...casesOf(load.title, speeds));
    }
    return cases;
  } finally {
    await peers.close();
  }
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} url
 * @param {Load} load
 * @param {number} repetition
 * @returns {Promise<Record<string, number>>} tokens a second by split
 */
async function measureLoad(page, url, { model, budget, texts }, repetition) {
  const random = randomNumbers(repetition + 1);
  const lengths = Array.from({ length: texts }, () => Math.round(SHORTEST + random() * (LONGEST - SHORTEST)));
  await page.goto(`${url}pages/blank.html`);
  const rounds = await page.evaluate(
    async ({ model, splits, lengths, budget, warmUp, turns }) => {
      const module = '/pages/lanes.mjs';
      /** @type {typeof import('./peer_pages/lanes.mjs')} */
      const { batchesOf, openLanes } = await import(module);
      const opened = [];
      for (const { lanes, threads, isSpinning } of splits) opened.push(await openLanes(lanes, { model, threads, isSpinning }));
      for (const split of opened) await split.run(batchesOf(lengths.slice(0, warmUp), budget));
      /** @type {number[][]} by split */
      const speeds = splits.map(() => []);
      for (let turn = 0; turn < turns; turn++) {
        // Who goes first changes with each turn.
        for (let n = 0; n < opened.length; n++) {
          const at = (n + turn) % opened.length;
          speeds[at].push(await opened[at].run(batchesOf(lengths, budget)));
        }
      }
      return speeds;
    },
    { model: `/models/${model}/onnx/model_quantized.onnx`, splits: SPLITS, lengths, budget, warmUp: WARM_UP_TEXTS, turns: TURNS },
  );
  return Object.fromEntries(SPLITS.map(({ name }, n) => [name, percentile(rounds[n], 0.5)]));
}

/**
 * @param {string} title
 * @param {Record<string, number>} speeds
 * @returns {Case[]}
 */
function casesOf(title, speeds) {
  return SPLITS.filter(({ name }) => name !== OURS).map(({ name }) => ({
    case: `${title}, ${OURS}`,
    unit: 'tokens/s',
    better: /** @type {const} */ ('higher'),
    ours: speeds[OURS],
    peer: speeds[name],
    peer_name: name,
    ...(name === ALONE ? {} : { least_ratio: 1 }),
  }));
}
