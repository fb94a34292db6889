// However the page is hosted and whatever the browser refuses, it starts: with threads where the page
// can be isolated, else without, and never by loading itself in circles.
import { chromium } from '@playwright/test';
import { CHROMIUM_ARGS, findChromium } from '../scripts/lib/headless/browser.mjs';
import { expect, test } from './lib/fixtures.mjs';
import { countLoads, distFileBytes, gate, open, serveDist, untilReady } from './lib/sites.mjs';

const SHELL_BYTES = 30_000;
const LOST = /one thread/;

/**
 * The page works: what is added can be found by its words.
 * @param {import('@playwright/test').Page} page
 */
async function expectWorks(page) {
  const found = await page.evaluate(async () => {
    await window.lodestone.add([{ path: 'notes/compass.md', data: '# Compass\n\nThe needle points north.' }]);
    const { results } = await window.lodestone.search('needle', { mode: 'lexical' });
    return results.map((/** @type {{path: string}} */ hit) => hit.path);
  });
  expect(found).toEqual(['notes/compass.md']);
}

/**
 * Collects what the page tells the person.
 * @param {import('@playwright/test').Page} page
 */
async function collectNotices(page) {
  /** @type {string[]} */
  const notices = [];
  await page.exposeFunction('testNotice', (/** @type {string} */ text) => notices.push(text));
  await page.addInitScript(() => {
    addEventListener('lodestone', () => {
      window.lodestone.on('notice', ({ text }) => /** @type {any} */ (window).testNotice(text));
    });
  });
  return notices;
}

test('only the shell loads before the one reload', async ({ page }) => {
  /** @type {string[]} */
  const asked = [];
  const server = await serveDist({ onRequest: (relative) => asked.push(relative) });
  const loads = countLoads(page);
  const ready = await open(page, server.url);
  expect(ready.isolated).toBe(true);
  expect(loads.count).toBe(2);
  const second = asked.indexOf('index.html', asked.indexOf('index.html') + 1);
  const before = asked.slice(0, second);
  const bytes = before.reduce((sum, relative) => sum + distFileBytes(relative), 0);
  expect(second).toBeGreaterThan(0);
  expect(bytes, before.join(' ')).toBeLessThan(SHELL_BYTES);
  await server.close();
});

/** @param {import('@playwright/test').Page} page */
function fieldState(page) {
  return page.locator('#search').evaluate((field) => {
    const { value, selectionStart } = /** @type {HTMLInputElement} */ (field);
    return { value, selectionStart };
  });
}

test('text typed before and during the reload is still there after it', async ({ page }) => {
  const [worker, reloading, secondPage] = [gate(), gate(), gate()];
  let pages = 0;
  const server = await serveDist({
    respond: async (relative) => {
      if (relative === 'coi-serviceworker.js') await worker.opened;
      if (relative === 'index.html' && ++pages === 2) {
        reloading.open();
        await secondPage.opened;
      }
      return null;
    },
  });
  await page.goto(server.url, { waitUntil: 'commit' });
  await expect(page.locator('#search')).toBeFocused();
  await page.keyboard.type('where does the needle');
  worker.open();
  await reloading.opened;
  await page.keyboard.type(' point');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.type('N');
  secondPage.open();
  expect((await untilReady(page)).isolated).toBe(true);
  expect(await fieldState(page)).toEqual({ value: 'where does the needle poinNt', selectionStart: 27 });
  await expect(page.locator('#search')).toBeFocused();
  await server.close();
});

test('a later visit needs no reload', async ({ page, server }) => {
  await open(page, server.url);
  const loads = countLoads(page);
  await page.reload({ waitUntil: 'commit' });
  expect((await untilReady(page)).isolated).toBe(true);
  expect(loads.count).toBe(1);
});

test('a hard reload, which goes past the service worker, ends isolated', async ({ page, server }) => {
  await open(page, server.url);
  const loads = countLoads(page);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Page.reload', { ignoreCache: true });
  await expect.poll(() => loads.count).toBe(2);
  expect((await untilReady(page)).isolated).toBe(true);
  expect(loads.count).toBe(2);
});

test('a host that isolates by itself needs no reload', async ({ page }) => {
  const server = await serveDist({
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  });
  const loads = countLoads(page);
  expect((await open(page, server.url)).isolated).toBe(true);
  expect(loads.count).toBe(1);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await server.close();
});

