// Models that a person picks: a good one takes over, a bad one is refused and changes nothing.
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listFolder } from '../scripts/lib/headless/library_files.mjs';
import { siteModels, versionFolder } from '../scripts/lib/headless/site.mjs';
import { addTexts, coordinatorOf, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';
import { SMALL_WIDTH, cosines, smallBert } from './lib/models.mjs';
import { buildId } from './lib/sites.mjs';

const ONNX = 'onnx/model_quantized.onnx';

/** Copies the built-in model and hands the copy's folder over. @param {string} folder */
function copyModel(folder) {
  const [id] = siteModels();
  const target = path.join(folder, 'model');
  cpSync(path.join(versionFolder(), 'models', id), target, { recursive: true });
  return target;
}

/** The same as another model. @param {string} folder */
function copyModelAs(folder, /** @type {string} */ id) {
  const model = copyModel(folder);
  const file = path.join(model, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...manifest, id }));
  return model;
}

/**
 * @param {import('../scripts/lib/headless/app_session.mjs').AppSession} app
 * @param {string} model
 * @returns {Promise<string>} "code: message"
 */
async function refusal(app, model) {
  return app.setModel(listFolder(model).files).then(
    () => 'accepted',
    (/** @type {import('../scripts/lib/headless/app_session.mjs').AppError} */ error) =>
      `${error.code}: ${error.message}`,
  );
}

/** @type {[string, (model: string) => void][]} */
const WRONG = [
  ['cut off in the middle', (model) => truncateSync(path.join(model, ONNX), 5000)],
  ['that is no ONNX file', (model) => writeFileSync(path.join(model, ONNX), 'no model, but text')],
  ['with an empty weights file', (model) => writeFileSync(path.join(model, ONNX), '')],
  [
    'with a broken tokenizer',
    (model) => writeFileSync(path.join(model, 'tokenizer.json'), '{"model":'),
  ],
  [
    'whose vectors have another length than it says',
    (model) => {
      const file = path.join(model, 'manifest.json');
      const manifest = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(file, JSON.stringify({ ...manifest, dimension: manifest.dimension + 1 }));
    },
  ],
];

for (const [what, spoil] of WRONG) {
  test(`a model ${what} is refused, and search goes on`, async ({ app, folder }) => {
    await addTexts(app, TEXTS);
    const model = copyModel(folder);
    spoil(model);
    expect(await refusal(app, model)).toMatch(/^k(BadData|InvalidArgument|NotFound): .*\w+ \w+/);
    expect((await findPaths(app, 'leeks', { mode: 'lexical' }))[0]).toBe('kitchen/soup.txt');
    expect((await addTexts(app, { 'new.txt': 'A new ostrich.' })).added).toBe(1);
    expect(await findPaths(app, 'ostrich', { mode: 'lexical' })).toEqual(['new.txt']);
  });
}

test('a folder without a model is refused', async ({ app, folder }) => {
  writeFileSync(path.join(folder, 'readme.txt'), 'nothing here');
  expect(await refusal(app, folder)).toMatch(/^kBadData: .*\w+ \w+/);
});

test('a model that was picked comes back after a restart', async ({ app, page, folder }) => {
  const model = copyModelAs(folder, 'picked-one');
  await app.setModel(listFolder(model).files);
  await coordinatorOf(page).evaluate(() => {
    setTimeout(() => {
      throw new WebAssembly.RuntimeError('unreachable');
    });
  });
  await page.getByRole('button', { name: 'Restart' }).click();
  await app.call(() => window.lodestone.ready);
  await app.modelSettled();
  await app.idle();
  const state = await app.state();
  expect([state.model_state, state.model_id]).toEqual(['ready', 'picked-one']);
});

test('a good model from a folder takes over', async ({ app, folder }) => {
  await addTexts(app, TEXTS);
  const model = copyModel(folder);
  const { id, dimension } = await app.setModel(listFolder(model).files);
  expect(id).not.toBe('');
  expect(dimension).toBeGreaterThan(0);
  await app.idle();
  const state = await app.state();
  expect(state.model_state).toBe('ready');
  expect(state.embedded_passages).toBe(state.passages);
  expect((await findPaths(app, 'baking a loaf', { mode: 'semantic' }))[0]).toBe(
    'kitchen/bread.txt',
  );
});

