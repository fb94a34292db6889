// That what a trial of the graphics processor gave outlives the page, and goes with everything else. What is done with it:
// tests/web/inference_provider.test.mjs.
import { expect, test } from './lib/fixtures.mjs';
import { buildId } from './lib/sites.mjs';

/** @param {import('@playwright/test').Page} page @param {string} address @param {number | null} [kept] to keep first */
function recall(page, address, kept) {
  return page.evaluate(
    async ({ module, kept }) => {
      /** @type {typeof import('../web/gpu_trials.mjs')} */
      const { GpuTrials } = await import(module);
      const adapter = /** @type {any} */ ({ vendor: 'v', architecture: 'a', device: '', description: 'd' });
      const trials = new GpuTrials('a model');
      if (kept !== undefined) await trials.keep(adapter, kept);
      return [await trials.recall(adapter), await trials.recall({ ...adapter, description: 'e' }), await new GpuTrials('b').recall(adapter)];
    },
    { module: new URL(`v/${buildId()}/gpu_trials.mjs`, address).href, kept },
  );
}

test('a trial is known again after a reload, for its model and adapter alone', async ({ app, page, server }) => {
  await app.idle();
  expect(await recall(page, server.url)).toEqual([null, null, null]);
  expect(await recall(page, server.url, 512)).toEqual([512, null, null]);
  await page.reload();
  expect(await recall(page, server.url)).toEqual([512, null, null]);
  expect(await recall(page, server.url, 0)).toEqual([0, null, null]);
  expect(await recall(page, server.url, null)).toEqual([null, null, null]);
  await recall(page, server.url, 512);
  await page.waitForFunction(() => 'lodestone' in window);
  await page.evaluate(() => window.lodestone.ready.then(() => window.lodestone.erase()));
  expect(await recall(page, server.url)).toEqual([null, null, null]);
});

test('a new version of the site tries again, and what it finds takes the old place', async ({ app, page, server }) => {
  await app.idle();
  await recall(page, server.url, 512);
  const database = new URL(`v/${buildId()}/database.mjs`, server.url).href;
  /** @returns {Promise<{batchTokens: number}[]>} */
  const trials = () =>
    page.evaluate(
      async (module) => (await import(module)).withStore('trials', 'readonly', (/** @type {IDBObjectStore} */ store) => store.getAll()),
      database,
    );
  const [kept] = await trials();
  await page.evaluate(
    async ({ module, trial }) => (await import(module)).withStore('trials', 'readwrite', (/** @type {IDBObjectStore} */ store) => store.put(trial)),
    { module: database, trial: { ...kept, versions: 'of another site' } },
  );
  expect(await recall(page, server.url)).toEqual([null, null, null]);
  expect(await recall(page, server.url, 64)).toEqual([64, null, null]);
  expect((await trials()).map(({ batchTokens }) => batchTokens)).toEqual([64]);
});

test('a list of folders that an older version kept is still there', async ({ page, server }) => {
  await page.goto(new URL('icon.svg', server.url).href);
  await page.evaluate(
    (name) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(name, 1);
        request.onupgradeneeded = () => request.result.createObjectStore('folders', { keyPath: 'root' }).put({ root: 'old', handle: null });
        request.onsuccess = () => resolve(request.result.close());
        request.onerror = () => reject(request.error);
      }),
    `lodestone:${new URL(server.url).pathname}`,
  );
  await page.goto(server.url, { waitUntil: 'commit' });
  await page.waitForFunction(() => 'lodestone' in window);
  const kept = await page.evaluate(
    async (module) => (await import(module)).keptFolders(),
    new URL(`v/${buildId()}/handles.mjs`, server.url).href,
  );
  expect(kept).toEqual([{ root: 'old', handle: null }]);
  expect(await recall(page, server.url, 7)).toEqual([7, null, null]);
});
