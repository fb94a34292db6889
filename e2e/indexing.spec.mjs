// Taking in many files: progress, searching meanwhile, pause, resume, cancel, and coming back.
import { addTexts, expect, findPaths, openApp, test, TEXTS, writeTree } from './lib/fixtures.mjs';
import { listFolder } from '../scripts/lib/headless/library_files.mjs';

/** A text that takes a moment to embed. @param {number} n @param {number} [words] */
function prose(n, words = 400) {
  const vocabulary = 'river stone copper window apple candle harbour morning letter engine'.split(
    ' ',
  );
  return (
    Array.from({ length: words }, (_, i) => vocabulary[(i * (n + 3) + n) % 10]).join(' ') + '.'
  );
}

/** @param {number} count @param {number} [words] */
function manyTexts(count, words) {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `many/doc${n}.txt`,
      `Marker${n} begins. ${prose(n, words)}`,
    ]),
  );
}

test('5,000 files in nested folders, same names apart', async ({ app, folder }) => {
  test.setTimeout(600_000);
  const files = Object.fromEntries(
    Array.from({ length: 5000 }, (_, n) => {
      const name = n % 2 ? 'same.md' : `file ${n}.txt`;
      return [`level${n % 7}/sub${n % 11}/n${n}/${name}`, `Item${n}x is a ${prose(n, 12)}`];
    }),
  );
  writeTree(folder, { ...files, '.git/HEAD': 'ref', 'node_modules/m/index.js': 'code' });
  const listed = listFolder(folder).files;
  expect(listed).toHaveLength(5000);
  const added = await app.add(listed);
  expect(added).toEqual({ added: 5000, updated: 0, unchanged: 0, removed: 0, renamed: 0, failed: [] });
  const state = await app.state();
  expect(state.documents).toBe(5000);
  expect(state.embedded_passages).toBe(state.passages);
  for (const n of [0, 1, 2499, 4999]) {
    expect(await findPaths(app, `item${n}x`)).toEqual([Object.keys(files)[n]]);
  }
  const again = await app.add(listed);
  expect(again).toEqual({ added: 0, updated: 0, unchanged: 5000, removed: 0, renamed: 0, failed: [] });
});

test('progress rises to the total, with a state per file in the library', async ({ app }) => {
  const seen = await app.call(async () => {
    /** @type {{done: number, total: number}[]} */
    const seen = [];
    const undo = window.lodestone.on('progress', ({ done, total }) => seen.push({ done, total }));
    await window.lodestone.add(
      Array.from({ length: 30 }, (_, n) => ({
        path: `p/${n}.txt`,
        data: new Blob([`Text ${n}.`]),
      })),
    );
    undo();
    return seen;
  });
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.at(-1)).toEqual({ done: 30, total: 30 });
  const dones = seen.map(({ done }) => done);
  expect(dones).toEqual([...dones].sort((a, b) => a - b));
  const { entries, total } = await app.call(() => window.lodestone.list());
  expect(total).toBe(30);
  expect(new Set(entries.map(({ state }) => state))).toEqual(new Set(['ready']));
});

test('search works while indexing goes on', async ({ app }) => {
  await addTexts(app, TEXTS);
  const outcome = await app.call(async (texts) => {
    const items = Object.entries(texts).map(([path, text]) => ({ path, data: new Blob([text]) }));
    let finished = false;
    const adding = window.lodestone.add(items).finally(() => (finished = true));
    const during = [];
    while (!finished && during.length < 20) {
      const { results } = await window.lodestone.search('leeks', { mode: 'lexical' });
      if (!finished) during.push(results[0].path);
    }
    const { added } = await adding;
    return { during, added };
  }, manyTexts(300));
  expect(outcome.added).toBe(300);
  expect(outcome.during.length).toBeGreaterThan(0);
  expect(new Set(outcome.during)).toEqual(new Set(['kitchen/soup.txt']));
});

