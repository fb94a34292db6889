// Files and folders dropped on the page, as the browser delivers them.
import path from 'node:path';
import { dropPaths } from '../scripts/lib/headless/drop.mjs';
import { expect, findPaths, test, writeTree } from './lib/fixtures.mjs';

/** @param {any} app */
async function listPaths(app) {
  const { entries } = await app.call(() => window.lodestone.list());
  return entries.map((/** @type {{path: string}} */ entry) => entry.path).sort();
}

test('a dropped folder is read to its depths, without .git and node_modules', async ({
  app,
  page,
  folder,
}) => {
  writeTree(folder, {
    'docs/readme.md': '# Compass\n\nThe needle points north.',
    'docs/deep/er/still/notes.txt': 'A lantern hangs in the deepest folder.',
    'docs/deep/readme.md': '# Other\n\nSame name, another folder: an anchor.',
    'docs/.git/config': 'hidden in git',
    'docs/node_modules/package/index.md': 'hidden in modules',
  });
  await dropPaths(page, [path.join(folder, 'docs')]);
  await app.untilState((state) => state.documents === 3 && state.idle);
  expect(await listPaths(app)).toEqual([
    'docs/deep/er/still/notes.txt',
    'docs/deep/readme.md',
    'docs/readme.md',
  ]);
  expect(await findPaths(app, 'lantern')).toEqual(['docs/deep/er/still/notes.txt']);
  expect(await findPaths(app, 'anchor')).toEqual(['docs/deep/readme.md']);
  expect(await findPaths(app, 'hidden')).toEqual([]);
});

test('several files dropped together are added together', async ({ app, page, folder }) => {
  writeTree(folder, { 'one.md': 'The first stone.', 'two words 🌲.txt': 'The second tree.' });
  await dropPaths(page, [path.join(folder, 'one.md'), path.join(folder, 'two words 🌲.txt')]);
  await app.untilState((state) => state.documents === 2 && state.idle);
  expect(await listPaths(app)).toEqual(['one.md', 'two words 🌲.txt']);
});

test('a file dropped again after a change is updated, not doubled', async ({
  app,
  page,
  folder,
}) => {
  const file = path.join(folder, 'diary.md');
  writeTree(folder, { 'diary.md': 'Monday was grey.' });
  await dropPaths(page, [file]);
  await app.untilState((state) => state.documents === 1 && state.idle);
  writeTree(folder, { 'diary.md': 'Tuesday was golden and much longer.' });
  await dropPaths(page, [file]);
  await expect.poll(() => findPaths(app, 'golden')).toEqual(['diary.md']);
  await app.idle();
  expect(await findPaths(app, 'grey')).toEqual([]);
  expect((await app.state()).documents).toBe(1);
});
