// scripts/search as a command: what it prints, how it ends, and that two of it can run at once.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../scripts/lib/headless/site.mjs';
import { expect, test, TEXTS, writeTree } from './lib/fixtures.mjs';

/** @param {string[]} args */
function search(...args) {
  return searchWith({}, ...args);
}

/**
 * @param {NodeJS.ProcessEnv} environment beside what there is
 * @param {string[]} args
 * @returns {Promise<{status: number | null, out: string, err: string}>}
 */
function searchWith(environment, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(ROOT, 'scripts/search'), args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

/** @param {string} out */
function lines(out) {
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('answers a query in JSONL of the documented shape', async ({ folder }) => {
  writeTree(folder, {
    ...TEXTS,
    'sub/records.jsonl': '{"_id":"r 1","title":"Tern","text":"A tern dives."}\n',
  });
  const { status, out, err } = await search(
    '--library',
    folder,
    '--query',
    'tern dives',
    '--format',
    'jsonl',
    '--top',
    '3',
    '--mode',
    'hybrid',
  );
  expect(status, err).toBe(0);
  const [answer] = lines(out);
  expect(Object.keys(answer)).toEqual(['query_id', 'query', 'ms', 'results']);
  expect(answer.query_id).toBe(null);
  expect(answer.query).toBe('tern dives');
  expect(answer.ms).toBeGreaterThan(0);
  expect(answer.results.length).toBeGreaterThan(0);
  expect(answer.results.length).toBeLessThanOrEqual(3);
  for (const [index, hit] of answer.results.entries()) {
    expect(Object.keys(hit)).toEqual(['rank', 'path', 'title', 'score', 'passages']);
    expect(hit.rank).toBe(index + 1);
    for (const passage of hit.passages) {
      expect(Object.keys(passage)).toEqual(['text', 'start', 'end', 'score']);
      expect(passage.end - passage.start).toBe(Buffer.byteLength(passage.text));
    }
  }
  expect(answer.results[0]).toMatchObject({ path: 'sub/records.jsonl#r 1', title: 'Tern' });
  expect(err).toMatch(/documents/);
});

test('answers many queries in their order and writes its statistics', async ({ folder }) => {
  writeTree(folder, { ...prefixed('library/'), 'library/empty.txt': '' });
  const queries = ['leeks', 'roses', 'budget', 'nitrogen'];
  const file = path.join(folder, 'queries.jsonl');
  writeFileSync(file, queries.map((text, n) => JSON.stringify({ _id: `q${n}`, text })).join('\n'));
  const stats = path.join(folder, 'stats.json');
  const { status, out, err } = await search(
    '--library',
    path.join(folder, 'library'),
    '--queries',
    file,
    '--format',
    'jsonl',
    '--mode',
    'lexical',
    '--stats',
    stats,
    '--threads',
    '1',
  );
  expect(status, err).toBe(0);
  const answers = lines(out);
  expect(answers.map(({ query_id }) => query_id)).toEqual(['q0', 'q1', 'q2', 'q3']);
  expect(answers.map(({ query }) => query)).toEqual(queries);
  expect(answers.map(({ results }) => results[0].path)).toEqual([
    'kitchen/soup.txt',
    'garden/roses.md',
    'notes/meeting.md',
    'garden/beans.md',
  ]);
  const told = JSON.parse(readFileSync(stats, 'utf8'));
  expect(Object.keys(told)).toEqual([
    'documents',
    'passages',
    'embedded_passages',
    'tokens',
    'failed',
    'ready_s',
    'index_s',
    'embed_tokens_per_s',
    'query_p50_ms',
    'query_p95_ms',
    'peak_memory_mb',
    'threads',
    'isolated',
    'model',
  ]);
  expect(told).toMatchObject({ documents: 5, threads: 1, isolated: true });
  expect(told.embedded_passages).toBe(told.passages);
  expect(told.failed).toEqual([{ path: 'empty.txt', reason: expect.stringMatching(/\w+ \w+/) }]);
  for (const name of [
    'tokens',
    'ready_s',
    'index_s',
    'embed_tokens_per_s',
    'query_p50_ms',
    'peak_memory_mb',
  ]) {
    expect(told[name], name).toBeGreaterThan(0);
  }
});

test('a file alone is a library, named by its base name', async ({ folder }) => {
  writeTree(folder, prefixed(''));
  const file = path.join(folder, 'kitchen/soup.txt');
  const { status, out } = await search('--library', file, '--query', 'leeks', '--format', 'jsonl');
  expect(status).toBe(0);
  expect(lines(out)[0].results.map((/** @type {{path: string}} */ hit) => hit.path)).toEqual([
    'soup.txt',
  ]);
});

test('prints text for people unless told otherwise', async ({ folder }) => {
  writeTree(folder, prefixed(''));
  const { status, out } = await search(
    '--library',
    folder,
    '--query',
    'leeks',
    '--mode',
    'lexical',
  );
  expect(status).toBe(0);
  expect(out).toContain('kitchen/soup.txt');
  expect(out).toContain('leeks and potatoes');
});

test('ends with 1 if a single query finds nothing', async ({ folder }) => {
  writeTree(folder, prefixed(''));
  const { status, out } = await search(
    '--library',
    folder,
    '--query',
    'xylophone',
    '--mode',
    'lexical',
    '--format',
    'jsonl',
  );
  expect(status).toBe(1);
  expect(lines(out)[0].results).toEqual([]);
});

test('ends with 2 for bad use, before anything is started', async ({ folder }) => {
  const bad = [
    [],
    ['--library', path.join(folder, 'nowhere'), '--query', 'x'],
    ['--library', folder, '--query', ''],
    ['--library', folder, '--query', 'x', '--queries', 'y'],
    ['--library', folder, '--queries', path.join(folder, 'nowhere.jsonl')],
    ['--library', folder, '--query', 'x', '--top', '0'],
    ['--library', folder, '--query', 'x', '--mode', 'psychic'],
    ['--library', folder, '--query', 'x', '--format', 'xml'],
    ['--library', folder, '--query', 'x', '--threads', 'many'],
    ['--library', folder, '--query', 'x', '--model', 'no-such-model'],
    ['--library', folder, '--query', 'x', '--unknown'],
    ['--library', folder, '--query', 'x', 'stray'],
  ];
  for (const args of bad) {
    const { status, out, err } = await search(...args);
    expect(status, args.join(' ')).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^scripts\/search: .*\w+ \w+/m);
  }
});

test('ends with 3 and a clear line when it cannot do its work', async ({ folder }) => {
  writeTree(folder, {
    ...prefixed('library/'),
    'model/readme.txt': 'no model',
    'bad/noise.txt': '\0\x01\x02',
  });
  const library = path.join(folder, 'library');
  const model = await search(
    '--library',
    library,
    '--query',
    'x',
    '--model',
    path.join(folder, 'model'),
  );
  expect(model.status).toBe(3);
  expect(model.err).toMatch(/model/);
  const nothing = await search('--library', path.join(folder, 'bad'), '--query', 'x');
  expect(nothing.status).toBe(3);
  expect(nothing.err).toMatch(/noise\.txt/);
  const browser = await searchWith({ CHROMIUM: '/bin/false' }, '--library', library, '--query', 'x');
  expect(browser.status).toBe(3);
  expect(browser.err).toMatch(/^scripts\/search: \/bin\/false does not start as a browser\. Run scripts\/setup.*\n$/);
});

test('one query that cannot be answered does not cost the others', async ({ folder }) => {
  writeTree(folder, prefixed('library/'));
  const file = path.join(folder, 'queries.jsonl');
  const texts = ['roses', 'x'.repeat(100_000), 'leeks'];
  writeFileSync(file, texts.map((text, n) => JSON.stringify({ _id: `${n}`, text })).join('\n'));
  const { status, out, err } = await search(
    '--library',
    path.join(folder, 'library'),
    '--queries',
    file,
    '--mode',
    'lexical',
    '--format',
    'jsonl',
  );
  expect(status).toBe(3);
  expect(err).toMatch(/query 1: .*\w+/);
  const found = lines(out).map(({ results }) => results[0]?.path ?? null);
  expect(found).toEqual(['garden/roses.md', null, 'kitchen/soup.txt']);
});

test('two runs at once work, with one profile too', async ({ folder }) => {
  writeTree(folder, prefixed('library/'));
  const library = path.join(folder, 'library');
  const own = await Promise.all([
    search('--library', library, '--query', 'leeks', '--format', 'jsonl'),
    search('--library', library, '--query', 'roses', '--format', 'jsonl'),
  ]);
  expect(own.map(({ status }) => status)).toEqual([0, 0]);
  expect(own.map(({ out }) => lines(out)[0].results[0].path)).toEqual([
    'kitchen/soup.txt',
    'garden/roses.md',
  ]);
  const shared = await Promise.all(
    ['leeks', 'roses'].map((query) =>
      search('--library', library, '--query', query, '--profile', path.join(folder, 'profile')),
    ),
  );
  expect(shared.map(({ status }) => status)).toEqual([0, 0]);
});

test('a kept profile embeds nothing twice and follows the folder', async ({ folder }) => {
  writeTree(folder, prefixed('library/'));
  const profile = path.join(folder, 'profile');
  const stats = path.join(folder, 'stats.json');
  const run = (/** @type {string} */ library, /** @type {string} */ query) =>
    search(
      '--library',
      library,
      '--query',
      query,
      '--mode',
      'lexical',
      '--profile',
      profile,
      '--stats',
      stats,
      '--format',
      'jsonl',
    );
  const library = path.join(folder, 'library');
  expect((await run(library, 'leeks')).status).toBe(0);
  expect(existsSync(profile)).toBe(true);
  const first = JSON.parse(readFileSync(stats, 'utf8'));
  expect(first.tokens).toBeGreaterThan(0);
  expect((await run(library, 'leeks')).status).toBe(0);
  const second = JSON.parse(readFileSync(stats, 'utf8'));
  expect(second).toMatchObject({ documents: 5, passages: first.passages, tokens: 0 });
  // A renamed file, without a title of its own or with one, keeps its vectors.
  renameSync(path.join(library, 'kitchen/soup.txt'), path.join(library, 'kitchen/leek soup.txt'));
  renameSync(path.join(library, 'garden/roses.md'), path.join(library, 'roses.md'));
  const renamed = await run(library, 'leeks');
  expect(lines(renamed.out)[0].results[0].path).toBe('kitchen/leek soup.txt');
  expect(JSON.parse(readFileSync(stats, 'utf8'))).toMatchObject({ documents: 5, passages: first.passages, tokens: 0 });
  // Another folder under the same profile: what is not in it is not found.
  const garden = await run(path.join(library, 'garden'), 'leeks');
  expect(garden.status).toBe(1);
  expect(JSON.parse(readFileSync(stats, 'utf8')).documents).toBe(1);
});

test('a library may be indexed without asking anything', async ({ folder }) => {
  writeTree(folder, prefixed('library/'));
  const { status, out } = await search('--library', path.join(folder, 'library'));
  expect(status).toBe(0);
  expect(out).toBe('');
});

/** @param {string} prefix */
function prefixed(prefix) {
  return Object.fromEntries(Object.entries(TEXTS).map(([name, text]) => [prefix + name, text]));
}
