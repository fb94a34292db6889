// The library at rest: how soon a stored one is searchable, what it costs to store, to bring up to date and
// to take over from another tab.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AppSession } from '../headless/app_session.mjs';
import { ORIGIN } from '../headless/browser.mjs';
import { crashPage } from '../headless/crash_page.mjs';
import { dropPaths } from '../headless/drop.mjs';
import { isKeptOffline } from '../headless/offline.mjs';
import { contentQueries } from './content_queries.mjs';
import { addPassages, higher, inBrowser, inFreshBrowser, lower, openReady, untilBrowserRests } from './site_runs.mjs';
import { measureStoredGraph } from './stored_graph.mjs';
import { makeTexts, randomNumbers } from './texts.mjs';

const SIZES = [1000, 10_000, 50_000];
const QUICK_SIZES = [1000, 10_000];
// What a person has who uses it daily: the size that start and take-over are promised for.
const PROMISED_SIZE = 10_000;
const START_S = 1.5;
const TAKE_OVER_S = 2;
const FOLDER_FILES = 2000;
const GUARD_MS = 120_000;
const LOOK_MS = 100;

/**
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('playwright-core').BrowserContext} BrowserContext
 * @typedef {import('playwright-core').Page} Page
 */

/**
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
export async function measureLibrary(bench) {
  /** @type {Case[]} */
  const cases = [];
  for (const count of bench.quick ? QUICK_SIZES : SIZES) {
    const profile = mkdtempSync(path.join(os.tmpdir(), 'lodestone-library-'));
    try {
      cases.push(...(await measureStored(bench, profile, count)));
    } finally {
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  }
  cases.push(...(await measureRefresh(bench)));
  return cases;
}

/**
 * @param {Bench} bench
 * @param {string} profile
 * @param {number} count of passages
 * @returns {Promise<Case[]>}
 */
async function measureStored(bench, profile, count) {
  const name = `${count.toLocaleString('en')} passages`;
  /** @type {Case[]} */
  const cases = [];
  const question = await inBrowser(bench, profile, async (tab) => {
    const app = await openReady(tab);
    const { ms, texts } = await addPassages(app, count);
    cases.push(higher(`${name}: taken in`, (1000 * count) / ms, 'passages/s'));
    cases.push(lower(`${name}: database`, (await app.state()).storage_bytes / count, 'bytes a passage'));
    while (!(await isKeptOffline(tab.page))) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    return contentQueries(texts, { words: 4, count: 1, random: randomNumbers(count) })[0];
  });
  await inBrowser(bench, profile, async (tab) => {
    const limit = count === PROMISED_SIZE ? START_S : undefined;
    const { lexical_s, complete_s, state } = await timeStart(tab.context, question);
    if (state.passages !== count || state.embedded_passages !== count) throw new Error(`${state.embedded_passages} of ${count} passages came back`);
    cases.push(lower(`${name}: searchable by words`, lexical_s, 's', limit));
    cases.push(lower(`${name}: searchable, all vectors there`, complete_s, 's', limit));
    cases.push(lower(`${name}: embedded again at a start`, state.passages_embedded_now, 'passages', 0));
    if (count === PROMISED_SIZE) cases.push(...(await measureTakeOver(tab.context, question)));
    // Last, as it makes the database larger.
    if (count >= PROMISED_SIZE) cases.push(...(await measureStoredGraph(name, () => openComplete(tab.context, count))));
  });
  return cases;
}

/**
 * @param {BrowserContext} context
 * @param {number} count of passages
 */
async function openComplete(context, count) {
  const app = await openReady({ context, page: await context.newPage() });
  await app.idle();
  const { embedded_passages } = await app.state();
  if (embedded_passages !== count) throw new Error(`${embedded_passages} of ${count} passages came back`);
  return app;
}

/**
 * Runs in the page before its scripts: asks as soon as there is something to ask. Times are of the wall clock.
 * @param {string} question
 */
