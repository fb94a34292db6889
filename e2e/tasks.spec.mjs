// The task panel: what the engine is at, with progress and buttons, found by role and name.
import { addTexts, expect, test } from './lib/fixtures.mjs';

const TEXTS = Object.fromEntries(
  Array.from({ length: 40 }, (_, n) => [`many/${n}.txt`, `Marker${n} is a text about rivers and stones.`]),
);

test('indexing is a task that can be paused, resumed and watched to its end', async ({ app, page }) => {
  await app.call(() => window.lodestone.pause());
  const adding = addTexts(app, TEXTS);
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  const tasks = page.getByRole('list', { name: 'Tasks' });
  const task = tasks.getByRole('listitem', { name: 'Indexing' });
  await expect(task).toContainText('paused');
  await expect(task.getByRole('progressbar', { name: 'Indexing' })).toHaveAttribute('aria-valuenow', /\d/);
  await task.getByRole('button', { name: 'Resume indexing' }).click();
  expect((await adding).added).toBe(40);
  await app.idle();
  await expect(tasks).toHaveCount(0);
  expect((await app.state()).tasks).toEqual([]);
});

test('the pause button pauses, and cancel ends the task and what was asked for', async ({ app, page }) => {
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  // Held before it can end, so that there is something to press.
  await app.call(() => window.lodestone.pause());
  const adding = addTexts(app, TEXTS).then(
    () => 'finished',
    (error) => error.code,
  );
  const task = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem', { name: 'Indexing' });
  await expect(task).toContainText('paused');
  const [entry] = (await app.state()).tasks;
  expect(entry).toMatchObject({ kind: 'index', title: 'Indexing', state: 'paused', total: 40, can_pause: true, can_cancel: true });
  await task.getByRole('button', { name: 'Cancel indexing' }).click();
  expect(await adding).toBe('kCancelled');
  await expect(task).toHaveCount(0);
  await app.call(() => window.lodestone.resume());
  await app.idle();
  expect((await app.state()).documents).toBeLessThan(40);
});

test('a script steers tasks by their number', async ({ app }) => {
  await app.call(() => window.lodestone.pause());
  const adding = addTexts(app, TEXTS);
  const held = await app.untilState((state) => state.tasks.length > 0 && state.tasks[0].state === 'paused');
  const { task } = held.tasks[0];
  await app.call((task) => window.lodestone.controlTask(task, 'resume'), task);
  expect((await adding).added).toBe(40);
  await app.idle();
  const refused = await app.call(
    (task) => window.lodestone.controlTask(task, 'pause').then(() => 'done', (error) => error.code),
    task,
  );
  expect(refused).toBe('kNotFound');
});
