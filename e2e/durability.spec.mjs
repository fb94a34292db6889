// What is stored lasts, leaves when it is removed, and goes out and in as a standard file.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exportedBytes } from '../scripts/lib/headless/export.mjs';
import { addTexts, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';
import { reopenWithChanged } from './lib/stored_library.mjs';

/** @typedef {import('../scripts/lib/headless/app_session.mjs').AppSession} AppSession */

/** @param {AppSession} app @param {Buffer} bytes @param {'replace' | 'merge'} mode */
function imported(app, bytes, mode) {
  return app.call(
    ({ base64, mode }) => window.lodestone.import(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]), /** @type {'replace'} */ (mode)),
    { base64: bytes.toString('base64'), mode },
  );
}

test('after a reload everything is there and nothing is embedded again', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  await app.idle();
  expect((await app.state()).storage).toBe('opfs');
  const fresh = await openApp(await page.context().newPage(), server.url);
  await page.close();
  await fresh.page.reload();
  const again = await openApp(await page.context().newPage(), server.url);
  await fresh.page.close();
  await again.idle();
  const state = await again.state();
  expect(state.documents).toBe(Object.keys(TEXTS).length);
  expect(state.embedded_passages).toBe(state.passages);
  expect(state.passages_embedded_now).toBe(0);
  expect(await findPaths(again, 'leeks', { mode: 'semantic' })).toContain('kitchen/soup.txt');
});

test('an export is read by the stock shell and taken in again', async ({ app, browser, server, folder }) => {
  await addTexts(app, TEXTS);
  const bytes = await exportedBytes(app);
  const file = path.join(folder, 'library.sqlite');
  writeFileSync(file, bytes);
  const shell = (/** @type {string} */ sql) => execFileSync('sqlite3', [file, sql], { encoding: 'utf8' }).trim();
  expect(shell('PRAGMA integrity_check')).toBe('ok');
  expect(shell("SELECT d.path FROM passages_fts f JOIN passages p ON p.id = f.rowid JOIN documents d ON d.id = p.document_id WHERE passages_fts MATCH 'simmering' ORDER BY rank")).toBe('kitchen/soup.txt');
  expect(shell('SELECT count(*) FROM vectors')).toBe(shell('SELECT count(*) FROM passages'));

  const context = await browser.newContext();
  const other = await openApp(await context.newPage(), server.url);
  await addTexts(other, { 'mine.txt': 'A zebra of my own.' });
  expect(await imported(other, bytes, 'merge')).toMatchObject({ added: Object.keys(TEXTS).length });
  expect(await findPaths(other, 'leeks', { mode: 'semantic' })).toContain('kitchen/soup.txt');
  expect(await findPaths(other, 'zebra')).toEqual(['mine.txt']);
  const embedded = (await other.state()).passages_embedded_now;
  await imported(other, bytes, 'replace');
  await other.idle();
  expect(await findPaths(other, 'zebra')).toEqual([]);
  const state = await other.state();
  expect(state.documents).toBe(Object.keys(TEXTS).length);
  expect(state.passages_embedded_now).toBe(embedded);

  const broken = Buffer.from(bytes);
  broken[bytes.indexOf('simmer')] ^= 1;
  for (const bad of [broken, bytes.subarray(0, bytes.length / 2), Buffer.from('no library')]) {
    for (const mode of /** @type {('replace' | 'merge')[]} */ (['replace', 'merge'])) {
      await expect(imported(other, bad, mode)).rejects.toMatchObject({ code: 'kBadData' });
    }
  }
  expect((await other.state()).documents).toBe(Object.keys(TEXTS).length);
  await context.close();
});

test('what was removed leaves no byte in the origin', async ({ app, page }) => {
  await addTexts(app, { ...TEXTS, 'diary/secret.txt': 'The treasure lies beneath the old larch.' });
  await app.idle();
  const bytesHold = (/** @type {string} */ word) =>
    page.evaluate(async (word) => {
      /** @param {any} folder @returns {Promise<boolean>} */
      const search = async (folder) => {
        for await (const entry of folder.values()) {
          if (entry.kind === 'directory') {
            if (await search(entry)) return true;
          } else if (new TextDecoder('latin1').decode(await (await entry.getFile()).arrayBuffer()).includes(word)) {
            return true;
          }
        }
        return false;
      };
      return search(await navigator.storage.getDirectory());
    }, word);
  expect(await bytesHold('larch')).toBe(true);
  expect(await app.call(() => window.lodestone.remove(['diary']))).toEqual({ removed: 1 });
  await app.idle();
  expect(await findPaths(app, 'treasure')).toEqual([]);
  for (const word of ['larch', 'treasure', 'diary', 'secret']) expect(await bytesHold(word), word).toBe(false);
  expect(await bytesHold('potatoes')).toBe(true);
});

