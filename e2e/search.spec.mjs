// Searching: by typing, by role, by mode, by the query's syntax; the latest wins.
import { addTexts, expect, findPaths, test, TEXTS } from './lib/fixtures.mjs';
import { MODES } from '../scripts/lib/headless/options.mjs';

/** @param {import('@playwright/test').Page} page */
function results(page) {
  return page.getByRole('list', { name: 'Results' }).getByRole('listitem');
}

test('typing finds, and the found can be opened by keyboard and by role', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await page.getByRole('searchbox').pressSequentially('prune roses');
  await expect(results(page).first()).toContainText('Roses');
  await expect(results(page).first()).toContainText('garden/roses.md');
  await results(page).first().getByRole('button', { name: 'Roses' }).click();
  await expect(page.getByRole('region', { name: 'Preview' })).toContainText('outward bud');
});

test('clearing the field clears the results', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  const field = page.getByRole('searchbox');
  await field.fill('beans');
  await expect(results(page).first()).toContainText('Beans');
  await field.fill('');
  await app.idle();
  await expect(results(page)).toHaveCount(0);
});

test('every mode answers; meaning finds what words cannot', async ({ app }) => {
  await addTexts(app, TEXTS);
  expect((await findPaths(app, 'leeks', { mode: 'lexical' }))[0]).toBe('kitchen/soup.txt');
  expect((await findPaths(app, 'leeks', { mode: 'hybrid' }))[0]).toBe('kitchen/soup.txt');
  const question = 'baking a loaf';
  expect((await findPaths(app, question, { mode: 'semantic' }))[0]).toBe('kitchen/bread.txt');
  const everything = await findPaths(app, question, { mode: 'semantic' });
  expect(everything).toHaveLength(Object.keys(TEXTS).length);
});

test('a result has rank, scores that fall, and offsets that cut its passage out', async ({
  app,
}) => {
  const long = Array.from(
    { length: 60 },
    (_, i) =>
      `## Part ${i}\n\nÄpfel und Birnen, 漢字 🍐 number ${i}. ${'Filler words follow. '.repeat(30)}`,
  ).join('\n\n');
  await addTexts(app, { ...TEXTS, 'fruit/büchlein.md': `# Obst\n\n${long}` });
  for (const mode of MODES) {
    const { results } = await app.search('Birnen number 17', { mode, top: 5 });
    expect(results.length).toBeGreaterThan(0);
    let last = Infinity;
    for (const [index, hit] of results.entries()) {
      expect(hit.rank).toBe(index + 1);
      expect(hit.score).toBeLessThanOrEqual(last);
      last = hit.score;
      expect(hit.score).toBe(Math.max(...hit.passages.map((/** @type {any} */ p) => p.score)));
      const { text } = await app.call((path) => window.lodestone.document(path), hit.path);
      const bytes = Buffer.from(text);
      for (const passage of hit.passages) {
        expect(bytes.subarray(passage.start, passage.end).toString()).toBe(passage.text);
      }
    }
  }
});

test('quotes, minus, type:, path:, after: and before: filter in every mode', async ({ app }) => {
  const day = (/** @type {string} */ date) => Date.parse(`${date}T12:00:00Z`);
  await app.call(
    (items) => window.lodestone.add(items),
    [
      { path: 'a/one.md', data: 'The red fox jumps over the dog.', modified: day('2024-01-10') },
      { path: 'a/two.txt', data: 'The fox is red, says the hunter.', modified: day('2024-06-10') },
      {
        path: 'b/three.txt',
        data: 'A fox and a hedgehog share a den.',
        modified: day('2025-01-10'),
      },
    ],
  );
  const cases = /** @type {[string, string[]][]} */ ([
    ['"red fox"', ['a/one.md']],
    ['fox -hunter', ['a/one.md', 'b/three.txt']],
    ['fox type:txt', ['a/two.txt', 'b/three.txt']],
    ['fox path:b/', ['b/three.txt']],
    ['fox path:*two*', ['a/two.txt']],
    ['fox after:2024-06-01', ['a/two.txt', 'b/three.txt']],
    ['fox before:2024-06-01', ['a/one.md']],
    ['fox after:2024-02-01 before:2024-12-01', ['a/two.txt']],
  ]);
  for (const mode of MODES) {
    for (const [query, wanted] of cases) {
      const found = await findPaths(app, query, { mode });
      expect(found.sort(), `${mode}: ${query}`).toEqual(wanted);
    }
  }
});

