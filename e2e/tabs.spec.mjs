// Two tabs, one library: both search, one writes, and the other goes on when it is gone.
import { crashPage } from '../scripts/lib/headless/crash_page.mjs';
import { tabFight } from '../scripts/lib/soak/tab_fight.mjs';
import { addTexts, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';

test('a second tab searches and adds through the first, and takes over when it closes', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  const second = await openApp(await page.context().newPage(), server.url);
  expect((await second.state()).storage).toBe('opfs');
  expect((await second.state()).documents).toBe(Object.keys(TEXTS).length);
  expect(await findPaths(second, 'leeks', { mode: 'hybrid' })).toContain('kitchen/soup.txt');
  expect((await addTexts(second, { 'second.txt': 'A zebra from the second tab.' })).added).toBe(1);
  expect(await findPaths(app, 'zebra')).toEqual(['second.txt']);
  await page.close();
  const begun = performance.now();
  expect(await findPaths(second, 'zebra')).toEqual(['second.txt']);
  const takeOverMs = performance.now() - begun;
  console.log(`take-over ${Math.round(takeOverMs)} ms`);
  await second.modelSettled();
  await second.idle();
  const state = await second.state();
  expect(state.storage).toBe('opfs');
  expect(state.passages_embedded_now).toBe(0);
  expect((await addTexts(second, { 'third.txt': 'A yak.' })).added).toBe(1);
  expect(await findPaths(second, 'leeks', { mode: 'semantic' })).toContain('kitchen/soup.txt');
  // A guard against hanging, ten times what is promised; the figure itself is printed above.
  expect(takeOverMs).toBeLessThan(20_000);
});

test('a second tab takes over when the process of the first is killed', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  const second = await openApp(await page.context().newPage(), server.url);
  await second.idle();
  await crashPage(page);
  const begun = performance.now();
  expect(await findPaths(second, 'leeks')).toContain('kitchen/soup.txt');
  const takeOverMs = performance.now() - begun;
  console.log(`take-over ${Math.round(takeOverMs)} ms`);
  await second.modelSettled();
  await second.idle();
  const state = await second.state();
  expect(state.documents).toBe(Object.keys(TEXTS).length);
  expect(state.passages_embedded_now).toBe(0);
  expect((await addTexts(second, { 'second.txt': 'A zebra.' })).added).toBe(1);
  expect(takeOverMs).toBeLessThan(20_000); // a guard against hanging
});

test('a writer that is suspended is not bypassed: the other tab says so, and goes on when it wakes or closes', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  const second = await openApp(await page.context().newPage(), server.url);
  await second.page.evaluate(() => {
    const notices = /** @type {string[]} */ ([]);
    Object.assign(window, { notices });
    window.lodestone.on('notice', ({ text }) => notices.push(text));
  });
  const said = (/** @type {RegExp} */ pattern) =>
    expect.poll(() => second.page.evaluate(() => /** @type {any} */ (window).notices.at(-1) ?? ''), { timeout: 30_000 }).toMatch(pattern);
  const holders = () =>
    second.page.evaluate(async () => (await navigator.locks.query()).held?.filter(({ name }) => name?.endsWith(':writer')).map(({ clientId }) => clientId));
  const cdp = await page.context().newCDPSession(page);
  const before = await holders();
  expect(before).toHaveLength(1);

  // Its thread stops at the next message, as that of a suspended tab.
  await cdp.send('Debugger.enable');
  await cdp.send('Debugger.pause');
  let isAnswered = false;
  const adding = addTexts(second, { 'second.txt': 'A zebra.' }).finally(() => (isAnswered = true));
  await said(/^The tab that was opened at \d.* holds the library and does not answer\. Wake it, or close it: this tab then goes on\.$/);
  expect(isAnswered).toBe(false);
  expect(await holders()).toEqual(before);
  await cdp.send('Debugger.resume');
  expect((await adding).added).toBe(1);
  await said(/^The library answers again\.$/);
  expect(await holders()).toEqual(before);

  await cdp.send('Debugger.pause');
  const searching = findPaths(second, 'zebra');
  await said(/does not answer/);
  await page.close();
  expect(await searching).toEqual(['second.txt']); // closing may wake it for long enough to answer
  await expect.poll(holders).not.toEqual(before);
});

test('two tabs that fight over the library lose nothing', async () => {
  test.setTimeout(300_000); // a hang guard
  const outcome = await tabFight({ deeds: 60, seed: 4 });
  console.log(JSON.stringify(outcome));
  expect(outcome.deeds).toBeGreaterThanOrEqual(60);
  expect(outcome.ends).toBeGreaterThan(0);
});

test('an add that the first tab did not finish is finished by the second', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  const second = await openApp(await page.context().newPage(), server.url);
  const text = 'river stone copper window apple candle '.repeat(400);
  const adding = second.call((text) => {
    const items = Array.from({ length: 60 }, (_, n) => ({ path: `many/${n}.txt`, data: `${n} ${text}` }));
    return window.lodestone.add(items);
  }, text);
  await second.untilState((state) => state.documents > 8);
  await page.close();
  const { added, unchanged, failed } = await adding;
  expect(failed).toEqual([]);
  expect(added + unchanged).toBe(60);
  await second.modelSettled();
  await second.idle();
  const state = await second.state();
  expect(state.documents).toBe(Object.keys(TEXTS).length + 60);
  expect(state.embedded_passages).toBe(state.passages);
});

test('an engine that dies leaves the library to the other tab', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  const second = await openApp(await page.context().newPage(), server.url);
  const died = app.call(() => new Promise((resolve) => window.lodestone.on('died', () => resolve(true))));
  await app.state();
  const worker = page.workers().find((worker) => worker.url().includes('coordinator.worker'));
  await worker?.evaluate(() => {
    setTimeout(() => {
      throw new WebAssembly.RuntimeError('unreachable');
    });
  });
  await died;
  expect(await findPaths(second, 'leeks')).toContain('kitchen/soup.txt');
  // The first tab is served by the second from now on.
  await page.getByRole('button', { name: 'Restart' }).click();
  await app.call(() => window.lodestone.ready);
  expect(await findPaths(app, 'leeks')).toContain('kitchen/soup.txt');
  expect((await addTexts(app, { 'back.txt': 'A zebra.' })).added).toBe(1);
  expect(await findPaths(second, 'zebra')).toEqual(['back.txt']);
});
