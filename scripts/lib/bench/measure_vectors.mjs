// Vector search: our exact index and our graph beside the peers, over the same vectors in one browser.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../headless/site.mjs';
import { BENCH_FILES, installPeers, peerVersion, servePeers } from './peers.mjs';
import { inFreshBrowser } from './site_runs.mjs';

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {import('./peer_pages/vectors.mjs').Result} Result
 * @typedef {import('./peer_pages/vectors.mjs').Searched} Searched
 * @typedef {{count: number, names: string[], queryCount: number, rounds: number}} Size
 */

const GRAPH_PEER = 'hnswlib-wasm';
const LARGE = ['lodestone', GRAPH_PEER, 'javascript'];
const ALL = [...LARGE, 'edgevec', 'sqlite-vec', 'voy-search'];
/** @type {Record<string, string>} of the packages whose names differ */
const PACKAGES = { 'sqlite-vec': 'sqlite-vec-wasm-demo' };
const LIMIT_SECONDS = 300;
const BUDGETED_COUNT = 100_000;

/** @param {boolean} quick @returns {Size[]} */
const sizes = (quick) => [
  { count: 1000, names: ALL, queryCount: 200, rounds: 3 },
  { count: 20_000, names: ALL, queryCount: 200, rounds: 3 },
  { count: 100_000, names: quick ? LARGE : ALL, queryCount: 200, rounds: 2 },
  ...(quick ? [] : [{ count: 500_000, names: ALL, queryCount: 100, rounds: 1 }]),
];

/** Builds the module that holds our indexes and nothing else, where the peers' server finds it. */
function buildOurs() {
  const script = '. scripts/lib/messages.sh; . scripts/lib/env.sh; . scripts/lib/build.sh; build_preset web-release lodestone_module_index_bench';
  execFileSync('bash', ['-euc', script], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  const folder = path.join(BENCH_FILES, 'index_bench');
  mkdirSync(folder, { recursive: true });
  for (const file of ['index_bench.mjs', 'index_bench.wasm']) {
    copyFileSync(path.join(ROOT, 'build/web-release/web', file), path.join(folder, file));
  }
}

/**
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureVectors(bench) {
  installPeers();
  buildOurs();
  const peers = await servePeers();
  try {
    const cases = [];
    for (const size of sizes(bench.quick)) {
      // Who goes first changes with each repetition.
      const first = bench.repetition % size.names.length;
      const names = [...size.names.slice(first), ...size.names.slice(0, first)];
      const results = await inFreshBrowser(bench, async ({ page }) => {
        page.on('console', (message) => {
          if (message.type() === 'log') process.stderr.write(`  ${message.text()}\n`);
        });
        await page.goto(`${peers.url}pages/blank.html`);
        return page.evaluate(
          async (options) => {
            const { measureVectors } = await import(/* @vite-ignore */ `${location.origin}/pages/vectors.mjs`);
            return /** @type {Promise<Result[]>} */ (measureVectors(options));
          },
          { ...size, names, limitSeconds: LIMIT_SECONDS },
        );
      });
      cases.push(...casesOf(size.count, results));
    }
    return cases;
  } finally {
    await peers.close();
  }
}

/** @param {Result} result */
const peerName = ({ name }) => (name === 'javascript' ? 'JavaScript' : `${name} ${peerVersion(PACKAGES[name] ?? name)}`);

/**
 * @param {number} count
 * @param {Result[]} results
 * @returns {Case[]}
 */
