// The graphics processor, on a software adapter: it gives the same vectors, is never chosen by itself, and when it is
// lost no document is. Whether a real one is faster is for the trial to find out (tests/web/inference_provider.test.mjs).
import path from 'node:path';
import { CHROMIUM_ARGS, findChromium } from '../scripts/lib/headless/browser.mjs';
import { listFolder } from '../scripts/lib/headless/library_files.mjs';
import { addTexts, expect, openApp, test } from './lib/fixtures.mjs';
import { SMALL_WIDTH, cosines, smallBert, writeSmallBert } from './lib/models.mjs';
import { buildId, serveDist, untilOffline } from './lib/sites.mjs';

/** @typedef {import('../scripts/lib/headless/app_session.mjs').AppSession} AppSession */

const args = [...CHROMIUM_ARGS, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
test.use({ launchOptions: { executablePath: findChromium(), args } });

// Hang guards: a software adapter compiles shaders for seconds, on a machine with other work for a minute.
const FIRST_BATCH_GUARD_MS = 240_000;
test.setTimeout(480_000);

const WORDS = 'frost bean soil compost leek potato bread oven steam dough roof budget invoice river stone larch bird'.split(' ');

/** So many documents of about 100 words, no two alike. @param {string} folder @param {number} count */
function documents(folder, count) {
  /** @type {Record<string, string>} */
  const texts = {};
  for (let n = 0; n < count; n++) {
    const words = Array.from({ length: 100 }, (_, at) => WORDS[(n * 7 + at * (n % 13 + 1)) % WORDS.length]);
    // Equal texts would be embedded once.
    texts[`${folder}/${n}.txt`] = `Number ${n} of the ${folder} ones. ${words.join(' ')}`;
  }
  return texts;
}

/**
 * A server that remembers what was asked of the runtime for the graphics processor.
 * @param {Partial<import('../scripts/lib/static_server.mjs').StaticServerOptions>} [options]
 */
async function serveNoting(options = {}) {
  /** @type {string[]} */
  const asked = [];
  const server = await serveDist({ ...options, onRequest: (file) => void (/jspi/.test(file) && asked.push(path.basename(file))) });
  return { ...server, asked };
}

/** @param {AppSession} app @param {string} folder @param {'fp32' | 'int8'} [precision] */
async function pickSmallBert(app, folder, precision = 'fp32') {
  writeSmallBert(folder, 'small-bert', precision);
  await app.setModel(listFolder(folder).files);
}

/** @param {AppSession} app */
async function untilOnGpu(app) {
  await expect.poll(async () => (await app.state()).model_provider, { timeout: FIRST_BATCH_GUARD_MS }).toBe('webgpu');
}

/** @param {AppSession} app @param {Record<string, string>} texts */
async function addAndEmbed(app, texts) {
  const { added, failed } = await addTexts(app, texts);
  expect([added, failed]).toEqual([Object.keys(texts).length, []]);
  await app.idle();
  const state = await app.state();
  expect([state.model_id, state.embedded_passages]).toEqual(['small-bert', state.passages]);
  return state;
}

/** The thread that has the graphics processor. @param {import('@playwright/test').Page} page */
async function gpuLane(page) {
  /** @type {import('@playwright/test').Worker[]} */
  const found = [];
  const asked = new Set();
  const hasRuntime = () => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('.jspi.wasm'));
  const look = () => {
    for (const worker of page.workers()) {
      if (asked.has(worker)) continue;
      asked.add(worker);
      // Compute threads never answer.
      worker.evaluate(hasRuntime).then((has) => has && found.push(worker), () => {});
    }
    return found.length;
  };
  await expect.poll(look).toBe(1);
  return found[0];
}

/** Runs in the lane: what the graphics processor is given is counted. */
function countSubmits() {
  const submit = GPUQueue.prototype.submit;
  Object.assign(globalThis, { submits: 0 });
  GPUQueue.prototype.submit = function (/** @type {any} */ buffers) {
    /** @type {any} */ (globalThis).submits += 1;
    return submit.call(this, buffers);
  };
}

/** Runs in the lane: the device is lost when it is next used. */
function loseAtNextUse() {
  const create = GPUDevice.prototype.createCommandEncoder;
  GPUDevice.prototype.createCommandEncoder = function (descriptor) {
    this.destroy();
    return create.call(this, descriptor);
  };
}

