// Embedding speed of the built-in model, the coordinator's lag and frames while indexing, the page without threads.
import { percentile } from '../headless/output.mjs';
import { ANSWER_MEASURE } from '../../../web/ui_stats.mjs';
import { DIST } from '../headless/site.mjs';
import { startStaticServer } from '../static_server.mjs';
import { queryTimes } from './measure_queries.mjs';
import { higher, inFolder, inFreshBrowser, lagOf, LAG_P99_MS, lower, openReady, prepare, timeAdd, untilBrowserRests } from './site_runs.mjs';
import { makeQueries, makeTexts } from './texts.mjs';

const KEY_INTERVAL_MS = 100;
const KEYS_AT_REST = 100;
// What feels like at once, and what still feels like one's own doing.
const ANSWER_REST_MS = 50;
const ANSWER_INDEXING_MS = 100;
const FRAME_MS = 16.7;
const TASK_MS = 50;
const BURST_REQUESTS = 50;
const BURST_PAUSE_MS = 100;

/**
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {import('./cases.mjs').Case} Case
 */

/**
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureBuiltIn(bench) {
  const texts = makeTexts(bench.quick ? 300 : 2000);
  /** @type {Case[]} */
  const cases = [];
  for (const threads of [1, 2]) {
    const { ms, tokens, state } = await inFreshBrowser(bench, async (tab) => {
      const app = await openReady(tab, { threads });
      await prepare(app, texts);
      return timeAdd(app);
    });
    const name = `${threads} thread${threads > 1 ? 's' : ''}`;
    cases.push(higher(`${name}: embedding alone`, state.embed_tokens_per_s, 'tokens/s'));
    cases.push(higher(`${name}: files to searchable`, (1000 * tokens) / ms, 'tokens/s'));
  }
  return cases;
}

/**
 * Runs in the page before its scripts: times each frame's work, every long task, and every input until its results are
 * drawn.
 * @param {string} answerMeasure
 */
function watchFrames(answerMeasure) {
  const frames = {
    times: /** @type {number[]} */ ([]),
    tasks: /** @type {number[]} */ ([]),
    answers: /** @type {number[]} */ ([]),
    onAnswer: () => {},
  };
  Object.assign(window, { lodestoneFrames: frames });
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    request((time) => {
      const start = performance.now();
      callback(time);
      frames.times.push(performance.now() - start);
    });
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) frames.tasks.push(task.duration);
  }).observe({ type: 'longtask' });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntriesByName(answerMeasure)) frames.answers.push(duration);
    frames.onAnswer();
  }).observe({ type: 'measure' });
}

/** One query after another, key by key, as a person types over the former one. */
function* typing() {
  for (const query of makeQueries(BURST_REQUESTS)) {
    yield 'Control+a';
    yield* query;
  }
}

/**
 * Types at rest at the same pace, each key once the results of the former one are drawn.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<number[]>} from each input to its results
 */
async function answersAtRest(page) {
  const field = page.getByRole('searchbox');
  const keys = typing();
  for (let pressed = 0; pressed < KEYS_AT_REST; ) {
    const key = /** @type {string} */ (keys.next().value);
    if (key.length > 1) {
      await field.press(key);
      continue;
    }
    await page.evaluate(() => {
      const frames = /** @type {any} */ (window).lodestoneFrames;
      frames.answer = new Promise((resolve) => (frames.onAnswer = () => resolve(undefined)));
    });
    const due = new Promise((resolve) => setTimeout(resolve, KEY_INTERVAL_MS));
    await field.press(key);
    await page.evaluate(() => /** @type {any} */ (window).lodestoneFrames.answer);
    await due;
    pressed += 1;
  }
  return takeAnswers(page);
}

/** @param {import('playwright-core').Page} page */
function forgetFrames(page) {
  return page.evaluate(() => {
    const frames = /** @type {any} */ (window).lodestoneFrames;
    frames.times.length = 0;
    frames.tasks.length = 0;
    frames.answers.length = 0;
  });
}

/** @param {import('playwright-core').Page} page @returns {Promise<number[]>} those since the last time */
function takeAnswers(page) {
  return page.evaluate(() => /** @type {any} */ (window).lodestoneFrames.answers.splice(0));
}

/**
 * Asks in bursts while what was prepared is taken in: each burst all at once, searches among other requests.
 * @param {import('../headless/app_session.mjs').AppSession} app
 * @param {string[]} queries
 * @param {string[]} paths of documents that are there
 * @returns {Promise<{times: number[], refused: number, state: any}>} times from a burst to its last answer
 */
function burstsWhileAdding(app, queries, paths) {
  return app.call(
    async ({ queries, paths, count, pause_ms }) => {
      const { lodestone } = window;
      let isDone = false;
      const adding = lodestone.add(/** @type {any} */ (window).lodestoneBench).finally(() => (isDone = true));
      const times = [];
      let refused = 0;
      const request = (/** @type {number} */ n) => {
        if (n % 5 === 0) return lodestone.document(paths[n % paths.length]);
        if (n % 5 === 1) return lodestone.state();
        return lodestone.search(queries[n % queries.length]);
      };
      while (!isDone) {
        const start = performance.now();
        const answers = await Promise.allSettled(Array.from({ length: count }, (_, n) => request(n)));
        times.push(performance.now() - start);
        refused += answers.filter(({ status }) => status === 'rejected').length;
        await new Promise((resolve) => setTimeout(resolve, pause_ms));
      }
      await adding;
      return { times, refused, state: await lodestone.state() };
    },
    { queries, paths, count: BURST_REQUESTS, pause_ms: BURST_PAUSE_MS },
  );
}

