// Bad input ends in a clear message, and nothing else is lost.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listFolder } from '../scripts/lib/headless/library_files.mjs';
import { addTexts, expect, findPaths, openApp, test, TEXTS, writeTree } from './lib/fixtures.mjs';

const MEBIBYTE = 1024 * 1024;

/**
 * The reason that was given for a path, which must be a sentence a person can read.
 * @param {{failed: {path: string, reason: string}[]}} added
 * @param {string} path
 */
function reasonFor(added, path) {
  const reason = added.failed.find((failure) => failure.path === path)?.reason ?? '';
  expect(reason, `a reason for ${path}`).toMatch(/\w+ \w+/);
  return reason;
}

/** What was there before must be there still, and a new document must go in. @param {any} app */
async function expectUnharmed(app) {
  await addTexts(app, { ...TEXTS, 'proof.txt': 'The giraffe proves that all is well.' });
  expect((await findPaths(app, 'giraffe'))[0]).toBe('proof.txt');
  expect((await findPaths(app, 'leeks', { mode: 'hybrid' }))[0]).toBe('kitchen/soup.txt');
}

test('an empty file is named, the others are taken', async ({ app }) => {
  const added = await addTexts(app, { ...TEXTS, 'empty.txt': '', 'blank.md': ' \n\t\n ' });
  reasonFor(added, 'empty.txt');
  reasonFor(added, 'blank.md');
  expect(added.added).toBe(Object.keys(TEXTS).length);
  await expectUnharmed(app);
});

test('a text of 200 MB is refused by name', async ({ app, folder }) => {
  writeFileSync(path.join(folder, 'huge.txt'), Buffer.alloc(200 * MEBIBYTE, 'words of no end '));
  const added = await app.add(listFolder(folder).files);
  expect(reasonFor(added, 'huge.txt')).toMatch(/64|large|big/i);
  await expectUnharmed(app);
});

test('a JSONL of 200 MB is streamed', async ({ app }) => {
  // Much of it is a field that is no text, so that the reading is tested and not the embedding.
  const added = await app.call((padding) => {
    const parts = [];
    for (let n = 0; n < 200; n += 1) {
      parts.push(`{"_id": "r${n}", "title": "Record ${n}", "text": "Entry${n}z here.", "pad": "`);
      parts.push('x'.repeat(padding), '"}\n');
    }
    return window.lodestone.add([{ path: 'large.jsonl', data: new Blob(parts) }]);
  }, MEBIBYTE);
  expect(added.failed).toEqual([]);
  expect((await app.state()).documents).toBe(200);
  expect(await findPaths(app, 'entry177z')).toEqual(['large.jsonl#r177']);
  await expectUnharmed(app);
});

test('a binary file with the ending of a text is named', async ({ app }) => {
  const binary = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7919 + (i >> 3)) % 256);
  const png = Buffer.from(
    '89504e470d0a1a0a0000000d49484452000000100000001008060000001ff3ff61',
    'hex',
  );
  const added = await addTexts(app, { ...TEXTS, 'noise.txt': binary, 'picture.md': png });
  reasonFor(added, 'noise.txt');
  reasonFor(added, 'picture.md');
  expect(added.failed).toHaveLength(2);
  await expectUnharmed(app);
});

test('broken UTF-8 is read with replacements and flagged', async ({ app }) => {
  const text = 'Grüße aus Köln, wo der Dom ist und die Brücken über den Rhein führen. '.repeat(20);
  const bytes = Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xc3]), Buffer.from(' Ende')]);
  const added = await addTexts(app, { 'broken.txt': bytes });
  expect(added.added).toBe(1);
  const { text: stored } = await app.call(() => window.lodestone.document('broken.txt'));
  expect(stored).toContain('Grüße aus Köln');
  expect(stored).toContain('\uFFFD');
  const { entries } = await app.call(() => window.lodestone.list());
  expect(entries[0].warning).toMatch(/\w+ \w+/);
  await expectUnharmed(app);
});

test('a single line of 10 MB goes in', async ({ app }) => {
  const line = 'endless lines make readers weary and '.repeat((10 * MEBIBYTE) / 37) + 'pelican';
  const added = await app.call(
    (line) => window.lodestone.add([{ path: 'line.txt', data: new Blob([line]) }]),
    line,
  );
  expect(added).toMatchObject({ added: 1, failed: [] });
  expect(await findPaths(app, 'pelican')).toEqual(['line.txt']);
  await expectUnharmed(app);
});

