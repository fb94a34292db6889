// The room that the browser gives: it ends, it was never there, or the browser may take it back.
import { exportedBytes } from '../scripts/lib/headless/export.mjs';
import { expectSound } from '../scripts/lib/soak/sound.mjs';
import { addTexts, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';
import { serveDist, untilOffline } from './lib/sites.mjs';

const MB = 2 ** 20;

/** @param {import('@playwright/test').Page} page @returns {Promise<string[]>} that grows */
async function noticesOf(page) {
  /** @type {string[]} */
  const notices = [];
  await page.exposeFunction('noticed', (/** @type {string} */ text) => notices.push(text));
  await page.evaluate(() => window.lodestone.on('notice', ({ text }) => void (/** @type {any} */ (window).noticed(text))));
  return notices;
}

test('at the quota indexing stops, what was committed stays, and it goes on when there is room', async ({ app, page, server }) => {
  test.setTimeout(240_000); // a hang guard
  await addTexts(app, TEXTS);
  await app.idle();
  await untilOffline(page);
  const notices = await noticesOf(page);
  const cdp = await page.context().newCDPSession(page);
  const { origin } = new URL(server.url);
  const { used_bytes } = await app.call(() => window.lodestone.storage());
  await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: used_bytes + 5 * MB });

  const total = await app.call(async () => {
    const words = Array.from({ length: 3000 }, (_, n) => `word${n.toString(36)}`);
    const text = (/** @type {number} */ n) => Array.from({ length: 1500 }, (_, i) => words[(i * 7 + n * 13) % words.length]).join(' ');
    const items = Array.from({ length: 400 }, (_, n) => ({ path: `many/${n}.txt`, data: `number${n} ${text(n)}` }));
    const keep = /** @type {any} */ (window);
    keep.adding = window.lodestone.add(items);
    keep.adding.catch(() => {});
    return items.length;
  });
  const full = await app.untilState((state) => state.paused);
  await expect.poll(() => notices.filter((text) => /no room left to store the library\. Free some space or remove documents/i.test(text)).length).toBeGreaterThan(0);
  expect(full.documents).toBeGreaterThan(Object.keys(TEXTS).length);
  expect(full.documents).toBeLessThan(total);
  expect(await findPaths(app, 'leeks')).toEqual(['kitchen/soup.txt']);
  expect(await findPaths(app, 'number0')).toEqual(['many/0.txt']);

  await cdp.send('Storage.overrideQuotaForOrigin', { origin });
  await app.call(() => window.lodestone.resume());
  const { added, updated, unchanged, failed } = await page.evaluate(() => /** @type {any} */ (window).adding);
  // Those that came just as the room ended are named; adding them again takes them.
  expect(added + updated + unchanged + failed.length).toBe(total);
  for (const { reason } of failed) expect(reason).toMatch(/no room left/);
  await app.idle();
  const state = await app.state();
  expect(state.documents).toBe(Object.keys(TEXTS).length + total - failed.length);
  expect(state.embedded_passages).toBe(state.passages);
  expectSound(await exportedBytes(app));
  const again = await openApp(await page.context().newPage(), server.url);
  expect((await again.state()).documents).toBe(state.documents);
});

test('where the browser gives no files the library lasts as long as the tab, and one line says so', async ({ page }) => {
  const refusal = `Object.defineProperty(navigator.storage, 'getDirectory', {configurable: true, value: () => Promise.reject(new DOMException('not here', 'SecurityError'))});\n`;
  // Every thread of the engine begins with one of these.
  const server = await serveDist({
    respond: (relative, bytes) => (/\/(coordinator\.worker|engine|engine-st)\.mjs$/.test(relative) ? `${refusal}${bytes}` : null),
  });
  /** @type {string[]} */
  const lines = [];
  await page.exposeFunction('noticed', (/** @type {string} */ text) => lines.push(text));
  await page.addInitScript(() => addEventListener('lodestone', () => window.lodestone.on('notice', ({ text }) => void (/** @type {any} */ (window).noticed(text)))));
  const app = await openApp(page, server.url);
  expect((await app.state()).storage).toBe('memory');
  await addTexts(app, TEXTS);
  expect(await findPaths(app, 'leeks', { mode: 'hybrid' })).toContain('kitchen/soup.txt');
  await app.idle();
  expect(lines.filter((text) => /until (this|the) tab is closed/.test(text))).toHaveLength(1);
  expectSound(await exportedBytes(app));
  await server.close();
});
