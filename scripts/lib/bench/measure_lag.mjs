// The coordinator's lag while passages are embedded and nobody asks anything.
import { higher, inFolder, inFreshBrowser, lagOf, LAG_P99_MS, openReady, prepare, timeAdd, untilBrowserRests, withStandInModel } from './site_runs.mjs';
import { makeTexts } from './texts.mjs';

// Of the built-in model, which takes less than a second for 1,000 passages: the next ones, when the browser's compiler
// is through.
const LATER_RUNS = 4;
const FIRST_PASSAGES = 100;

/**
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {import('./cases.mjs').Case} Case
 */

/**
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureLag(bench) {
  return [...(await withBuiltIn(bench)), ...(await withStandIn(bench))];
}

/**
 * @param {import('../headless/app_session.mjs').AppSession} app
 * @param {string} folder
 * @param {number} count of passages
 * @param {number} seed
 */
async function run(app, folder, count, seed) {
  await prepare(app, inFolder(folder, makeTexts(count, { seed })));
  await app.idle();
  return timeAdd(app);
}

/** @param {Bench} bench @returns {Promise<Case[]>} */
function withBuiltIn(bench) {
  return inFreshBrowser(bench, async (tab) => {
    const app = await openReady(tab);
    await untilBrowserRests(tab.context);
    const first = await run(app, 'first', 1000, 1);
    const later = [];
    for (let n = 0; n < LATER_RUNS; n += 1) later.push(await run(app, `later-${n}`, 1000, 2 + n));
    later.sort((a, b) => a.state.loop_lag.p99_ms - b.state.loop_lag.p99_ms);
    return [
      ...lagOf(first.state, { limit_ms: LAG_P99_MS, during: 'the first 1,000 passages after a start: ' }),
      ...lagOf(later[LATER_RUNS / 2].state, { limit_ms: LAG_P99_MS, during: 'each next 1,000 passages: ' }),
    ];
  });
}

/** @param {Bench} bench @returns {Promise<Case[]>} */
function withStandIn(bench) {
  return withStandInModel(bench, async (app) => {
    await run(app, 'first', FIRST_PASSAGES, 1);
    const { ms, tokens, state } = await run(app, 'then', bench.quick ? 200 : 1000, 2);
    const during = 'MiniLM-shaped model: ';
    return [...lagOf(state, { limit_ms: LAG_P99_MS, during }), higher(`${during}files to searchable`, (1000 * tokens) / ms, 'tokens/s')];
  });
}
