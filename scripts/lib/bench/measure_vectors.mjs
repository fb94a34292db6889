// Vector search: our exact index and our graph beside the peers, over the same vectors in one browser.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../headless/site.mjs';
import { BENCH_FILES, installPeers, peerVersion, servePeers } from './peers.mjs';
import { inFreshBrowser } from './site_runs.mjs';
import { casesOf, GRAPH_PEER } from './vector_cases.mjs';

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {import('./peer_pages/vectors.mjs').Result} Result
 * @typedef {{count: number, names: string[], queryCount: number, rounds: number}} Size
 */

const LARGE = ['lodestone', GRAPH_PEER, 'javascript'];
const ALL = [...LARGE, 'edgevec', 'sqlite-vec', 'voy-search'];
/** @type {Record<string, string>} of the packages whose names differ */
const PACKAGES = { 'sqlite-vec': 'sqlite-vec-wasm-demo' };
const LIMIT_SECONDS = 300;

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
      cases.push(...casesOf(size.count, results, peerName));
    }
    return cases;
  } finally {
    await peers.close();
  }
}

/** @param {Result} result */
const peerName = ({ name }) => (name === 'javascript' ? 'JavaScript' : `${name} ${peerVersion(PACKAGES[name] ?? name)}`);