/** @param {import('../scripts/lib/headless/app_session.mjs').AppSession} app @param {string} folder */
async function pickBesideTheSitesOwn(app, folder) {
  await addTexts(app, TEXTS);
  await app.setModel(listFolder(copyModelAs(folder, 'picked-one')).files);
  await addTexts(app, { 'new.txt': 'An ostrich runs faster than a horse.' });
  await app.idle();
  const state = await app.state();
  expect([state.model_id, state.embedded_passages]).toEqual(['picked-one', state.passages]);
  expect((await findPaths(app, 'baking a loaf', { mode: 'semantic' }))[0]).toBe('kitchen/bread.txt');
  expect((await findPaths(app, 'a quick bird', { mode: 'semantic' }))[0]).toBe('new.txt');
  // One that does not open leaves the site's own, which has kept up with what was added.
  const broken = copyModelAs(path.join(folder, 'broken'), 'broken-one');
  truncateSync(path.join(broken, ONNX), 5000);
  expect(await refusal(app, broken)).toMatch(/^kBadData: /);
  await app.idle();
  expect((await app.state()).model_id).toBe(siteModels()[0]);
  expect((await findPaths(app, 'a quick bird', { mode: 'semantic' }))[0]).toBe('new.txt');
}

test('a picked model and the one of the site are open side by side', async ({ app, folder }) => {
  await pickBesideTheSitesOwn(app, folder);
});

test.describe('without a service worker', () => {
  test.use({ serviceWorkers: 'block' });

  test('a picked model and the one of the site share one plain worker', async ({ app, folder }) => {
    expect((await app.state()).isolated).toBe(false);
    await pickBesideTheSitesOwn(app, folder);
  });
});

test("an int8 model's approximated Gelu is lost in its rounding", async ({ page, server }) => {
  await openApp(page, server.url);
  const [dimension, rows, columns] = [SMALL_WIDTH, 8, 40];
  const { ours, plain } = await page.evaluate(
    async ({ version, model, dimension, rows, columns }) => {
      /** @type {typeof import('../web/inference_host.mjs')} */
      const { createInferenceHost } = await import(`${version}inference_host.mjs`);
      const ort = await import(`${version}ort/ort.wasm.min.mjs`);
      const bytes = Uint8Array.from(atob(model), (letter) => letter.charCodeAt(0));
      const ids = BigInt64Array.from({ length: rows * columns }, (_, at) => BigInt(200 + ((at * 911) % 700)));
      const mask = new BigInt64Array(rows * columns).fill(1n);
      const host = createInferenceHost();
      const { needsTokenTypes } = await host.load(0, 'small', '', bytes, 'off', () => {});
      const ours = await host.run(0, { ids, mask, rows, columns, dimension });
      await host.close(0);
      // As the model says it, without anything that we ask of the runtime.
      const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
      const tensor = (/** @type {BigInt64Array} */ values) => new ort.Tensor('int64', values, [rows, columns]);
      const outputs = await session.run({
        input_ids: tensor(ids),
        attention_mask: tensor(mask),
        ...(needsTokenTypes && { token_type_ids: tensor(new BigInt64Array(rows * columns)) }),
      });
      const hidden = /** @type {Float32Array} */ (outputs[session.outputNames[0]].data); // [rows x columns x dimension]
      const plain = new Float32Array(rows * dimension);
      hidden.forEach((value, at) => (plain[Math.floor(at / dimension / columns) * dimension + (at % dimension)] += value / columns));
      return { ours: [...ours], plain: [...plain] };
    },
    { version: new URL(`v/${buildId()}/`, server.url).href, model: Buffer.from(smallBert('int8')).toString('base64'), dimension, rows, columns },
  );
  for (const cosine of cosines(ours, plain, dimension)) expect(cosine).toBeGreaterThan(0.999);
  // The sums' rounding is some 1e-7; what differs by more was reckoned in another way.
  expect(Math.max(...ours.map((value, at) => Math.abs(value - plain[at])))).toBeGreaterThan(1e-5);
});
