// The service worker: its policy binds pages and every thread, the site works without a network after
// one visit, and an update never mixes two builds.
import { createServer } from 'node:http';
import { expect, test } from './lib/fixtures.mjs';
import { buildId, distFile, inWorkers, open, serveDist, untilOffline, untilReady } from './lib/sites.mjs';

/** A host that would give anything to anyone, and remembers being asked. */
async function startForeignHost() {
  const host = { asked: 0, url: '', close: () => {} };
  const server = createServer((_, response) => {
    host.asked += 1;
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' });
    response.end('given');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  host.url = `http://127.0.0.1:${port}/`;
  host.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return host;
}

/**
 * Runs in the page or in a worker.
 * @param {{foreign: string, own: string}} addresses
 */
async function tryBoth({ foreign, own }) {
  const attempt = (/** @type {string} */ address) => fetch(address).then((answer) => `status ${answer.status}`, () => 'refused');
  return { foreign: await attempt(foreign), own: await attempt(own) };
}

test('no thread of the page can fetch from a foreign host', async ({ page, server }) => {
  const host = await startForeignHost();
  expect(await (await fetch(host.url)).text()).toBe('given');
  host.asked = 0;
  await open(page, server.url);
  const addresses = { foreign: host.url, own: new URL('manifest.webmanifest', server.url).href };
  const { coordinator, pool } = await inWorkers(page, tryBoth, addresses);
  for (const answer of [await page.evaluate(tryBoth, addresses), ...coordinator, ...pool]) {
    expect(answer).toEqual({ foreign: 'refused', own: 'status 200' });
  }
  expect(host.asked).toBe(0);
  host.close();
});

test('without the service worker the page still cannot fetch from a foreign host', async ({ page }) => {
  const host = await startForeignHost();
  const server = await serveDist({ respond: (relative) => (relative === 'coi-serviceworker.js' ? { status: 404 } : null) });
  await open(page, server.url);
  const own = new URL('manifest.webmanifest', server.url).href;
  expect(await page.evaluate(tryBoth, { foreign: host.url, own })).toMatchObject({ foreign: 'refused', own: 'status 200' });
  expect(host.asked).toBe(0);
  await server.close();
  host.close();
});

test('documents and workers carry the isolation headers and the policy', async ({ page, server }) => {
  await open(page, server.url);
  for (const path of ['', 'index.html', `v/${buildId()}/coordinator.worker.mjs`, `v/${buildId()}/engine.mjs`]) {
    const headers = await page.evaluate(async (path) => Object.fromEntries((await fetch(path)).headers), path);
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['content-security-policy']).toContain("connect-src 'self'");
    expect(headers['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval'");
  }
});

test('inline scripts and foreign frames do not run', async ({ page, server }) => {
  await open(page, server.url);
  const ran = await page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.inlineRan = true';
    document.body.append(script);
    const refused = new Promise((resolve) => addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective), { once: true }));
    const frame = document.createElement('iframe');
    frame.src = 'http://127.0.0.1:9/';
    document.body.append(frame);
    await refused;
    return 'inlineRan' in window;
  });
  expect(ran).toBe(false);
});

test('after one visit the page starts, adds and searches without its host', async ({ page }) => {
  const server = await serveDist();
  await open(page, server.url);
  await untilOffline(page);
  await server.close();
  await page.reload({ waitUntil: 'commit' });
  expect((await untilReady(page)).isolated).toBe(true);
  const found = await page.evaluate(async () => {
    await window.lodestone.add([{ path: 'lamp.txt', data: 'A lantern without a network.' }]);
    return (await window.lodestone.search('lantern', { mode: 'lexical' })).results.length;
  });
  expect(found).toBe(1);
});

test('what is neither kept nor reachable is answered in plain words', async ({ page }) => {
  const server = await serveDist();
  await open(page, server.url);
  await untilOffline(page);
  const missing = `v/${buildId()}/no-such-file.json`;
  const ask = (/** @type {string} */ path) => fetch(path).then(async (answer) => ({ status: answer.status, text: await answer.text() }));
  expect((await page.evaluate(ask, missing)).status).toBe(404);
  await server.close();
  const answer = await page.evaluate(ask, missing);
  expect(answer.status).toBe(504);
  expect(answer.text).toContain('no copy is kept here');
  expect(answer.text).toContain('no-such-file.json');
});

test('a core file that is not what the build made is not kept, and the next visit heals it', async ({ page }) => {
  const victim = `v/${buildId()}/engine-st.wasm`;
  let isBroken = true;
  const server = await serveDist({ respond: (relative) => (isBroken && relative === victim ? 'not the file' : null) });
  const warning = page.waitForEvent('console', (message) => message.text().includes('engine-st.wasm'));
  await open(page, server.url);
  expect((await warning).text()).toContain('not the file that this build was made with');
  expect(await page.evaluate(async (path) => (await caches.match(new URL(path, document.baseURI).href)) === undefined, victim)).toBe(true);
  isBroken = false;
  await page.reload({ waitUntil: 'commit' });
  await untilReady(page);
  await untilOffline(page);
  await server.close();
});

test('an update reaches the next visit whole, while an open page stays with its own build', async ({ page, context }) => {
  const old = buildId();
  const next = `${old}-next`;
  let isUpdated = false;
  // The host replaces one build by the other, as an upload does: the old one's files are gone.
  const server = await serveDist({
    respond: (relative) => {
      if (!isUpdated) return null;
      if (relative.startsWith(`v/${old}/`)) return { status: 404 };
      if (!relative.startsWith(`v/${next}/`) && relative !== 'index.html') return null;
      const bytes = distFile(relative.replace(`v/${next}/`, `v/${old}/`));
      const namesBuild = relative === 'index.html' || relative.endsWith('/core_files.json');
      return namesBuild ? bytes.toString().replaceAll(`v/${old}/`, `v/${next}/`) : bytes;
    },
  });
  await open(page, server.url);
  await untilOffline(page);
  isUpdated = true;

  const second = await context.newPage();
  // One engine serves all tabs, and it must be of the page's own build.
  await expect(open(second, server.url)).rejects.toThrow(/Another tab runs another version of Lodestone\. Close it, then reload this one\./);
  const moduleOf = (/** @type {import('@playwright/test').Page} */ tab) =>
    tab.evaluate(() => document.querySelector('script')?.src.replace(/.*\/v\/([^/]+)\/.*/, '$1'));
  expect(await moduleOf(second)).toBe(next);
  // The first page still has every file of its own build, and its engine.
  expect(await moduleOf(page)).toBe(old);
  const core = /** @type {{path: string}[]} */ (JSON.parse(distFile(`v/${old}/core_files.json`).toString()));
  const statuses = await page.evaluate(
    (paths) => Promise.all(paths.map(async (path) => `${(await fetch(path)).status} ${path}`)),
    core.map(({ path }) => path),
  );
  expect(statuses.filter((status) => !status.startsWith('200'))).toEqual([]);
  expect(await page.evaluate(async () => typeof (await window.lodestone.state()).documents)).toBe('number');

  // With its last page the old build goes.
  await page.close();
  await second.reload({ waitUntil: 'commit' });
  await untilReady(second);
  await untilOffline(second);
  await expect.poll(() => second.evaluate(async () => (await caches.keys()).length)).toBe(1);
  await server.close();
  await second.reload({ waitUntil: 'commit' });
  await untilReady(second);
  expect(await moduleOf(second)).toBe(next);
});
