// What a person does with the library as a whole, by hand.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { dropPaths } from '../scripts/lib/headless/drop.mjs';
import { expectSound } from '../scripts/lib/soak/sound.mjs';
import { addTexts, expect, findPaths, openApp, test, TEXTS, writeTree } from './lib/fixtures.mjs';

/**
 * Opens the dialog and presses one of its buttons.
 * @param {import('@playwright/test').Page} page
 * @param {string | RegExp} button
 */
async function manage(page, button) {
  const open = page.getByRole('button', { name: 'Manage library' });
  if (!(await open.isVisible())) await page.getByRole('button', { name: 'Library', exact: true }).click();
  await open.click();
  await page.getByRole('dialog', { name: 'Library' }).getByRole('button', { name: button }).click();
}

test('the library goes out as a file and comes in again in another browser', async ({ app, page, browser, server, folder }) => {
  await addTexts(app, TEXTS);
  const downloading = page.waitForEvent('download');
  await manage(page, 'Export the library as a file');
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('lodestone.sqlite');
  const file = path.join(folder, 'lodestone.sqlite');
  await download.saveAs(file);
  expectSound(readFileSync(file));

  const context = await browser.newContext();
  const other = await openApp(await context.newPage(), server.url);
  await addTexts(other, { 'mine.txt': 'A zebra of my own.' });
  for (const [answer, documents] of /** @type {[string, number][]} */ ([['Add it to this library', 6], ['Replace this library', 5]])) {
    const choosing = other.page.waitForEvent('filechooser');
    await manage(other.page, 'Import a library from a file');
    await (await choosing).setFiles(file);
    await other.page.getByRole('dialog', { name: 'Take in "lodestone.sqlite"?' }).getByRole('button', { name: answer }).click();
    await other.untilState((state, count) => state.documents === count, documents);
  }
  expect(await findPaths(other, 'leeks', { mode: 'semantic' })).toContain('kitchen/soup.txt');
  expect(await findPaths(other, 'zebra')).toEqual([]);
  await context.close();
});

test('tells how much room there is, and brings kept folders up to date', async ({ app, page, folder }) => {
  writeTree(folder, { 'docs/one.md': 'A lantern.', 'docs/two.md': 'A whale.' });
  await dropPaths(page, [path.join(folder, 'docs')]);
  await app.untilState((state) => state.documents === 2 && state.idle);
  writeTree(folder, { 'docs/two.md': 'A violin instead.', 'docs/three.md': 'A glacier.' });
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await page.getByRole('button', { name: 'Manage library' }).click();
  await expect(page.getByRole('dialog', { name: 'Library' })).toContainText(/[\d.]+ MB are used, [\d.,]+ [MG]B are left/);
  await page.getByRole('button', { name: 'Refresh the folder "docs"' }).click();
  await app.untilState((state) => state.documents === 3 && state.idle);
  expect(await findPaths(app, 'violin')).toEqual(['docs/two.md']);
  expect(await findPaths(app, 'whale')).toEqual([]);
  await expect(page.getByText('1 document added, 1 updated, 1 unchanged.')).toBeVisible();
});
