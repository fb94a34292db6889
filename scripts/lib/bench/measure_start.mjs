// From navigation to a usable search field and to the first answer, on a first and on a later visit.
import { ORIGIN } from '../headless/browser.mjs';
import { inFreshBrowser, lower, untilBrowserRests } from './site_runs.mjs';
import { handbook } from './texts.mjs';

const GUARD_MS = 60_000;
/** @type {[name: string, key: string, limit_s?: number][]} */
const MOMENTS = [
  ['search field usable', 'usable', 1],
  ['ready (adding and search by words)', 'ready'],
  ['first answer by words, 10 files', 'lexical'],
  ['first hybrid answer painted, 10 files', 'painted', 3],
];
const QUESTION = 'how do I make a blunt blade cut again';

/**
 * Runs in every page before its scripts. Only the page that stays fires 'lodestone', so only that one
 * reports; times are of the wall clock, because the isolating reload begins a new clock.
 * @param {{texts: import('./texts.mjs').Text[], question: string}} options
 */
function watchStart({ texts, question }) {
  const now = () => performance.timeOrigin + performance.now();
  const until = (/** @type {() => unknown} */ holds) =>
    new Promise((resolve) => {
      const look = () => holds() && (observer.disconnect(), resolve(now()));
      const observer = new MutationObserver(look);
      observer.observe(document, {
        subtree: true,
        childList: true,
        attributes: true,
        characterData: true,
      });
      look();
    });
  addEventListener(
    'lodestone',
    async () => {
      const field = /** @type {HTMLInputElement} */ (document.getElementById('search'));
      // The mirror of roles is there once the interface has been drawn.
      const usable = until(() => document.querySelector('.ui-mirror')?.childElementCount);
      const { lodestone } = window;
      await lodestone.ready;
      const ready = now();
      await lodestone.add(texts.map(({ path, text }) => ({ path, data: new Blob([text]) })));
      await lodestone.search(question, { mode: 'lexical' });
      const lexical = now();
      // Until then an answer may be by words only: the model is still loading, or vectors are missing.
      await lodestone.idle();
      field.value = question;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      const first = await lodestone.search(question, { mode: 'hybrid' });
      const list = () =>
        document.querySelector('[role="list"][aria-label="Results"] [role="listitem"]');
      const painted = await until(list);
      const report = /** @type {any} */ (window).lodestoneStartReport;
      await report({
        usable: await usable,
        ready,
        lexical,
        painted,
        complete: first.complete,
        path: first.results[0].path,
      });
    },
    { once: true },
  );
}

/**
 * @param {import('./site_runs.mjs').Bench} bench
 * @returns {Promise<import('./cases.mjs').Case[]>}
 */
export function measureStart(bench) {
  return inFreshBrowser(bench, async ({ context }) => {
    /** @type {import('./cases.mjs').Case[]} */
    const cases = [];
    for (const visit of ['cold', 'warm']) {
      const page = await context.newPage();
      await untilBrowserRests(context);
      /** @type {Promise<any>} */
      const reported = new Promise((resolve, reject) => {
        page.once('pageerror', reject);
        setTimeout(() => reject(new Error('the page gave no answer')), GUARD_MS).unref();
        void page.exposeFunction('lodestoneStartReport', resolve);
      });
      await page.addInitScript(watchStart, { texts: handbook(), question: QUESTION });
      const sent = bench.sentBytes();
      const start = performance.timeOrigin + performance.now();
      await page.goto(`${ORIGIN}/lodestone/`, { waitUntil: 'commit' });
      const times = await reported;
      if (!times.complete || !times.path.endsWith('sharpening.md')) {
        throw new Error(`the first answer is not whole: ${JSON.stringify(times)}`);
      }
      for (const [name, key, limit] of MOMENTS) {
        cases.push(lower(`${visit}: ${name}`, (times[key] - start) / 1000, 's', limit));
      }
      cases.push(lower(`${visit}: sent by the server until then`, bench.sentBytes() - sent, 'bytes'));
      await page.close();
    }
    return cases;
  });
}
