// When the engine's worker dies, every call ends, the person is told, and a restart finds all again.
import { addTexts, coordinatorOf, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';

test('a trap in the worker rejects what is pending and a restart finds everything', async ({
  app,
  page,
}) => {
  await addTexts(app, TEXTS);
  await app.idle();
  const dead = app.call(
    () => new Promise((resolve) => window.lodestone.on('died', (error) => resolve(error.message))),
  );
  const pending = app.call(async () => {
    await window.lodestone.pause();
    return window.lodestone.add([{ path: 'late.txt', data: new Blob(['Late.']) }]).then(
      () => 'added',
      (error) => `${error.code}: ${error.message}`,
    );
  });
  await app.untilState((state) => state.paused);
  await coordinatorOf(page).evaluate(() => {
    // As a trap in the wasm module shows itself: an error that nobody catches.
    setTimeout(() => {
      throw new WebAssembly.RuntimeError('unreachable');
    });
  });
  expect(await pending).toMatch(/^kInternal: .*stopped/);
  expect(await dead).toMatch(/stopped/);
  await page.getByRole('button', { name: 'Restart' }).click();
  await app.call(() => window.lodestone.ready);
  await app.modelSettled();
  expect((await app.state()).documents).toBe(Object.keys(TEXTS).length);
  expect(await findPaths(app, 'leeks', { mode: 'hybrid' })).toContain('kitchen/soup.txt');
  expect((await addTexts(app, { 'after.txt': 'Zebra after the restart.' })).added).toBe(1);
  expect(await findPaths(app, 'zebra')).toEqual(['after.txt']);
});

test('a tab that is closed in the middle loses nothing that was committed', async ({
  app,
  page,
  context,
  server,
}) => {
  await addTexts(app, TEXTS);
  await app.idle();
  await app.call(() => {
    const text = 'river stone copper window apple candle '.repeat(2000);
    const items = Array.from({ length: 200 }, (_, n) => ({
      path: `cut/${n}.txt`,
      data: new Blob([`${n} ${text}`]),
    }));
    void window.lodestone.add(items).catch(() => {});
    return new Promise((resolve) => {
      const undo = window.lodestone.on('progress', () => {
        undo();
        resolve(undefined);
      });
    });
  });
  await page.close({ runBeforeUnload: false });
  const again = await openApp(await context.newPage(), server.url);
  await again.idle();
  const state = await again.state();
  expect(state.documents).toBeGreaterThanOrEqual(Object.keys(TEXTS).length);
  expect(state.embedded_passages).toBe(state.passages);
  expect(await findPaths(again, 'leeks')).toContain('kitchen/soup.txt');
});
