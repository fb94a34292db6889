// After the first visit a person's library needs no network, for words as for meaning.
import { addTexts, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';
import { serveDist, untilOffline, untilReady } from './lib/sites.mjs';

test('without its host the page finds its library and searches it by meaning', async ({ page }) => {
  const server = await serveDist();
  const app = await openApp(page, server.url);
  await addTexts(app, TEXTS);
  await app.idle();
  await untilOffline(page);
  await server.close();

  await page.reload({ waitUntil: 'commit' });
  await untilReady(page);
  const state = await app.modelSettled();
  expect(state.model_state).toBe('ready');
  expect(state.documents).toBe(Object.keys(TEXTS).length);
  const found = await findPaths(app, 'baking a loaf', { mode: 'semantic' });
  expect(found[0]).toBe('kitchen/bread.txt');
});
