// The page as a person meets it: by keyboard, by role, with its panels.
import { addTexts, expect, findPaths, test, TEXTS } from './lib/fixtures.mjs';

test('modes can be chosen by role', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  const modes = page.getByRole('radiogroup', { name: 'Search mode' });
  await expect(modes.getByRole('radio')).toHaveCount(3);
  await page.getByRole('searchbox').fill('leeks');
  const results = page.getByRole('list', { name: 'Results' }).getByRole('listitem');
  await modes.getByRole('radio', { name: 'Words' }).click();
  await expect(modes.getByRole('radio', { name: 'Words' })).toBeChecked();
  await app.idle();
  await expect(results).toHaveCount(1);
  await modes.getByRole('radio', { name: 'Meaning' }).click();
  await expect(modes.getByRole('radio', { name: 'Meaning' })).toBeChecked();
  await expect(results).not.toHaveCount(1);
});

test('the library panel lists files, their failures and removes them', async ({ app, page }) => {
  await addTexts(app, { ...TEXTS, 'empty.txt': '' });
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  const panel = page.getByRole('region', { name: 'Library' });
  await expect(panel).toContainText('garden/roses.md');
  await expect(panel).toContainText('empty.txt');
  await page.getByRole('button', { name: 'Remove garden/roses.md' }).click();
  await expect.poll(() => findPaths(app, 'roses')).toEqual([]);
});

test('the status line tells threads and passages', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await app.idle();
  const { threads, passages } = await app.state();
  const status = page.getByRole('status', { name: 'Status' });
  await expect(status).toContainText(`${threads} thread`);
  await expect(status).toContainText(`${passages} passage`);
});

test('a query of nonsense says that there is no good match', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await page.getByRole('searchbox').fill('qwzx vbnmk');
  await expect(page.locator('body')).toContainText(/no good match/i);
});

test('tab reaches the results, and enter opens one', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await page.getByRole('searchbox').fill('leeks potatoes');
  const first = page.getByRole('list', { name: 'Results' }).getByRole('button').first();
  await expect(first).toBeAttached();
  await app.idle();
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press('Tab');
    if (await first.evaluate((element) => element === document.activeElement)) break;
  }
  await expect(first).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Preview' })).toContainText('add cream');
});

test('follows the dark scheme without a reload', async ({ app, page }) => {
  await app.idle();
  const light = await page.screenshot();
  await page.emulateMedia({ colorScheme: 'dark' });
  await app.idle();
  expect((await page.screenshot()).equals(light)).toBe(false);
});

test('draws again after the graphics context was lost', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await page.getByRole('searchbox').fill('leeks');
  await app.idle();
  const restored = page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('canvas'));
    const lose = canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context');
    if (!lose) throw new Error('the canvas has no context to lose');
    return new Promise((resolve) => {
      canvas.addEventListener('webglcontextlost', () => setTimeout(() => lose.restoreContext()), {
        once: true,
      });
      canvas.addEventListener('webglcontextrestored', () => resolve(true), { once: true });
      lose.loseContext();
    });
  });
  expect(await restored).toBe(true);
  await page.getByRole('searchbox').fill('roses');
  await expect(page.getByRole('list', { name: 'Results' })).toContainText('garden/roses.md');
  await app.idle();
});

test('an input is timed until its results are drawn', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  const field = page.getByRole('searchbox');
  const timed = () => page.evaluate(() => performance.getEntriesByName('lodestone answer').map(({ startTime, duration }) => ({ startTime, duration })));
  await field.pressSequentially('leek');
  await app.idle();
  const [first, ...others] = await timed();
  expect(others).toEqual([]); // only the latest is kept
  expect(first.duration).toBeGreaterThan(0);
  await field.pressSequentially('s');
  await app.idle();
  const [second] = await timed();
  expect(second.startTime).toBeGreaterThan(first.startTime);
  // An empty field asks for nothing.
  await field.fill('');
  await app.idle();
  expect(await timed()).toEqual([second]);
});
