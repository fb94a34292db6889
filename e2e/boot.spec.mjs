// The page comes up isolated, with threads, ready to type in, and then rests.
import { expect, openApp, test } from './lib/fixtures.mjs';
import { countLoads } from './lib/sites.mjs';

test('starts isolated and with threads after at most one reload', async ({ page, server }) => {
  const loads = countLoads(page);
  const app = await openApp(page, server.url);
  expect(loads.count).toBeLessThanOrEqual(2);
  expect(app.ready.isolated).toBe(true);
  expect(app.ready.threads).toBeGreaterThanOrEqual(1);
  expect(app.ready.storage).toBe('opfs');
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  const state = await app.state();
  expect(state.model_state).toBe('ready');
  expect(state.documents).toBe(0);
});

test('takes the number of threads from its address', async ({ page, server }) => {
  const app = await openApp(page, server.url, { threads: 1 });
  expect(app.ready.threads).toBe(1);
});

test('has the search field focused', async ({ app, page }) => {
  await expect(page.getByRole('searchbox')).toBeFocused();
  expect(app.ready.version).not.toBe('');
});

test('stays up when the model of its address does not exist', async ({ page, server }) => {
  await expect(openApp(page, server.url, { model: 'no-such-model' })).rejects.toThrow(
    /no-such-model/,
  );
  await expect(page.getByRole('searchbox')).toBeVisible();
});

/** Counts what reaches WebGL and what asks for a frame, in window.counted. */
function countFrames() {
  const real = { frame: requestAnimationFrame.bind(window), counts: { frames: 0, draws: 0 } };
  Object.assign(window, { counted: real });
  window.requestAnimationFrame = (callback) => {
    real.counts.frames += 1;
    return real.frame(callback);
  };
  for (const name of /** @type {const} */ (['drawElements', 'drawArrays', 'clear'])) {
    const draw = /** @type {Function} */ (WebGL2RenderingContext.prototype[name]);
    WebGL2RenderingContext.prototype[name] = function (/** @type {any[]} */ ...args) {
      real.counts.draws += 1;
      return draw.apply(this, args);
    };
  }
}

test('draws no frame while nothing happens', async ({ page, server }) => {
  // Frames of its own measure the time.
  await page.addInitScript(countFrames);
  const app = await openApp(page, server.url);
  await app.idle();
  const { atStart, before, after } = await page.evaluate(async () => {
    const { counts, frame } = /** @type {any} */ (window).counted;
    const atStart = counts.draws;
    // The caret may blink and animations end within the first frames; they must come to rest.
    const pass = async (/** @type {number} */ frames) => {
      for (let i = 0; i < frames; i += 1) await new Promise((resolve) => frame(resolve));
    };
    await pass(30);
    const before = { ...counts };
    await pass(60);
    return { atStart, before, after: { ...counts } };
  });
  expect(atStart).toBeGreaterThan(0);
  expect(after).toEqual(before);
});

test('the progress of each file draws no frame of its own', async ({ page, server }) => {
  await page.addInitScript(countFrames);
  const app = await openApp(page, server.url);
  await app.idle();
  const { frames, news } = await page.evaluate(async () => {
    const { counts } = /** @type {any} */ (window).counted;
    const { lodestone } = window;
    let news = 0;
    lodestone.on('state', () => (news += 1));
    lodestone.on('notice', () => (news += 1));
    const before = counts.frames;
    let progress = 0;
    lodestone.on('progress', () => (progress += 1));
    await lodestone.add(Array.from({ length: 400 }, (_, i) => ({ path: `many/${i}.txt`, data: `Text number ${i}.` })));
    await lodestone.idle();
    if (progress !== 400) throw new Error(`${progress} files were told of`);
    return { frames: counts.frames - before, news };
  });
  // A piece of news may take a second frame, to settle.
  expect(frames).toBeLessThanOrEqual(2 * news + 10);
});