function casesOf(count, results) {
  const ours = results.find(({ name }) => name === 'lodestone');
  if (!ours || ours.reason) throw new Error(`ours failed: ${ours?.reason}`);
  const size = `${count / 1000}k`;
  const lower = /** @type {const} */ ('lower');
  const higher = /** @type {const} */ ('higher');
  // What takes longer, or is found less of, with the number of vectors has its budget at 100,000.
  const isBudgeted = count <= BUDGETED_COUNT;
  /** @type {Case[]} */
  const cases = [];
  const exact = ours.searches.filter(({ setting }) => setting === 'exact');
  const graph = ours.searches.filter(({ setting }) => setting === 'graph');
  cases.push(
    { case: `${size}, exact recall@10`, unit: 'share', better: higher, ours: exact[0].recall, limit: 0.999 },
    { case: `${size}, graph recall@10 at ef 64`, unit: 'share', better: higher, ours: at(graph, 64).recall, limit: isBudgeted ? 0.98 : undefined },
    { case: `${size}, vectors and graph saved to one buffer (its memory touched before)`, unit: 'ms', better: lower, ours: ours.build[1].save_ms ?? null, limit: isBudgeted ? 100 : undefined },
    { case: `${size}, vectors and graph loaded from it`, unit: 'ms', better: lower, ours: ours.build[1].load_ms ?? null, limit: isBudgeted ? 100 : undefined },
    { case: `${size}, build, 1 thread to 2`, unit: 'times', better: higher, ours: ours.build[1].seconds / ours.build[2].seconds },
  );
  for (const result of results) {
    if (result === ours) continue;
    const peer_name = peerName(result);
    const reason = result.reason;
    const search = result.searches[0];
    const isTarget = result.name === GRAPH_PEER;
    if (result.name !== 'javascript') {
      for (const threads of [1, 2]) {
        cases.push({
          case: `${size}, graph build, ${threads} thread${threads > 1 ? 's' : ''}`,
          unit: 's',
          better: lower,
          ours: ours.build[threads].seconds,
          peer: result.build[1]?.seconds ?? null,
          peer_name,
          reason,
          least_ratio: isTarget ? (threads === 1 ? 1.8 : 3.2) : undefined,
        });
      }
    }
    cases.push({
      case: `${size}, a vector, with index`,
      unit: 'bytes',
      better: lower,
      ours: ours.build[1].bytes / count,
      peer: result.build[1] ? result.build[1].bytes / count : null,
      peer_name,
      reason,
      least_ratio: isTarget ? 1 : undefined,
    });
    if (isTarget) {
      for (const theirs of result.searches) cases.push(...graphCases(size, graph, theirs, peer_name));
      continue;
    }
    const ofGraph = result.name === 'edgevec';
    for (const one of ofGraph ? [at(graph, 64)] : exact) {
      const name = ofGraph ? 'graph, ef 64' : `exact scan, ${one.threads} thread${one.threads > 1 ? 's' : ''}`;
      const least_ratio = result.name === 'javascript' ? (one.threads === 1 ? 8 : 15) : undefined;
      const base = { peer_name, reason };
      cases.push(
        { case: `${size}, ${name}, p50`, unit: 'ms', better: lower, ours: one.p50, peer: search?.p50 ?? null, ...base, least_ratio },
        { case: `${size}, ${name}, p95`, unit: 'ms', better: lower, ours: one.p95, peer: search?.p95 ?? null, ...base },
        { case: `${size}, ${name}, recall@10`, unit: 'share', better: higher, ours: one.recall, peer: search?.recall ?? null, ...base },
      );
    }
  }
  return cases;
}

/** @param {Searched[]} searches @param {number} width */
function at(searches, width) {
  const found = searches.find((search) => search.width === width);
  if (!found) throw new Error(`no search of width ${width}`);
  return found;
}

/**
 * A setting of theirs beside the same of ours, and beside the quickest of ours that finds as much.
 * @param {string} size
 * @param {Searched[]} graph ours
 * @param {Searched} theirs
 * @param {string} peer_name
 * @returns {Case[]}
 */
function graphCases(size, graph, theirs, peer_name) {
  const same = at(graph, Number(theirs.width));
  const asGood = graph.filter(({ recall }) => recall >= theirs.recall).sort((a, b) => b.perSecond - a.perSecond)[0];
  const name = `${size}, graph, ef ${theirs.width}`;
  const lower = /** @type {const} */ ('lower');
  const higher = /** @type {const} */ ('higher');
  return [
    {
      case: `${size}, graph, as good as ef ${theirs.width}`,
      unit: 'queries/s',
      better: higher,
      ours: asGood?.perSecond ?? null,
      peer: theirs.perSecond,
      peer_name,
      least_ratio: 1.6,
      reason: asGood ? undefined : `ours finds less than ${theirs.recall} at every setting`,
    },
    { case: `${name}, recall@10`, unit: 'share', better: higher, ours: same.recall, peer: theirs.recall, peer_name },
    { case: `${name}, p50`, unit: 'ms', better: lower, ours: same.p50, peer: theirs.p50, peer_name },
    { case: `${name}, p95`, unit: 'ms', better: lower, ours: same.p95, peer: theirs.p95, peer_name },
    { case: `${name}, 1 thread`, unit: 'queries/s', better: higher, ours: same.perSecond, peer: theirs.perSecond, peer_name },
  ];
}
