// From a query's text to its ranked results, at rest and while documents are taken in.
import { peakRendererMb } from '../headless/browser.mjs';
import { percentile } from '../headless/output.mjs';
import { contentQueries } from './content_queries.mjs';
import { addPassages, asRecords, inFolder, inFreshBrowser, lower, openReady, prepare, timeAdd, withStandInModel } from './site_runs.mjs';
import { makePassages, makeQueries, makeTexts, randomNumbers } from './texts.mjs';

const IDLE_P95_MS = 25;
const INDEXING_P95_MS = 60;
// What the words and the vectors of a query may take of it.
const WORDS_P95_MS = 8;
const VECTORS_P95_MS = 5;
const QUERY_WORDS = [4, 8, 16];
// Added while queries are asked; other texts than the library's, as none is embedded twice.
const ADDED_SEED = 99;

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('../headless/app_session.mjs').AppSession} AppSession
 */

/** @typedef {{ms: number, parts_ms: import('../../../web/generated/protocol.mjs').SearchParts}} Timed ms: from the call in the page to its result */

/**
 * @param {AppSession} app
 * @param {string[]} queries
 * @param {'hybrid' | 'lexical'} [mode]
 * @returns {Promise<Timed[]>}
 */
function timeQueries(app, queries, mode = 'hybrid') {
  return app.call(
    async ({ queries, mode }) => {
      const timed = [];
      for (const text of queries) {
        const { ms, parts_ms } = await window.lodestone.search(text, { mode });
        timed.push({ ms, parts_ms });
      }
      return timed;
    },
    { queries, mode },
  );
}

/**
 * @param {AppSession} app
 * @param {string[]} queries
 * @param {'hybrid' | 'lexical'} [mode]
 * @returns {Promise<number[]>} from each call in the page to its result
 */
export async function queryTimes(app, queries, mode) {
  return (await timeQueries(app, queries, mode)).map(({ ms }) => ms);
}

/**
 * Adds what was prepared, and asks one query after the other until that is done.
 * @param {AppSession} app
 * @param {string[]} queries
 * @returns {Promise<number[]>}
 */
function queryTimesWhileAdding(app, queries) {
  return app.call(async (queries) => {
    let isDone = false;
    const adding = window.lodestone
      .add(/** @type {any} */ (window).lodestoneBench)
      .finally(() => (isDone = true));
    const times = [];
    for (let n = 0; !isDone; n += 1) {
      times.push((await window.lodestone.search(queries[n % queries.length])).ms);
    }
    await adding;
    return times;
  }, queries);
}

/**
 * @param {string} name
 * @param {number[]} times
 * @param {number} [limit_ms] of the 95th percentile
 * @returns {Case[]}
 */
function latency(name, times, limit_ms) {
  return [
    lower(`${name} p50`, percentile(times, 0.5), 'ms'),
    lower(`${name} p95`, percentile(times, 0.95), 'ms', limit_ms),
  ];
}

/**
 * @param {import('./site_runs.mjs').Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureQueries(bench) {
  /** @type {Case[]} */
  const cases = [];
  for (const count of bench.quick ? [1000] : [1000, 10000, 100000]) cases.push(...(await withBuiltIn(bench, count)));
  cases.push(...(await withStandIn(bench)));
  return cases;
}

/**
 * @param {import('./site_runs.mjs').Bench} bench
 * @param {number} count of passages
 * @returns {Promise<Case[]>}
 */
function withBuiltIn(bench, count) {
  return inFreshBrowser(bench, async (tab) => {
    const app = await openReady(tab);
    const { ms, texts } = await addPassages(app, count);
    const name = `${count.toLocaleString('en')} passages`;
    const cases = [lower(`${name}: indexed in`, ms / 1000, 's')];
    const queries = makeQueries(bench.quick ? 60 : 200);
    cases.push(...latency(`${name}: hybrid query`, await queryTimes(app, queries), IDLE_P95_MS));
    const random = randomNumbers(count);
    const parts = [];
    for (const words of QUERY_WORDS) {
      const content = contentQueries(texts, { words, count: bench.quick ? 20 : 60, random });
      const what = `${name}: query of ${words} words`;
      const timed = await timeQueries(app, content);
      parts.push(...timed.map(({ parts_ms }) => parts_ms));
      cases.push(...latency(`${what}, hybrid`, timed.map(({ ms }) => ms), IDLE_P95_MS));
      cases.push(...latency(`${what}, by words alone`, await queryTimes(app, content, 'lexical')));
    }
    cases.push(...latency(`${name}: the words of these`, parts.map(({ words_ms }) => words_ms), WORDS_P95_MS));
    cases.push(...latency(`${name}: the vectors of these`, parts.map(({ vectors_ms }) => vectors_ms), VECTORS_P95_MS));
    await prepare(app, inFolder('while', makeTexts(bench.quick ? 300 : 2000, { seed: ADDED_SEED })));
    await app.idle();
    const mixed = QUERY_WORDS.flatMap((words) => contentQueries(texts, { words, count: 20, random }));
    const indexing = await queryTimesWhileAdding(app, mixed);
    cases.push(...latency(`${name}: hybrid query while indexing`, indexing, INDEXING_P95_MS));
    cases.push(lower(`${name}: peak memory of the page`, await peakRendererMb(tab.context), 'MB'));
    return cases;
  });
}

/**
 * With a model that keeps the processor busy for as long as texts come in.
 * @param {import('./site_runs.mjs').Bench} bench
 * @returns {Promise<Case[]>}
 */
function withStandIn(bench) {
  return withStandInModel(bench, async (app) => {
    await prepare(app, [asRecords('library', makePassages(100, { seed: 1 }))]);
    await timeAdd(app);
    await app.idle();
    const queries = makeQueries(bench.quick ? 60 : 200);
    const idle = await queryTimes(app, queries);
    await prepare(app, [asRecords('more', makePassages(bench.quick ? 100 : 300, { seed: ADDED_SEED }))]);
    await app.idle();
    const indexing = await queryTimesWhileAdding(app, queries);
    return [
      ...latency('MiniLM-shaped model: hybrid query', idle, IDLE_P95_MS),
      ...latency('MiniLM-shaped model: hybrid query while indexing', indexing, INDEXING_P95_MS),
    ];
  });
}
