// A loop that is held up is caught, named and told of: that of the coordinator, and the page's own.
import { addTexts, coordinatorOf, expect, test, TEXTS } from './lib/fixtures.mjs';

const HELD_MS = 120;
// A guard against a hang, not a budget.
const HANG_MS = 60_000;

/**
 * The first warning that `says`, now or later.
 * @param {import('@playwright/test').Page} page
 * @param {RegExp} says
 */
function warned(page, says) {
  return page.waitForEvent('console', {
    predicate: (message) => message.type() === 'warning' && says.test(message.text()),
    timeout: HANG_MS,
  });
}

test('a message that holds the coordinator is named in the log, the state and the status line', async ({
  app,
  page,
}) => {
  await addTexts(app, TEXTS);
  await app.idle();
  const warning = warned(page, /loop was held for \d+ ms by GetDocument/);
  await coordinatorOf(page).evaluate((ms) => {
    const take = self.onmessage;
    self.onmessage = (event) => {
      if (event.data.type === 'GetDocument') {
        self.onmessage = take;
        // The first clock that is read, which is where the engine takes the message up, takes its time.
        const now = performance.now.bind(performance);
        performance.now = () => {
          const at = now();
          performance.now = now;
          while (now() < at + ms);
          return at;
        };
      }
      return take?.call(/** @type {any} */ (self), event);
    };
  }, HELD_MS);
  const { title } = await app.call(() => window.lodestone.document('garden/roses.md'));
  expect(title).toBe('Roses');
  const [, ms] = /held for (\d+) ms/.exec((await warning).text()) ?? [];
  expect(Number(ms)).toBeGreaterThanOrEqual(HELD_MS - 1);
  const state = await app.state();
  expect(state.loop_stalls).toBeGreaterThan(0);
  expect(state.loop_lag.max_ms).toBeGreaterThanOrEqual(HELD_MS - 1);
  await expect(page.getByRole('status', { name: 'Status' })).toContainText(/lag .* ms, at worst \d+/);
});

test('what holds the coordinator from outside the engine is caught while it works', async ({
  app,
  page,
}) => {
  await app.call(() => window.lodestone.pause());
  const adding = addTexts(app, TEXTS);
  await app.untilState((state) => state.queued > 0 && state.loop_lag.samples > 0);
  const warning = warned(page, /loop was held for \d+ ms by something outside the engine, after \w+/);
  await coordinatorOf(page).evaluate((ms) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  }, HELD_MS);
  await warning;
  const { loop_lag: lag, loop_stalls } = await app.state();
  expect(loop_stalls).toBeGreaterThan(0);
  // Up to what the probe's timer had still to wait.
  expect(lag.max_ms).toBeGreaterThanOrEqual(HELD_MS / 2);
  expect(lag.worst_message).not.toBe('');
  await app.call(() => window.lodestone.resume());
  expect((await adding).added).toBe(Object.keys(TEXTS).length);
});

test("the state has the lag of coordinator, pool and the page's own thread", async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await app.search('leeks', { mode: 'lexical', top: 3 });
  await app.idle();
  const before = await app.state();
  for (const lag of [before.loop_lag, before.pool_lag.interactive, before.pool_lag.background]) {
    expect(lag.samples).toBeGreaterThan(0);
    expect(lag.p50_ms).toBeLessThanOrEqual(lag.p99_ms);
    expect(lag.p99_ms).toBeLessThanOrEqual(lag.max_ms);
    expect(lag.worst_message).not.toBe('');
  }
  expect(before.ui_lag.samples).toBeGreaterThan(0);
  const warning = warned(page, /page's thread was held for \d+ ms by something outside the interface, after/);
  await page.evaluate(
    (ms) =>
      new Promise((resolve) => {
        setTimeout(() => {
          const until = performance.now() + ms;
          while (performance.now() < until);
          resolve(undefined);
        });
      }),
    HELD_MS,
  );
  await warning;
  // The browser tells of a long task after it, in a task of its own.
  await expect
    .poll(async () => (await app.state()).ui_lag.stalls, { timeout: HANG_MS })
    .toBeGreaterThan(before.ui_lag.stalls);
  const { ui_lag } = await app.state();
  expect(ui_lag.max_ms).toBeGreaterThanOrEqual(HELD_MS - 1);
  expect(ui_lag.worst_message).not.toBe('');
});