test('operators of other search engines are plain characters', async ({ app }) => {
  await addTexts(app, TEXTS);
  for (const query of [
    'roses AND',
    'NEAR(roses',
    'roses OR',
    '"roses',
    'roses*',
    '^roses',
    'roses:',
    '(roses',
    "roses'",
    'roses NOT',
    '{roses}',
    'roses\\',
    'after:soon roses',
    '-',
    '""',
    'title:roses',
  ]) {
    const found = await findPaths(app, query);
    if (/roses/.test(query) && !/title:/.test(query))
      expect(found, query).toContain('garden/roses.md');
  }
});

test('a question in a long sentence still matches by words', async ({ app }) => {
  await addTexts(app, TEXTS);
  const question =
    'Could you please tell me whether the budget for the new roof was finally agreed upon?';
  expect((await findPaths(app, question))[0]).toBe('notes/meeting.md');
});

test('an empty query finds nothing and fails nothing', async ({ app }) => {
  await addTexts(app, TEXTS);
  for (const query of ['', '   ']) {
    const outcome = await app.search(query, { mode: 'hybrid', top: 10 }).then(
      ({ results }) => results.length,
      (error) => error.code,
    );
    expect([0, 'kInvalidArgument']).toContain(outcome);
  }
  expect(await findPaths(app, 'leeks')).toEqual(['kitchen/soup.txt']);
});

test('a query of 100,000 characters ends in a clear answer', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  const outcome = await app.search('leeks '.repeat(16_667), { mode: 'hybrid', top: 10 }).then(
    () => 'answered',
    (error) => `${error.code}: ${error.message}`,
  );
  expect(outcome).toMatch(/^answered$|^kTooLarge: .*\w{3}/);
  await page.getByRole('searchbox').fill('leeks '.repeat(16_667));
  await app.idle();
  await page.getByRole('searchbox').fill('leeks');
  await expect(results(page).first()).toContainText('soup');
});

test('in a group the latest query wins, and fifty at once all end', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  const ends = await app.call(async () => {
    const searches = Array.from({ length: 50 }, (_, i) =>
      window.lodestone
        .search(i === 49 ? 'leeks' : `roses ${i}`, { mode: 'hybrid', group: 'typing' })
        .then(
          (answer) => answer.results[0]?.path,
          (error) => error.code,
        ),
    );
    return Promise.all(searches);
  });
  expect(ends).toHaveLength(50);
  expect(ends[49]).toBe('kitchen/soup.txt');
  expect(ends.filter((end) => !['kCancelled', 'garden/roses.md'].includes(end ?? ''))).toEqual([
    'kitchen/soup.txt',
  ]);
  // The same through the field, where only the last may show.
  const field = page.getByRole('searchbox');
  await field.pressSequentially('roses beans bread soup budget leeks potatoes cream');
  await field.fill('invoice');
  await expect(results(page).first()).toContainText('meeting.md');
  await app.idle();
  await expect(results(page).first()).toContainText('meeting.md');
});

test('searches of different groups do not displace each other', async ({ app }) => {
  await addTexts(app, TEXTS);
  const firsts = await app.call(() =>
    Promise.all(
      ['roses', 'beans', 'dough', 'leeks', 'budget'].map(async (text) => {
        const { results } = await window.lodestone.search(text, { group: text });
        return results[0].path;
      }),
    ),
  );
  expect(firsts).toEqual([
    'garden/roses.md',
    'garden/beans.md',
    'kitchen/bread.txt',
    'kitchen/soup.txt',
    'notes/meeting.md',
  ]);
});

test('a search can be cancelled', async ({ app }) => {
  await addTexts(app, TEXTS);
  const code = await app.call(() => {
    const stop = new AbortController();
    const search = window.lodestone.search('roses', { signal: stop.signal });
    stop.abort();
    return search.then(
      () => 'answered',
      (error) => error.code,
    );
  });
  expect(code).toBe('kCancelled');
  expect(await findPaths(app, 'roses')).toEqual(['garden/roses.md']);
});

test('removed documents are found no more', async ({ app }) => {
  await addTexts(app, TEXTS);
  await app.call(() => window.lodestone.remove(['garden/roses.md']));
  expect(await findPaths(app, 'roses')).toEqual([]);
  expect(await findPaths(app, 'roses', { mode: 'semantic' })).not.toContain('garden/roses.md');
  expect((await app.state()).documents).toBe(Object.keys(TEXTS).length - 1);
});