test('a folder that is added again is brought up to date, and only by what changed', async ({ app, page }) => {
  /** @param {Record<string, string | null>} changes null: goes */
  const change = (changes) =>
    page.evaluate(async (changes) => {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('recipes', { create: true });
      for (const [name, text] of Object.entries(changes)) {
        if (text === null) {
          await root.removeEntry(name);
          continue;
        }
        const stream = await (await root.getFileHandle(name, { create: true })).createWritable();
        await stream.write(text);
        await stream.close();
      }
    }, changes);
  const add = () =>
    app.call(async () => window.lodestone.add([await (await navigator.storage.getDirectory()).getDirectoryHandle('recipes')]));
  await addTexts(app, { 'elsewhere.txt': 'A zebra elsewhere.' });
  await change({ 'soup.txt': TEXTS['kitchen/soup.txt'], 'bread.txt': TEXTS['kitchen/bread.txt'], 'old.txt': 'Pickled herring.', 'cake.txt': 'A cake of walnuts.' });
  expect(await add()).toMatchObject({ added: 4, removed: 0 });
  const embedded = (await app.state()).passages_embedded_now;
  expect(await add()).toMatchObject({ added: 0, updated: 0, unchanged: 4, removed: 0 });
  await change({ 'bread.txt': null, 'loaf.txt': TEXTS['kitchen/bread.txt'], 'old.txt': null, 'cake.txt': 'A cake of almonds.', 'new.txt': 'Fresh figs.' });
  expect(await app.call(() => window.lodestone.refresh())).toMatchObject({ added: 2, updated: 1, unchanged: 1, removed: 2, renamed: 1, failed: [] });
  expect((await app.state()).passages_embedded_now - embedded).toBe(2);
  expect(await findPaths(app, 'steam', { mode: 'semantic' })).toContain('recipes/loaf.txt');
  expect(await findPaths(app, 'herring')).toEqual([]);
  expect(await findPaths(app, 'zebra')).toEqual(['elsewhere.txt']);
});

test('another folder of a known name is added beside it, and a person is asked', async ({ app, page, folder }) => {
  await addTexts(app, { 'docs/a.txt': 'A lantern.', 'docs/b.txt': 'A whale.', 'docs/c.txt': 'A violin.' });
  await page.evaluate(async () => {
    const root = await (await (await navigator.storage.getDirectory()).getDirectoryHandle('x', { create: true })).getDirectoryHandle('docs', { create: true });
    const stream = await (await root.getFileHandle('readme.txt', { create: true })).createWritable();
    await stream.write('A glacier.');
    await stream.close();
  });
  const add = (/** @type {string | undefined} */ answer) =>
    app.call(async (answer) => {
      const x = await (await navigator.storage.getDirectory()).getDirectoryHandle('x');
      const handle = await x.getDirectoryHandle('docs');
      return window.lodestone.add([handle], answer === undefined ? {} : { ask: () => /** @type {'update'} */ (answer) });
    }, answer);
  await expect(add('cancel')).rejects.toMatchObject({ code: 'kCancelled' });
  expect(await add(undefined)).toMatchObject({ added: 1, removed: 0 });
  expect(await findPaths(app, 'glacier')).toEqual(['docs (2)/readme.txt']);
  expect((await app.state()).documents).toBe(4);
  expect(await add('update')).toMatchObject({ added: 1, removed: 3 });
  expect(await findPaths(app, 'glacier')).toEqual(expect.arrayContaining(['docs (2)/readme.txt', 'docs/readme.txt']));
});

test('a damaged library is set aside and can be taken away', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  await app.idle();
  const again = await reopenWithChanged(page, server.url, (bytes) => Buffer.concat([Buffer.alloc(5000, 120), bytes.subarray(5000)]));
  expect((await again.state()).storage).toBe('opfs');
  expect((await exportedBytes(again, { damaged: true })).subarray(0, 5000)).toEqual(Buffer.alloc(5000, 120));
  expect((await addTexts(again, { 'new.txt': 'A zebra.' })).added).toBe(1);
  expect(await findPaths(again, 'zebra')).toEqual(['new.txt']);
});

test.describe('without shared memory', () => {
  test.use({ serviceWorkers: 'block' });

  test('the library lasts as well, and goes out and in', async ({ app, page, server }) => {
    expect((await app.state()).isolated).toBe(false);
    await addTexts(app, TEXTS);
    await app.idle();
    expect((await app.state()).storage).toBe('opfs');
    const again = await openApp(await page.context().newPage(), server.url);
    await page.close();
    await again.modelSettled();
    await again.idle();
    expect(await findPaths(again, 'leeks', { mode: 'semantic' })).toContain('kitchen/soup.txt');
    const state = await again.state();
    expect(state.storage).toBe('opfs');
    expect(state.documents).toBe(Object.keys(TEXTS).length);
    expect(state.embedded_passages).toBe(state.passages);
    expect(state.passages_embedded_now).toBe(0);
    const bytes = await exportedBytes(again);
    await again.call(() => window.lodestone.remove(['kitchen']));
    expect(await imported(again, bytes, 'replace')).toMatchObject({ added: Object.keys(TEXTS).length });
    expect(await findPaths(again, 'leeks')).toEqual(['kitchen/soup.txt']);
  });
});
