// The task panel: what the engine is at, with progress and buttons, found by role and name.
import path from 'node:path';
import { dropPaths } from '../scripts/lib/headless/drop.mjs';
import { addTexts, expect, test, writeTree } from './lib/fixtures.mjs';
import { serveDist } from './lib/sites.mjs';

const TEXTS = Object.fromEntries(
  Array.from({ length: 40 }, (_, n) => [`many/${n}.txt`, `Marker${n} is a text about rivers and stones.`]),
);

test('indexing is a task that can be paused, resumed and watched to its end', async ({ app, page }) => {
  await app.call(() => window.lodestone.pause());
  const adding = addTexts(app, TEXTS);
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  const tasks = page.getByRole('list', { name: 'Tasks' });
  const task = tasks.getByRole('listitem', { name: 'Indexing' });
  await expect(task).toContainText('paused');
  await expect(task.getByRole('progressbar', { name: 'Indexing' })).toHaveAttribute('aria-valuenow', /\d/);
  await task.getByRole('button', { name: 'Resume indexing' }).click();
  expect((await adding).added).toBe(40);
  await app.idle();
  await expect(tasks).toHaveCount(0);
  expect((await app.state()).tasks).toEqual([]);
});

test('the pause button pauses, cancel ends the task and what was asked for, and restart brings it back', async ({ app, page }) => {
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  // Held before it can end, so that there is something to press.
  await app.call(() => window.lodestone.pause());
  const adding = addTexts(app, TEXTS).then(
    () => 'finished',
    (error) => error.code,
  );
  const task = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem', { name: 'Indexing' });
  await expect(task).toContainText('paused');
  const [entry] = (await app.state()).tasks;
  expect(entry).toMatchObject({ kind: 'index', title: 'Indexing', state: 'paused', total: 40, can_pause: true, can_cancel: true });
  await task.getByRole('button', { name: 'Cancel indexing' }).click();
  expect(await adding).toBe('kCancelled');
  await expect(task).toContainText('Cancelled');
  await expect(task.getByRole('progressbar')).toHaveCount(0);
  const state = await app.state();
  expect(state.tasks).toEqual([]);
  expect(state.ended_tasks).toMatchObject([{ kind: 'index', state: 'cancelled', can_restart: true }]);
  expect(state.documents).toBeLessThan(40);
  await app.call(() => window.lodestone.resume());
  await task.getByRole('button', { name: 'Restart indexing' }).click();
  await app.untilState((state) => state.documents === 40);
  await app.idle();
  await expect(task).toHaveCount(0);
  expect((await app.state()).ended_tasks).toEqual([]);
});

test('what was cancelled can be dismissed, and is not read then', async ({ app, page }) => {
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await app.call(() => window.lodestone.pause());
  const adding = addTexts(app, TEXTS).catch((error) => error.code);
  const task = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem', { name: 'Indexing' });
  await task.getByRole('button', { name: 'Cancel indexing' }).click();
  await adding;
  await task.getByRole('button', { name: 'Dismiss indexing' }).click();
  await expect(task).toHaveCount(0);
  await app.call(() => window.lodestone.resume());
  await app.idle();
  const { documents, ended_tasks } = await app.state();
  expect(documents).toBeLessThan(40);
  expect(ended_tasks).toEqual([]);
});

test('a dropped folder comes back under the name that was chosen for it, and what was declined does not', async ({ app, page, folder }) => {
  await addTexts(app, { 'docs/old.txt': 'A lantern.', 'other/old.txt': 'A violin.' });
  writeTree(folder, Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`docs/${n}.txt`, `Text ${n} of a glacier.`])));
  writeTree(folder, { 'other/new.txt': 'A whale.' });
  await app.idle();
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await app.call(() => window.lodestone.pause());
  await dropPaths(page, [path.join(folder, 'docs')]);
  await page.getByRole('button', { name: /^Another folder/ }).click();
  const task = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem', { name: 'Indexing' });
  await expect(task).toContainText('paused');
  await dropPaths(page, [path.join(folder, 'other')]);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await task.getByRole('button', { name: 'Cancel indexing' }).click();
  await expect(task).toContainText('Cancelled');
  await app.call(() => window.lodestone.resume());
  await task.getByRole('button', { name: 'Restart indexing' }).click();
  await app.untilState((state) => state.documents === 22);
  await app.idle();
  const { entries } = await app.call(() => window.lodestone.list());
  const roots = entries.map((/** @type {{path: string}} */ entry) => entry.path.split('/')[0]);
  expect([...new Set(roots)].sort()).toEqual(['docs', 'docs (2)', 'other']);
  expect(entries).toHaveLength(22);
});

