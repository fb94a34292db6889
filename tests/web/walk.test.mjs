// Folders of every shape, as handles and as entries, become files with paths.
import assert from 'node:assert/strict';
import test from 'node:test';
import { bodyOf, walk } from '../../web/walk.mjs';

/** @typedef {{[name: string]: string | Tree | Error}} Tree */

/**
 * A folder as the File System Access API gives it; an Error in place of a file or folder is thrown on opening.
 * @param {string} name
 * @param {Tree | string | Error} content
 * @returns {any}
 */
function handle(name, content) {
  if (typeof content === 'string') return { kind: 'file', name, getFile: async () => new File([content], name, { lastModified: 7 }) };
  if (content instanceof Error && !name.endsWith('/')) return { kind: 'file', name, getFile: () => Promise.reject(content) };
  return {
    kind: 'directory',
    name: name.replace(/\/$/, ''),
    async *values() {
      if (content instanceof Error) throw content;
      for (const [child, inside] of Object.entries(content)) yield handle(child, inside);
    },
  };
}

/**
 * The same as older browsers give it, in lots of two.
 * @param {string} name
 * @param {Tree | string | Error} content
 * @returns {any}
 */
function entry(name, content) {
  if (typeof content === 'string') {
    return { name, isDirectory: false, file: (/** @type {(file: File) => void} */ done) => done(new File([content], name)) };
  }
  const children = Object.entries(content).map(([child, inside]) => entry(child, inside));
  return {
    name,
    isDirectory: true,
    createReader: () => ({ readEntries: (/** @type {(lot: any[]) => void} */ done) => done(children.splice(0, 2)) }),
  };
}

/** @param {any[]} items */
async function paths(items) {
  const found = [];
  for await (const { path, reason } of walk(items)) found.push(reason === undefined ? path : `${path}: ${reason}`);
  return found;
}

const TREE = {
  'b.md': 'b',
  'a.md': 'a',
  '.git': { config: 'x' },
  '.DS_Store': 'x',
  deep: { node_modules: { 'x.js': 'x' }, er: { 'b.md': 'other b' }, '.hidden': 'kept' },
};
const TREE_PATHS = ['docs/a.md', 'docs/b.md', 'docs/deep/.hidden', 'docs/deep/er/b.md'];

test('handles and entries give the same paths, in order, without what tools leave', async () => {
  assert.deepEqual(await paths([handle('docs', TREE)]), TREE_PATHS);
  assert.deepEqual(await paths([entry('docs', TREE)]), TREE_PATHS);
});

test('a folder that is skipped inside another is taken when it is what was dropped', async () => {
  assert.deepEqual(await paths([handle('node_modules', { 'x.js': 'x' })]), ['node_modules/x.js']);
});

test('100,000 levels need no deep stack, and too long a path is refused by name', async () => {
  /** @type {Tree} */
  let tree = { 'leaf.md': 'x' };
  for (let level = 0; level < 100_000; level++) tree = { d: tree };
  const [only, ...rest] = await paths([handle('docs', tree)]);
  assert.match(only, /^docs\/d\/d.*…: The path is longer than 4,096 bytes\.$/);
  assert.deepEqual(rest, []);
});

test('what cannot be read is told and the rest is taken', async () => {
  const gone = new DOMException('gone', 'NotFoundError');
  const locked = new DOMException('locked', 'NotReadableError');
  const found = await paths([handle('docs', { 'a.md': gone, 'b.md': 'b', 'c/': locked, d: { 'e.md': 'e' } })]);
  assert.deepEqual(found.sort(), [
    'docs/a.md: The file cannot be opened: it is not there any more.',
    'docs/b.md',
    'docs/c: The folder cannot be listed: its storage does not give it out.',
    'docs/d/e.md',
  ].sort());
});

test('an aborted walk ends', async () => {
  const controller = new AbortController();
  const found = [];
  for await (const { path } of walk([handle('docs', TREE), handle('more', TREE)], { signal: controller.signal })) {
    found.push(path);
    controller.abort();
  }
  assert.ok(found.length <= 2, found.join());
});

test('data of every kind keeps its bytes, name and date', async () => {
  const bytes = new TextEncoder().encode('é');
  const items = [
    { path: '/x/text.md', data: 'é', modified: 5 },
    { path: 'x/bytes.md', data: bytes, modified: new Date(6) },
    { path: 'x/view.md', data: new DataView(bytes.buffer), modified: 7 },
    { path: './x/blob.md', data: new Blob([bytes]), modified: 8 },
    { path: 'x/file.md', data: new File([bytes], 'other', { lastModified: 9 }) },
  ];
  const found = [];
  for await (const { path, file } of walk(items)) {
    if (file === undefined) throw new Error(path);
    found.push([path, file.lastModified, file.size, await textOf(file)]);
  }
  assert.deepEqual(found, [
    ['x/text.md', 5, 2, 'é'],
    ['x/bytes.md', 6, 2, 'é'],
    ['x/view.md', 7, 2, 'é'],
    ['x/blob.md', 8, 2, 'é'],
    ['x/file.md', 9, 2, 'é'],
  ]);
});

test('short data is taken as it is at the time, long data as a blob', async () => {
  const bytes = new TextEncoder().encode('before');
  const [short, long] = await all([{ path: 'short.md', data: bytes }, { path: 'long.md', data: 'x'.repeat(70000) }]);
  bytes.fill(0);
  assert.equal(await textOf(short), 'before');
  const body = bodyOf(long);
  assert.ok(body instanceof Blob && long.size === 70000 && body.size === 70000);
});

/**
 * @param {import('../../web/walk.mjs').AddItem[]} items
 * @returns {Promise<import('../../web/walk.mjs').AnyFile[]>}
 */
async function all(items) {
  const files = [];
  for await (const { path, file } of walk(items)) {
    if (file === undefined) throw new Error(path);
    files.push(file);
  }
  return files;
}

/** @param {import('../../web/walk.mjs').AnyFile} file */
function textOf(file) {
  const body = bodyOf(file);
  return body instanceof Blob ? body.text() : new TextDecoder().decode(body.content);
}