test('HTML nested 100,000 levels deep does not bring the engine down', async ({ app }) => {
  const deep = `${'<div>'.repeat(100_000)}A lonely cormorant.${'</div>'.repeat(100_000)}`;
  const added = await addTexts(app, { 'deep.html': `<title>Deep</title>${deep}` });
  if (added.failed.length > 0) reasonFor(added, 'deep.html');
  else expect(await findPaths(app, 'cormorant')).toEqual(['deep.html']);
  await expectUnharmed(app);
});

test('broken lines of a JSONL are each named by number, the rest is taken', async ({ app }) => {
  const lines = [
    '{"_id": "a", "text": "An albatross."}',
    '{"_id": "b", "text": "cut off',
    '',
    'plain words',
    '{"_id": "c", "text": "A bittern."}',
    '[1, 2',
    '{"_id": "d", "text": "A curlew."}',
  ];
  const added = await addTexts(app, { 'birds.jsonl': lines.join('\n') });
  const told = added.failed.map(({ path, reason }) => `${path} ${reason}`);
  expect(told).toHaveLength(3);
  for (const [index, line] of [2, 4, 6].entries()) {
    expect(told[index]).toContain('birds.jsonl');
    expect(told[index]).toMatch(new RegExp(`\\b${line}\\b`));
  }
  expect(await findPaths(app, 'albatross')).toEqual(['birds.jsonl#a']);
  expect(await findPaths(app, 'bittern')).toEqual(['birds.jsonl#c']);
  expect(await findPaths(app, 'curlew')).toEqual(['birds.jsonl#d']);
  await expectUnharmed(app);
});

test('names with emoji, spaces, marks and 300 characters are kept as they are', async ({ app }) => {
  const names = [
    'emoji 🦄 ünïcode.md',
    '  leading and  double  spaces .txt',
    `${'n'.repeat(300)}.txt`,
    'per%20cent #hash ?query&amp.txt',
    'quote\'s "and" <tags>.txt',
    'עברית/العربية/中文.txt',
  ];
  const texts = Object.fromEntries(names.map((name, n) => [name, `Number${n}q is unique.`]));
  const added = await addTexts(app, texts);
  expect(added).toMatchObject({ added: names.length, failed: [] });
  for (const [n, name] of names.entries()) {
    expect(await findPaths(app, `number${n}q`)).toEqual([name]);
    const { text } = await app.call((path) => window.lodestone.document(path), name);
    expect(text).toContain(`Number${n}q`);
  }
});

test('a folder that vanishes half way costs only what is gone', async ({ app, folder }) => {
  const texts = Object.fromEntries(
    Array.from({ length: 40 }, (_, n) => [
      `${n % 2 ? 'gone' : 'here'}/${n}.txt`,
      `Word${n}w stays.`,
    ]),
  );
  writeTree(folder, texts);
  const { files } = listFolder(folder);
  // The browser has the names; then the folder goes away, and a file changes under its name.
  await app.call(() => window.lodestone.pause());
  const adding = app.add(files);
  await app.untilState((state) => state.files_total === 40);
  rmSync(path.join(folder, 'gone'), { recursive: true });
  mkdirSync(path.join(folder, 'gone'));
  await app.call(() => window.lodestone.resume());
  const added = await adding;
  expect(added.added + added.failed.length).toBe(40);
  for (const { path: name } of added.failed) {
    expect(name).toMatch(/^gone\//);
    reasonFor(added, name);
  }
  expect(await findPaths(app, 'word10w')).toEqual(['here/10.txt']);
  await expectUnharmed(app);
});

test('without WebGL2 the page says so and goes on working', async ({ page, server }) => {
  await page.addInitScript(() => {
    const { getContext } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.getContext = /** @type {any} */ (
      /** @this {HTMLCanvasElement} */ function (
        /** @type {string} */ kind,
        /** @type {any} */ ...rest
      ) {
        return kind.startsWith('webgl')
          ? null
          : /** @type {any} */ (getContext).call(this, kind, ...rest);
      }
    );
    OffscreenCanvas.prototype.getContext = /** @type {any} */ (() => null);
  });
  const app = await openApp(page, server.url);
  await expect(page.locator('body')).toContainText(/WebGL/);
  await expectUnharmed(app);
  await page.getByRole('searchbox').fill('giraffe');
  await expect(page.getByRole('list', { name: 'Results' })).toContainText('proof.txt');
});

test('what is not a document at all is refused by name', async ({ app }) => {
  const outcome = await app.call(() =>
    window.lodestone.add([/** @type {any} */ (42)]).then(
      () => 'added',
      (error) => error.code,
    ),
  );
  expect(outcome).toBe('kInvalidArgument');
  const unknown = await app.call(() =>
    window.lodestone.document('nowhere.txt').then(
      () => 'found',
      (error) => error.code,
    ),
  );
  expect(unknown).toBe('kNotFound');
  await expectUnharmed(app);
});