/**
 * Types while passages are taken in, as a fast typist would; then asks in bursts while as many more are. So many that a
 * hundredth of the frames is more than one.
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
export function measureIndexing(bench) {
  const texts = makeTexts(bench.quick ? 2000 : 10_000);
  return inFreshBrowser(bench, async (tab) => {
    await tab.page.addInitScript(watchFrames, ANSWER_MEASURE);
    const app = await openReady(tab);
    await prepare(app, texts);
    await app.idle();
    await untilBrowserRests(tab.context);
    await forgetFrames(tab.page);
    let isDone = false;
    const adding = timeAdd(app).finally(() => (isDone = true));
    const field = tab.page.getByRole('searchbox');
    for (const key of typing()) {
      if (isDone) break;
      await field.press(key);
      await new Promise((resolve) => setTimeout(resolve, KEY_INTERVAL_MS));
    }
    const { ms, state } = await adding;
    const whileIndexing = await takeAnswers(tab.page);
    await app.idle();
    const { times, tasks } = await tab.page.evaluate(
      () => /** @type {any} */ (window).lodestoneFrames,
    );
    await takeAnswers(tab.page); // what was typed last was answered meanwhile
    const atRest = await answersAtRest(tab.page);
    await prepare(app, inFolder('burst', makeTexts(texts.length, { seed: 7 })));
    await app.idle();
    await forgetFrames(tab.page);
    const bursts = await burstsWhileAdding(
      app,
      makeQueries(BURST_REQUESTS),
      texts.slice(0, BURST_REQUESTS).map(({ path }) => path),
    );
    // What the page's thread was busy with is counted here: state().ui_lag has the typing before it in it.
    const ui = await tab.page.evaluate(() => {
      const { times, tasks } = /** @type {any} */ (window).lodestoneFrames;
      return { times, tasks };
    });
    const burst = `bursts of ${BURST_REQUESTS} requests`;
    return [
      lower(`${texts.length.toLocaleString('en')} passages: indexed in`, ms / 1000, 's'),
      lower('UI frame p50', percentile(times, 0.5), 'ms'),
      lower('UI frame p99', percentile(times, 0.99), 'ms', FRAME_MS),
      lower('tasks of the UI thread over 50 ms', tasks.length, 'tasks'),
      lower('the longest of them', Math.max(0, ...tasks), 'ms', TASK_MS),
      ...answerCases('while indexing', whileIndexing, ANSWER_INDEXING_MS),
      ...answerCases('at rest', atRest, ANSWER_REST_MS),
      ...lagOf(state, { limit_ms: LAG_P99_MS }),
      ...lagOf(bursts.state, { limit_ms: LAG_P99_MS, during: `${burst}: ` }),
      lower(`${burst}: pool lag of what answers need, p99`, bursts.state.pool_lag.interactive.p99_ms, 'ms'),
      lower(`${burst}: UI frame p99`, percentile(ui.times, 0.99), 'ms'),
      lower(`${burst}: the UI thread held for at most`, Math.max(0, ...ui.times, ...ui.tasks), 'ms'),
      lower(`${burst}: stalls over 50 ms`, bursts.state.loop_stalls, 'stalls'),
      lower(`${burst}: all answered p95`, percentile(bursts.times, 0.95), 'ms'),
      lower(`${burst}: refused`, bursts.refused, 'requests', 0),
    ];
  });
}

/**
 * @param {string} when
 * @param {number[]} times
 * @param {number} limit_ms of the 95th percentile
 * @returns {Case[]}
 */
function answerCases(when, times, limit_ms) {
  if (times.length === 0) throw new Error(`no results were drawn ${when}`);
  return [
    lower(`input to its results drawn, ${when}, p50`, percentile(times, 0.5), 'ms'),
    lower(`input to its results drawn, ${when}, p95`, percentile(times, 0.95), 'ms', limit_ms),
  ];
}

/**
 * The page without isolation: one worker reads, cuts, stores and searches, in slices.
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureWithoutThreads(bench) {
  const isWorker = (/** @type {string} */ file) => file === 'coi-serviceworker.js';
  const site = await startStaticServer({
    root: DIST,
    respond: (file) => (isWorker(file) ? { status: 404 } : null),
  });
  try {
    return await inFreshBrowser({ ...bench, port: site.port }, async (tab) => {
      const app = await openReady(tab);
      if (app.ready.isolated) throw new Error('the page is isolated');
      await prepare(app, makeTexts(bench.quick ? 300 : 1000));
      await app.idle();
      const { ms, tokens, state } = await timeAdd(app);
      const times = await queryTimes(app, makeQueries(60));
      return [
        higher('files to searchable', (1000 * tokens) / ms, 'tokens/s'),
        ...lagOf(state),
        lower('hybrid query p50', percentile(times, 0.5), 'ms'),
        lower('hybrid query p95', percentile(times, 0.95), 'ms'),
      ];
    });
  } finally {
    await site.close();
  }
}