function watchLibraryStart(question) {
  const now = () => performance.timeOrigin + performance.now();
  const listen = async () => {
    const { lodestone } = window;
    const byWords = await lodestone.search(question, { mode: 'lexical' });
    const lexical = now();
    // Until the model is there and all vectors are, answers are by words or in part.
    while (!(await lodestone.search(question, { mode: 'hybrid' })).complete) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const complete = now();
    const report = /** @type {any} */ (window).lodestoneLibraryReport;
    await report({ lexical, complete, found: byWords.results.length, state: await lodestone.state() });
  };
  addEventListener('lodestone', listen, { once: true });
}

/**
 * @param {BrowserContext} context
 * @param {string} question
 */
async function timeStart(context, question) {
  const page = await context.newPage();
  await untilBrowserRests(context);
  /** @type {Promise<any>} */
  const reported = new Promise((resolve, reject) => {
    page.once('pageerror', reject);
    setTimeout(() => reject(new Error('the page gave no answer')), GUARD_MS).unref();
    void page.exposeFunction('lodestoneLibraryReport', resolve);
  });
  await page.addInitScript(watchLibraryStart, question);
  const start = performance.timeOrigin + performance.now();
  await page.goto(`${ORIGIN}/lodestone/`, { waitUntil: 'commit' });
  const { lexical, complete, found, state } = await reported;
  if (found === 0) throw new Error(`nothing was found for ${question}`);
  await page.close();
  return { lexical_s: (lexical - start) / 1000, complete_s: (complete - start) / 1000, state };
}

/**
 * The tab with the writer lock goes, in two ways; the other one answers.
 * @param {BrowserContext} context
 * @param {string} question
 * @returns {Promise<Case[]>}
 */
async function measureTakeOver(context, question) {
  /** @type {Case[]} */
  const cases = [];
  /** @type {[name: string, end: (page: Page) => Promise<unknown>][]} */
  const ends = [
    ['is closed', (page) => page.close()],
    ['is killed', crashPage],
  ];
  for (const [name, end] of ends) {
    const first = await openReady({ context, page: await context.newPage() });
    await first.idle();
    const second = await AppSession.open(await context.newPage());
    await second.idle();
    const start = performance.now();
    await end(first.page);
    const { results } = await second.search(question, { mode: 'lexical', top: 10 });
    const lexical = performance.now();
    if (results.length === 0) throw new Error(`nothing was found for ${question}`);
    await second.untilState((state) => state.model_state === 'ready' && state.embedded_passages === state.passages);
    const { complete } = /** @type {{complete: boolean}} */ (await second.search(question, { mode: 'hybrid', top: 10 }));
    if (!complete) throw new Error('the second tab has not all vectors');
    const { passages_embedded_now } = await second.state();
    const title = `the other tab ${name}`;
    cases.push(lower(`${title}: searchable by words`, (lexical - start) / 1000, 's', TAKE_OVER_S));
    cases.push(lower(`${title}: searchable, all vectors there`, (performance.now() - start) / 1000, 's'));
    cases.push(lower(`${title}: embedded again`, passages_embedded_now, 'passages', 0));
    await second.page.close();
    await first.page.close();
  }
  return cases;
}

/**
 * A real folder, dropped once and then read again by its kept handle.
 * @param {Bench} bench
 * @returns {Promise<Case[]>}
 */
function measureRefresh(bench) {
  return inFreshBrowser(bench, async (tab) => {
    const parent = mkdtempSync(path.join(os.tmpdir(), 'lodestone-folder-'));
    try {
      const folder = path.join(parent, 'notes');
      for (const { path: name, text } of makeTexts(FOLDER_FILES)) {
        const file = path.join(folder, name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, text);
      }
      const app = await openReady(tab);
      await dropPaths(tab.page, [folder]);
      await app.untilState((state, count) => state.documents === count && state.idle, FOLDER_FILES);
      await app.idle(); // its handle is kept when all of it is in
      const { ms, result } = await app.call(async () => {
        const start = performance.now();
        const result = await window.lodestone.refresh();
        return { ms: performance.now() - start, result };
      });
      if (result.unchanged !== FOLDER_FILES) throw new Error(`the folder was not read again: ${JSON.stringify(result)}`);
      return [lower(`a folder of ${FOLDER_FILES.toLocaleString('en')} files, unchanged: brought up to date`, ms / 1000, 's')];
    } finally {
      rmSync(parent, { recursive: true, force: true });
    }
  });
}