test('pause stops indexing, resume finishes it', async ({ app }) => {
  const outcome = await app.call(async (texts) => {
    const items = Object.entries(texts).map(([path, text]) => ({ path, data: new Blob([text]) }));
    await window.lodestone.pause();
    let finished = false;
    const adding = window.lodestone.add(items).finally(() => (finished = true));
    const paused = (await window.lodestone.state()).paused;
    // What runs already may end; then, as each search is a round trip through the engine, nothing moves.
    for (let i = 0; i < 20; i += 1) await window.lodestone.search('marker1', { mode: 'lexical' });
    const first = await window.lodestone.state();
    for (let i = 0; i < 50; i += 1) await window.lodestone.search('marker1', { mode: 'lexical' });
    const second = await window.lodestone.state();
    const finishedWhilePaused = finished;
    await window.lodestone.resume();
    const { added } = await adding;
    return {
      paused,
      finishedWhilePaused,
      moved: second.passages_embedded_now - first.passages_embedded_now,
      added,
      resumed: !(await window.lodestone.state()).paused,
    };
  }, manyTexts(100));
  expect(outcome).toEqual({
    paused: true,
    finishedWhilePaused: false,
    moved: 0,
    added: 100,
    resumed: true,
  });
});

test('cancelled indexing ends, keeps what was done, and can be taken up again', async ({ app }) => {
  const count = 2000; // more than are taken in before the cancelling arrives
  const texts = manyTexts(count);
  const end = await app.call(async (texts) => {
    const items = Object.entries(texts).map(([path, text]) => ({ path, data: new Blob([text]) }));
    const begun = new Promise((resolve) => {
      const undo = window.lodestone.on('progress', () => {
        undo();
        resolve(undefined);
      });
    });
    const adding = window.lodestone.add(items).then(
      () => 'finished',
      (error) => error.code,
    );
    await begun;
    await window.lodestone.cancelIndexing();
    const end = await adding;
    await window.lodestone.idle();
    return end;
  }, texts);
  expect(['kCancelled', 'finished']).toContain(end);
  const cut = await app.state();
  expect(cut.documents).toBeLessThan(count);
  expect(cut.embedded_passages).toBe(cut.passages);
  const again = await addTexts(app, texts);
  expect(again.added + again.updated + again.unchanged).toBe(count);
  expect((await app.state()).documents).toBe(count);
});

test('an add that is aborted rejects as cancelled and leaves the rest whole', async ({ app }) => {
  await addTexts(app, TEXTS);
  const code = await app.call((texts) => {
    const items = Object.entries(texts).map(([path, text]) => ({ path, data: new Blob([text]) }));
    const stop = new AbortController();
    const adding = window.lodestone.add(items, { signal: stop.signal });
    stop.abort();
    return adding.then(
      () => 'finished',
      (error) => error.code,
    );
  }, manyTexts(50));
  expect(code).toBe('kCancelled');
  await app.idle();
  expect(await findPaths(app, 'leeks')).toEqual(['kitchen/soup.txt']);
});

test('the library is there after a reload, and nothing is embedded twice', async ({
  page,
  server,
  context,
}) => {
  const first = await openApp(page, server.url);
  await addTexts(first, TEXTS);
  await first.idle();
  const before = await first.state();
  await page.close();
  const second = await openApp(await context.newPage(), server.url);
  await second.idle();
  const after = await second.state();
  expect(after.documents).toBe(before.documents);
  expect(after.embedded_passages).toBe(before.passages);
  expect(after.tokens_embedded).toBe(0);
  expect(await findPaths(second, 'leeks', { mode: 'hybrid' })).toContain('kitchen/soup.txt');
  const added = await addTexts(second, TEXTS);
  expect(added.unchanged).toBe(Object.keys(TEXTS).length);
  expect((await second.state()).tokens_embedded).toBe(0);
});

test('pause, resume and cancel can be reached by role', async ({ app, page }) => {
  await app.call(() => window.lodestone.pause());
  const adding = addTexts(app, manyTexts(20));
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  expect((await adding).added).toBe(20);
  await expect(
    page.getByRole('list', { name: 'Documents' }).getByRole('listitem').first(),
  ).toBeVisible();
});