test('without its service worker the page works on one thread and says so', async ({ page }) => {
  const server = await serveDist({ respond: (relative) => (relative === 'coi-serviceworker.js' ? { status: 404 } : null) });
  const notices = await collectNotices(page);
  const loads = countLoads(page);
  const ready = await open(page, server.url);
  expect(ready.isolated).toBe(false);
  expect(loads.count).toBe(1);
  await expectWorks(page);
  expect(notices.filter((text) => LOST.test(text))).toHaveLength(1);
  await server.close();
});

test('a service worker that does not isolate costs one reload, not two', async ({ page }) => {
  const idle = "addEventListener('install', () => skipWaiting()); addEventListener('activate', (e) => e.waitUntil(clients.claim()));";
  const server = await serveDist({ respond: (relative) => (relative === 'coi-serviceworker.js' ? idle : null) });
  const loads = countLoads(page);
  expect((await open(page, server.url)).isolated).toBe(false);
  expect(loads.count).toBe(2);
  await expectWorks(page);
  await server.close();
});

test('a service worker that fails to install does not keep the page from starting', async ({ page }) => {
  const broken = "addEventListener('install', (e) => e.waitUntil(Promise.reject(new Error('no'))));";
  const server = await serveDist({ respond: (relative) => (relative === 'coi-serviceworker.js' ? broken : null) });
  const loads = countLoads(page);
  expect((await open(page, server.url)).isolated).toBe(false);
  expect(loads.count).toBe(1);
  await server.close();
});

test('where no mark can be left there is no reload, as it could not be told from a first load', async ({ page, server }) => {
  await page.addInitScript(() => {
    history.replaceState = () => {
      throw new DOMException('blocked', 'SecurityError');
    };
  });
  const loads = countLoads(page);
  expect((await open(page, server.url)).isolated).toBe(false);
  expect(loads.count).toBe(1);
});

test('a visit that was left before its reload does not lose the reload of the next one', async ({ page, server }) => {
  await page.goto(server.url, { waitUntil: 'commit' });
  await untilReady(page);
  await page.evaluate(() => history.replaceState({ lodestone: Date.now() - 60_000 }, ''));
  const loads = countLoads(page);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Page.reload', { ignoreCache: true });
  await expect.poll(() => loads.count).toBe(2);
  expect((await untilReady(page)).isolated).toBe(true);
});

test.describe('service workers blocked', () => {
  test.use({ serviceWorkers: 'block' });

  test('the page works on one thread', async ({ page, server }) => {
    const loads = countLoads(page);
    expect((await open(page, server.url)).isolated).toBe(false);
    expect(loads.count).toBe(1);
    await expectWorks(page);
  });
});

test('an insecure address works on one thread', async ({ server }) => {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [...CHROMIUM_ARGS, '--host-resolver-rules=MAP insecure.test 127.0.0.1'],
  });
  const page = await browser.newPage();
  const loads = countLoads(page);
  const ready = await open(page, server.url.replace('localhost', 'insecure.test'));
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  expect(ready.isolated).toBe(false);
  expect(loads.count).toBe(1);
  await expectWorks(page);
  await browser.close();
});

test('where shared memory is refused the page works on one thread and says so', async ({ page }) => {
  const refusal = `const RealMemory = WebAssembly.Memory;
    WebAssembly.Memory = function (descriptor) {
      if (descriptor.shared) throw new RangeError('out of memory');
      return new RealMemory(descriptor);
    };\n`;
  const server = await serveDist({
    // The second parameter asks for the file's bytes.
    respond: (relative, bytes) => (relative.endsWith('/coordinator.worker.mjs') ? `${refusal}${bytes}` : null),
  });
  const notices = await collectNotices(page);
  const ready = await open(page, server.url);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(ready.isolated).toBe(false);
  await expectWorks(page);
  expect(notices.filter((text) => LOST.test(text))).toHaveLength(1);
  await server.close();
});

test('a browser that is too old is told so', async ({ page, server }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'WebAssembly'));
  await page.goto(server.url);
  await expect(page.getByRole('alert')).toContainText('too old for Lodestone: it has no WebAssembly');
  expect(await page.evaluate(() => 'lodestone' in window)).toBe(false);
});
