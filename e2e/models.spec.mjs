// Models that a person picks: a good one takes over, a bad one is refused and changes nothing.
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listFolder } from '../scripts/lib/headless/library_files.mjs';
import { siteModels, versionFolder } from '../scripts/lib/headless/site.mjs';
import { addTexts, coordinatorOf, expect, findPaths, test, TEXTS } from './lib/fixtures.mjs';

const ONNX = 'onnx/model_quantized.onnx';

/** Copies the built-in model and hands the copy's folder over. @param {string} folder */
function copyModel(folder) {
  const [id] = siteModels();
  const target = path.join(folder, 'model');
  cpSync(path.join(versionFolder(), 'models', id), target, { recursive: true });
  return target;
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
  const model = copyModel(folder);
  const file = path.join(model, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...manifest, id: 'picked-one' }));
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
