// A library that was harmed at rest or under its engine: what is sound stays, what is not is told of and read again.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exportedBytes } from '../scripts/lib/headless/export.mjs';
import { expectSound } from '../scripts/lib/soak/sound.mjs';
import { addTexts, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';
import { changeStored, reopenWithChanged } from './lib/stored_library.mjs';

/** @param {string} word @param {number} count */
function flipsIn(word, count) {
  return (/** @type {Buffer} */ bytes) => {
    let flipped = 0;
    for (let at = bytes.indexOf(word); at >= 0 && flipped < count; at = bytes.indexOf(word, at + 1)) {
      bytes[at + 1] ^= 1;
      flipped += 1;
    }
    expect(flipped).toBe(count);
    return bytes;
  };
}

test('a document with a flipped bit is found, taken out and taken in again', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  await app.idle();
  // Stored once: the words of the full-text index are cut up.
  const again = await reopenWithChanged(page, server.url, flipsIn('potatoes: simmer', 1));
  await again.untilState((state, count) => state.documents === count, Object.keys(TEXTS).length - 1);
  expect(await findPaths(again, 'leeks')).toEqual([]);
  expect(await findPaths(again, 'potatoes soup', { mode: 'semantic' })).not.toContain('kitchen/soup.txt');
  const { entries } = await again.call(() => window.lodestone.list({ only_failed: true }));
  expect(entries.map(({ path, reason }) => `${path}: ${reason}`)).toEqual(['kitchen/soup.txt: What was stored of it is damaged. Add the file again.']);
  expect((await addTexts(again, TEXTS)).added).toBe(1);
  expect(await findPaths(again, 'leeks')).toEqual(['kitchen/soup.txt']);
  expect((await again.call(() => window.lodestone.list({ only_failed: true }))).entries).toEqual([]);
  expectSound(await exportedBytes(again));
});

test('a library that was cut off is set aside, what is sound of it is saved, and it can be taken away', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  await app.idle();
  /** @type {Buffer} */
  let cut = Buffer.alloc(0);
  const again = await reopenWithChanged(page, server.url, (bytes) => (cut = bytes.subarray(0, Math.floor(bytes.length * 0.6))));
  await again.idle();
  expect((await again.state()).storage).toBe('opfs');
  expect((await exportedBytes(again, { damaged: true })).equals(cut)).toBe(true);
  const saved = (await again.state()).documents;
  expect((await addTexts(again, TEXTS)).added).toBe(Object.keys(TEXTS).length - saved);
  expect(await findPaths(again, 'leeks', { mode: 'hybrid' })).toContain('kitchen/soup.txt');
  expectSound(await exportedBytes(again));
});

test('a library of a newer version is refused in plain words and left as it is', async ({ app, page, server, folder }) => {
  await addTexts(app, TEXTS);
  await app.idle();
  const file = path.join(folder, 'newer.sqlite');
  writeFileSync(file, await exportedBytes(app));
  execFileSync('sqlite3', [file, 'PRAGMA user_version=99']);
  const newer = readFileSync(file);
  for (const mode of /** @type {const} */ (['merge', 'replace'])) {
    await expect(
      app.call(
        ({ base64, mode }) => window.lodestone.import(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]), mode),
        { base64: newer.toString('base64'), mode },
      ),
    ).rejects.toMatchObject({ code: 'kMismatch' });
  }
  expect((await app.state()).documents).toBe(Object.keys(TEXTS).length);

  const again = await changeStored(page, server.url, () => newer);
  await again.goto(server.url, { waitUntil: 'commit' });
  await again.waitForFunction(() => 'lodestone' in window);
  const answers = await again.evaluate(() => {
    const { lodestone } = window;
    const failure = (/** @type {Promise<unknown>} */ promise) => promise.then(() => 'done', ({ code, message }) => `${code}: ${message}`);
    const attempts = [lodestone.ready, lodestone.add([{ path: 'new.txt', data: 'A zebra.' }]), lodestone.search('leeks'), lodestone.remove(['kitchen']), lodestone.export()];
    return Promise.all(attempts.map(failure));
  });
  for (const answer of answers) expect(answer).toMatch(/^kMismatch: This library was written by a newer version of Lodestone\. .*left as it is/);
  await changeStored(again, server.url, (bytes) => {
    expect(bytes.equals(newer)).toBe(true);
    return bytes;
  });
});

test('threads of the engine that die while documents come in lose nothing that was reported', async ({ app, page }) => {
  test.setTimeout(300_000); // a hang guard
  await addTexts(app, TEXTS);
  const text = 'river stone copper window apple candle '.repeat(100);
  for (let round = 0; round < 3; round++) {
    const died = app.call(() => new Promise((resolve) => window.lodestone.on('died', () => resolve(true))));
    const adding = app.call(
      async ({ round, text }) => {
        /** @type {string[]} */
        const reported = [];
        const add = async (/** @type {number} */ n) => {
          const path = `round-${round}/${n}.txt`;
          await window.lodestone.add([{ path, data: `number${round}x${n} ${text}` }]);
          reported.push(path);
        };
        await Promise.allSettled(Array.from({ length: 200 }, (_, n) => add(n)));
        return reported;
      },
      { round, text },
    );
    await app.untilState((state, least) => state.documents > least, (await app.state()).documents);
    // Those that own a model's session: the others never come back to their event loop. Whoever is first ends them all, so
    // none has to answer.
    for (const worker of page.workers().filter((each) => !each.url().includes('coordinator'))) {
      worker.evaluate(() => {
        setTimeout(() => {
          throw new WebAssembly.RuntimeError('unreachable');
        });
      }).catch(() => {});
    }
    await died;
    const reported = await adding;
    await page.getByRole('button', { name: 'Restart' }).click();
    await app.call(() => window.lodestone.ready);
    await app.modelSettled();
    await app.idle();
    const { entries } = await app.call(() => window.lodestone.list({ count: 1000 }));
    const there = new Set(entries.map((/** @type {{path: string}} */ entry) => entry.path));
    expect([...Object.keys(TEXTS), ...reported].filter((each) => !there.has(each))).toEqual([]);
    const state = await app.state();
    expect(state.storage).toBe('opfs');
    expect(state.embedded_passages).toBe(state.passages);
    expectSound(await exportedBytes(app));
  }
});
