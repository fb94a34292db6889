// The ways in beside dropping: the pickers' buttons, the clipboard, and handles given to add().
import path from 'node:path';
import { expect, findPaths, test, writeTree } from './lib/fixtures.mjs';

/** @param {import('../scripts/lib/headless/app_session.mjs').AppSession} app */
async function listPaths(app) {
  const { entries } = await app.call(() => window.lodestone.list());
  return entries.map((/** @type {{path: string}} */ entry) => entry.path).sort();
}

/**
 * Pastes beside the search field, as a person does after a click there.
 * @param {import('@playwright/test').Page} page
 * @param {string} text
 */
function paste(page, text) {
  return page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

test('the folder button takes a folder, without what tools leave in it', async ({ page, app, folder }) => {
  writeTree(folder, {
    'docs/a.md': '# A\n\nA quiet harbour.',
    'docs/deep/a.md': '# Other A\n\nA loud market.',
    'docs/.git/config': 'hidden',
    'docs/deep/node_modules/x/index.md': 'hidden',
    'docs/.DS_Store': 'hidden',
  });
  // Nothing can drive the newer picker; the page takes the older one where that is missing.
  await page.evaluate(() => Object.defineProperty(window, 'showDirectoryPicker', { value: undefined }));
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Add folder' }).first().click();
  await (await chooser).setFiles(path.join(folder, 'docs'));
  await app.untilState((state) => state.documents === 2 && state.idle);
  expect(await listPaths(app)).toEqual(['docs/a.md', 'docs/deep/a.md']);
  expect(await findPaths(app, 'market')).toEqual(['docs/deep/a.md']);
});

test('the file button takes several files', async ({ page, app, folder }) => {
  writeTree(folder, { 'one.md': 'The first.', 'two 🌲 words.txt': 'The second.' });
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Add files' }).first().click();
  await (await chooser).setFiles([path.join(folder, 'one.md'), path.join(folder, 'two 🌲 words.txt')]);
  await app.untilState((state) => state.documents === 2 && state.idle);
  expect(await listPaths(app)).toEqual(['one.md', 'two 🌲 words.txt']);
});

test('pasted text becomes a document of its own, each time', async ({ page, app }) => {
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await paste(page, 'A copper kettle whistles.');
  await paste(page, 'A silver spoon is silent.');
  await app.untilState((state) => state.documents === 2 && state.idle);
  for (const name of await listPaths(app)) expect(name).toMatch(/^Pasted text \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d( \(2\))?\.txt$/);
  expect(await findPaths(app, 'kettle')).toHaveLength(1);
});

test('pasted files are added, wherever the focus is', async ({ page, app }) => {
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.evaluate(() => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(['A parcel of words.'], 'parcel.txt'));
    document.activeElement?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });
  await app.untilState((state) => state.documents === 1 && state.idle);
  expect(await findPaths(app, 'parcel')).toEqual(['parcel.txt']);
});

test('a folder can be dropped where the browser knows no handles', async ({ page, app, folder }) => {
  writeTree(folder, { 'docs/deep/a.md': 'An older way in.', 'docs/.git/config': 'hidden' });
  await page.evaluate(() => Reflect.deleteProperty(DataTransferItem.prototype, 'getAsFileSystemHandle'));
  const cdp = await page.context().newCDPSession(page);
  const data = { items: [], files: [path.join(folder, 'docs')], dragOperationsMask: 1 };
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    await cdp.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
  }
  await app.untilState((state) => state.documents === 1 && state.idle);
  expect(await listPaths(app)).toEqual(['docs/deep/a.md']);
});

test('text pasted into the search field is a question, not a document', async ({ page, app, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(() => navigator.clipboard.writeText('whistling kettle'));
  await page.getByRole('searchbox').focus();
  await page.keyboard.press('ControlOrMeta+v');
  await expect(page.getByRole('searchbox')).toHaveValue('whistling kettle');
  await app.idle();
  expect((await app.state()).documents).toBe(0);
});

test('a folder that vanishes is reported by name and the rest is taken', async ({ app }) => {
  const reply = await app.call(async () => {
    const root = await navigator.storage.getDirectory();
    const gone = await root.getDirectoryHandle('gone', { create: true });
    const file = await root.getFileHandle('gone.md', { create: true });
    await root.removeEntry('gone', { recursive: true });
    await root.removeEntry('gone.md');
    return window.lodestone.add([gone, file, { path: 'stays.md', data: 'It stays.' }]);
  });
  expect(reply.added).toBe(1);
  expect(reply.failed.map((/** @type {{path: string}} */ failure) => failure.path).sort()).toEqual(['gone', 'gone.md']);
  expect(await listPaths(app)).toContain('stays.md');
});

test('things of one name that come together stay apart', async ({ app }) => {
  await app.call(async () => {
    const root = await navigator.storage.getDirectory();
    const folders = [];
    for (const parent of ['left', 'right']) {
      const docs = await (await root.getDirectoryHandle(parent, { create: true })).getDirectoryHandle('docs.d', { create: true });
      const writer = await (await docs.getFileHandle('a.txt', { create: true })).createWritable();
      await writer.write(`on the ${parent}`);
      await writer.close();
      folders.push(docs);
    }
    await window.lodestone.add([...folders, new File(['one'], 'same.txt'), new File(['two'], 'same.txt')]);
    await root.removeEntry('left', { recursive: true });
    await root.removeEntry('right', { recursive: true });
  });
  expect(await listPaths(app)).toEqual(['docs.d (2)/a.txt', 'docs.d/a.txt', 'same (2).txt', 'same.txt']);
});

test('what add() cannot take is said for each item, and the rest is taken', async ({ app }) => {
  const reply = await app.call(() =>
    window.lodestone.add([
      { path: '', data: 'no name' },
      { path: 'number.md', data: /** @type {any} */ (5) },
      { path: `long/${'p'.repeat(5000)}.md`, data: 'too long a path' },
      { path: './folder/ok.md', data: new TextEncoder().encode('bytes are fine') },
    ]),
  );
  expect(reply.added).toBe(1);
  expect(reply.failed).toHaveLength(3);
  expect(await listPaths(app)).toContain('folder/ok.md');
});

test('adding that is cancelled rejects, and what was taken before stays', async ({ app }) => {
  const outcome = await app.call(async () => {
    await window.lodestone.add([{ path: 'before.md', data: 'Before.' }]);
    const controller = new AbortController();
    const items = Array.from({ length: 3000 }, (_, n) => ({ path: `many/${n}.md`, data: `Number ${n}. ${'word '.repeat(500)}` }));
    window.lodestone.on('progress', () => controller.abort());
    return window.lodestone.add(items, { signal: controller.signal }).then(() => 'added', (error) => error.code);
  });
  expect(outcome).toBe('kCancelled');
  await app.idle();
  const state = await app.state();
  expect(state.documents).toBeLessThan(3001);
  expect(await listPaths(app)).toContain('before.md');
});
