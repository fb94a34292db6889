// What every spec starts from: a server, an open page with its model ready, an empty folder.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test as base } from '@playwright/test';
import { AppSession } from '../../scripts/lib/headless/app_session.mjs';
import { serveSite } from '../../scripts/lib/headless/site.mjs';

export { expect } from '@playwright/test';

/**
 * @typedef {Awaited<ReturnType<typeof serveSite>>} Server
 * @typedef {import('../../scripts/lib/headless/app_session.mjs').SearchMode} SearchMode
 */

/**
 * @typedef {import('@playwright/test').PlaywrightTestArgs & import('@playwright/test').PlaywrightTestOptions
 *   & {app: AppSession, folder: string}} TestArgs
 * @typedef {import('@playwright/test').PlaywrightWorkerArgs & import('@playwright/test').PlaywrightWorkerOptions
 *   & {server: Server}} WorkerArgs
 * @typedef {import('@playwright/test').TestType<TestArgs, WorkerArgs>} AppTest
 */

/** @type {import('@playwright/test').WorkerFixture<Server, object>} */
async function server({}, use) {
  const server = await serveSite();
  await use(server);
  await server.close();
}

/** @type {import('@playwright/test').TestFixture<AppSession, TestArgs & WorkerArgs>} */
async function app({ page, server }, use) {
  await use(await openApp(page, server.url));
}

/** @type {import('@playwright/test').TestFixture<string, object>} */
async function folder({}, use) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lodestone-e2e-'));
  await use(folder);
  rmSync(folder, { recursive: true, force: true });
}

// The checker cannot infer the types of fixtures without TypeScript's type arguments.
const fixtures = /** @type {any} */ ({ server: [server, { scope: 'worker' }], app, folder });
export const test = /** @type {AppTest} */ (base.extend(fixtures));

/**
 * Resolves when both search by words and search by meaning work.
 * @param {import('@playwright/test').Page} page
 * @param {string} address
 * @param {{threads?: number, model?: string}} [options]
 */
export async function openApp(page, address, options = {}) {
  const app = await AppSession.open(page, { address, ...options });
  const state = await app.modelSettled();
  if (state.model_state !== 'ready') throw new Error(`no model: ${state.model_error}`);
  return app;
}

/**
 * Adds documents through window.lodestone.add.
 * @param {AppSession} app
 * @param {Record<string, string | Uint8Array>} texts by path
 */
export function addTexts(app, texts) {
  const items = Object.entries(texts).map(([path, data]) => ({
    path,
    base64: Buffer.from(data).toString('base64'),
  }));
  return app.call(
    (items) =>
      window.lodestone.add(
        items.map(({ path, base64 }) => ({
          path,
          data: new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]),
        })),
      ),
    items,
  );
}

/**
 * The paths of what a search finds, best first.
 * @param {AppSession} app
 * @param {string} text
 * @param {{mode?: SearchMode, top?: number}} [options]
 * @returns {Promise<string[]>}
 */
export async function findPaths(app, text, { mode = 'lexical', top = 10 } = {}) {
  const { results } = await app.search(text, { mode, top });
  return results.map((/** @type {{path: string}} */ hit) => hit.path);
}

/**
 * @param {string} folder
 * @param {Record<string, string | Uint8Array>} files by relative path
 */
export function writeTree(folder, files) {
  for (const [name, data] of Object.entries(files)) {
    const target = path.join(folder, name);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, data);
  }
}

/**
 * The engine's worker, to do it harm.
 * @param {import('@playwright/test').Page} page
 */
export function coordinatorOf(page) {
  const worker = page.workers().find((worker) => worker.url().includes('coordinator.worker'));
  if (!worker) throw new Error('the page has no coordinator');
  return worker;
}

/** Documents about different things, for specs that need something to find. */
export const TEXTS = {
  'garden/roses.md':
    '# Roses\n\nPrune roses in March, above an outward bud, and feed them compost.',
  'garden/beans.md':
    '# Beans\n\nSow beans after the last frost. They climb poles and fix nitrogen.',
  'kitchen/bread.txt': 'Bread rises slowly in the cold. Knead the dough and bake it with steam.',
  'kitchen/soup.txt': 'Soup of leeks and potatoes: simmer until soft, then add cream.',
  'notes/meeting.md': '# Meeting\n\nThe budget was agreed. Anna writes the invoice for the roof.',
};
