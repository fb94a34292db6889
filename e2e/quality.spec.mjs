// Search must not get worse: our own small set, through the whole site, in every mode.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MODES, parseQueries } from '../scripts/lib/headless/options.mjs';
import { encode } from '../web/generated/protocol.mjs';
import { addTexts, coordinatorOf, expect, test } from './lib/fixtures.mjs';
import { ndcg, parseJudgements } from './lib/metrics.mjs';

const SET = fileURLToPath(new URL('fixtures/quality/', import.meta.url));
// A little below what was measured when the set was made; see README.md for the date.
const FLOORS = { lexical: 0.62, semantic: 0.8, hybrid: 0.78 };
// More than a walk looks at.
const OTHERS = 5000;
// Of a request whose answer the page waits for nowhere.
const UNASKED_ID = 0x7fff_ffff;

/**
 * @param {import('../scripts/lib/headless/app_session.mjs').AppSession} app
 * @returns {Promise<Record<string, number>>} mean nDCG@10 by mode
 */
async function meanNdcg(app) {
  const queries = parseQueries(readFileSync(`${SET}queries.jsonl`, 'utf8'), 'queries.jsonl');
  const judgements = parseJudgements(readFileSync(`${SET}qrels.tsv`, 'utf8'));
  /** @type {Record<string, number>} */
  const means = {};
  for (const mode of MODES) {
    let sum = 0;
    for (const { id, text } of queries) {
      const { results } = await app.search(text, { mode, top: 10 });
      const ranking = results.map((/** @type {{path: string}} */ hit) => hit.path.split('#')[1]);
      sum += ndcg(ranking, judgements.get(String(id)) ?? new Map());
    }
    means[mode] = sum / queries.length;
  }
  return means;
}

/** @param {import('../scripts/lib/headless/app_session.mjs').AppSession} app */
async function addCorpus(app) {
  const added = await app.add([{ path: 'corpus.jsonl', absolute: `${SET}corpus.jsonl` }]);
  expect(added.failed).toEqual([]);
  expect((await app.state()).documents).toBe(60);
}

test('nDCG@10 of the quality set stays above its floors', async ({ app }) => {
  await addCorpus(app);
  const means = await meanNdcg(app);
  console.log('nDCG@10', means);
  for (const [mode, floor] of Object.entries(FLOORS)) {
    expect(means[mode], mode).toBeGreaterThanOrEqual(floor);
  }
  expect(means.hybrid).toBeGreaterThan(means.lexical);
});

test('a walk of the graph among thousands of near texts loses nothing of it', async ({ app, page }) => {
  await addCorpus(app);
  // Words of the corpus in other order, so that they lie among its texts.
  const words = readFileSync(`${SET}corpus.jsonl`, 'utf8').match(/[a-z]{3,}/g) ?? [];
  const stride = 7919; // a prime: every text takes other words
  /** @type {Record<string, string>} */
  const others = {};
  for (let n = 0; n < OTHERS; n += 1) {
    others[`others/${n}.txt`] = Array.from({ length: 24 }, (_, k) => words[(n * stride + k * (n + 31)) % words.length]).join(' ');
  }
  await addTexts(app, others);
  await app.idle();
  const scanned = await meanNdcg(app);
  const before = await app.state();
  const settings = encode('SetSettings', { gentle: false, max_file_bytes: 0, passage_tokens: 0, graph_vectors: 1000 });
  await coordinatorOf(page).evaluate(
    ({ id, bytes }) => self.onmessage?.(/** @type {any} */ ({ data: { kind: 'request', type: 'SetSettings', id, bytes: Uint8Array.from(bytes) } })),
    { id: UNASKED_ID, bytes: [...settings] },
  );
  await app.idle();
  expect((await app.state()).memory_bytes - before.memory_bytes, 'there is a graph').toBeGreaterThan(OTHERS * 64);
  const walked = await meanNdcg(app);
  console.log('nDCG@10 scanned', scanned, 'walked', walked);
  for (const mode of MODES) expect(Math.abs(walked[mode] - scanned[mode]), mode).toBeLessThanOrEqual(0.005);
});