test("the site's model is fetched again when its loading is restarted", async ({ page }) => {
  let isThere = false;
  const server = await serveDist({ respond: (file) => (!isThere && file.endsWith('/tokenizer.json') ? { status: 503 } : null) });
  await page.goto(server.url, { waitUntil: 'commit' });
  await page.waitForFunction(() => 'lodestone' in window);
  expect(await page.evaluate(() => window.lodestone.ready.catch((error) => error.code))).toBe('kUnavailable');
  const { model_state, model_error } = await page.evaluate(() => window.lodestone.state());
  expect([model_state, model_error]).toEqual(['failed', expect.stringContaining('tokenizer.json')]);
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  const task = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem', { name: 'Loading the model' });
  await expect(task).toContainText('tokenizer.json');
  isThere = true;
  await task.getByRole('button', { name: 'Restart loading the model' }).click();
  await expect(task).toHaveCount(0);
  const found = await page.evaluate(async () => {
    const { model } = await window.lodestone.ready;
    await window.lodestone.add([{ path: 'a.txt', data: 'A lantern hangs at the harbour.' }]);
    const { results } = await window.lodestone.search('lantern at the port', { mode: 'semantic' });
    return [model, results[0]?.path];
  });
  expect(found).toEqual(['lodestone-static-1', 'a.txt']);
  await server.close();
});

/** Files of libraries on their way in or out. @param {import('@playwright/test').Page} page @returns {Promise<string[]>} */
function filesOnTheirWay(page) {
  return page.evaluate(async () => {
    /** @param {any} folder @returns {Promise<string[]>} */
    const names = async (folder) => {
      const found = [];
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === 'directory') found.push(...(await names(handle)));
        else if (/^(import|export)-/.test(name)) found.push(name);
      }
      return found;
    };
    return names(await navigator.storage.getDirectory());
  });
}

test('an import is cancelled from the panel and leaves the library as it was', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await app.idle();
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  // Large, so that there is time to press; that it is no library would be found out at its end.
  const importing = app.call(() => {
    const piece = new Blob([new Uint8Array(2 ** 26)]);
    const file = new Blob(Array.from({ length: 16 }, () => piece));
    return window.lodestone.import(file, 'replace').then(
      () => 'finished',
      (error) => error.code,
    );
  });
  const task = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem', { name: 'Importing a library' });
  await expect(task.getByRole('progressbar')).toHaveAttribute('aria-valuenow', /\d/);
  await task.getByRole('button', { name: 'Cancel importing a library' }).click();
  expect(await importing).toBe('kCancelled');
  await expect(task).toHaveCount(0);
  await app.idle();
  expect((await app.state()).documents).toBe(40);
  expect(await filesOnTheirWay(page)).toEqual([]);
});

test('an export is given up by its signal, and the next one is whole', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  const [given, made] = await app.call(async () => {
    const stop = new AbortController();
    const exporting = window.lodestone.export({ signal: stop.signal });
    stop.abort();
    const code = await exporting.then(() => 'finished', (error) => error.code);
    return [code, (await window.lodestone.export()).size];
  });
  expect(given).toBe('kCancelled');
  expect(made).toBeGreaterThan(10_000);
  await app.idle();
  expect((await app.state()).tasks).toEqual([]);
  expect(await filesOnTheirWay(page)).toEqual([]);
});
