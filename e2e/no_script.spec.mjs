// With scripts switched off the page cannot work, and says what it needs.
import { expect, test } from './lib/fixtures.mjs';

test.use({ javaScriptEnabled: false });

test('without scripts the page says what it needs, and shows no field that does nothing', async ({ page, server }) => {
  await page.goto(server.url);
  await expect(page.getByText(/needs JavaScript and WebAssembly/)).toBeVisible();
  await expect(page.getByText(/Allow scripts for this site/)).toBeVisible();
  await expect(page.getByRole('searchbox')).toHaveCount(0);
  // Which says, some seconds later, that the page has not started.
  await expect(page.locator('#stuck')).toHaveCSS('display', 'none');
  // The text is inside the window, at a phone's width too.
  await page.setViewportSize({ width: 360, height: 640 });
  await expect(page.getByText(/needs JavaScript/)).toBeInViewport({ ratio: 1 });
});

test.describe('with scripts', () => {
  test.use({ javaScriptEnabled: true });

  test('none of that is shown', async ({ app, page }) => {
    await app.idle();
    await expect(page.getByText(/needs JavaScript/)).toBeHidden();
    await expect(page.getByRole('searchbox')).toBeVisible();
  });
});