test('its vectors are those of the wasm provider', async ({ page, server }) => {
  await openApp(page, server.url);
  const model = Buffer.from(smallBert('fp32')).toString('base64');
  const { dimension, infos, told, onWasm, onGpu } = await page.evaluate(
    async ({ host: address, model, dimension }) => {
      /** @type {typeof import('../web/inference_host.mjs')} */
      const { createInferenceHost } = await import(address);
      const bytes = Uint8Array.from(atob(model), (letter) => letter.charCodeAt(0));
      // Texts of 40 to 19 tokens, padded.
      const [rows, columns] = [8, 40];
      const ids = new BigInt64Array(rows * columns);
      const mask = new BigInt64Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns - row * 3; column++) {
          ids[row * columns + column] = BigInt(200 + ((row * 911 + column * 37) % 700));
          mask[row * columns + column] = 1n;
        }
      }
      const batch = { ids, mask, rows, columns, dimension };
      const host = createInferenceHost();
      const told = [];
      const wasmInfo = await host.load(0, 'on wasm', '', bytes, 'off', () => {});
      /** @type {(batchTokens: number) => void} */
      let chosen = () => {};
      const untilChosen = new Promise((resolve) => (chosen = resolve));
      const gpuInfo = await host.load(1, 'on the gpu', '', bytes, 'always', chosen);
      const onWasm = await host.run(0, batch);
      await host.run(1, batch);
      told.push(await untilChosen);
      const onGpu = await host.run(1, batch);
      await host.close(0);
      await host.close(1);
      return { dimension, infos: [wasmInfo, gpuInfo], told, onWasm: [...onWasm], onGpu: [...onGpu] };
    },
    { host: new URL(`v/${buildId()}/inference_host.mjs`, server.url).href, model, dimension: SMALL_WIDTH },
  );
  expect(infos[0]).toEqual(infos[1]);
  expect(infos[0].dimension).toBe(dimension);
  expect(told[0]).toBeGreaterThan(0);
  for (const cosine of cosines(onWasm, onGpu, dimension)) expect(cosine).toBeGreaterThan(0.999);
  // Not one provider twice: they round differently.
  expect(onGpu).not.toEqual(onWasm);
});

test('batches run there, and when it is lost midway no document is', async ({ page, folder }) => {
  const server = await serveNoting();
  const app = await openApp(page, `${server.url}?gpu=always`);
  expect(app.ready.isolated).toBe(true);
  expect((await app.state()).model_provider).toBe('wasm');
  await untilOffline(page);
  expect(server.asked, 'at the start and for offline use nothing of it is fetched').toEqual([]);
  await pickSmallBert(app, folder);
  await addAndEmbed(app, documents('first', 400));
  await untilOnGpu(app);
  expect(new Set(server.asked)).toEqual(new Set(['ort.jspi.min.mjs', 'ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm']));
  const kept = () => page.evaluate(async () => {
    const caches_ = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return caches_.flat().filter(({ url }) => url.includes('jspi')).length;
  });
  await expect.poll(kept, 'once used it is there without a network').toBe(3);

  const lane = await gpuLane(page);
  await lane.evaluate(countSubmits);
  await addAndEmbed(app, documents('second', 60));
  expect(await lane.evaluate(() => /** @type {any} */ (globalThis).submits)).toBeGreaterThan(0);
  expect((await app.state()).model_provider).toBe('webgpu');

  await lane.evaluate(loseAtNextUse);
  const state = await addAndEmbed(app, documents('third', 60));
  expect([state.documents, state.files_failed, state.model_provider]).toEqual([520, 0, 'wasm']);
  await server.close();
});

test('a software adapter is not chosen by itself', async ({ page, folder }) => {
  const server = await serveNoting();
  const app = await openApp(page, server.url);
  const adapter = await page.evaluate(async () => (await navigator.gpu.requestAdapter())?.info.isFallbackAdapter);
  expect(adapter).toBe(true);
  await pickSmallBert(app, folder);
  await addAndEmbed(app, documents('first', 400));
  await untilOffline(page);
  const state = await addAndEmbed(app, documents('second', 60));
  expect(state.model_provider).toBe('wasm');
  expect(server.asked).toEqual([]);
  await server.close();
});

test('a model in int8, which would mostly not run there, fetches nothing of it', async ({ page, folder }) => {
  const server = await serveNoting();
  const app = await openApp(page, `${server.url}?gpu=always`);
  await pickSmallBert(app, folder, 'int8');
  await addAndEmbed(app, documents('first', 400));
  await untilOffline(page);
  const state = await addAndEmbed(app, documents('second', 60));
  expect(state.model_provider).toBe('wasm');
  expect(server.asked).toEqual([]);
  await server.close();
});

test('where a thread has no navigator.gpu nothing of it is fetched', async ({ page, folder }) => {
  const without = (/** @type {string} */ file, /** @type {Buffer | null} */ bytes) =>
    file.endsWith('/inference_host.mjs') ? `delete WorkerNavigator.prototype.gpu;\n${bytes}` : null;
  const server = await serveNoting({ respond: without });
  const app = await openApp(page, `${server.url}?gpu=always`);
  await pickSmallBert(app, folder);
  await addAndEmbed(app, documents('first', 400));
  const state = await addAndEmbed(app, documents('second', 60));
  expect(state.model_provider).toBe('wasm');
  expect(server.asked).toEqual([]);
  await server.close();
});

test.describe('without a service worker', () => {
  test.use({ serviceWorkers: 'block' });

  test('batches run there from the plain worker too', async ({ page, folder }) => {
    const server = await serveNoting();
    const app = await openApp(page, `${server.url}?gpu=always`);
    expect(app.ready.isolated).toBe(false);
    expect(server.asked).toEqual([]);
    await pickSmallBert(app, folder);
    await addAndEmbed(app, documents('first', 40));
    await untilOnGpu(app);
    const lane = await gpuLane(page);
    await lane.evaluate(countSubmits);
    await addAndEmbed(app, documents('second', 10));
    expect(await lane.evaluate(() => /** @type {any} */ (globalThis).submits)).toBeGreaterThan(0);
    await server.close();
  });
});
