// Each format as the person will see it: titles, paths, text and encodings.
import { addTexts, expect, findPaths, test } from './lib/fixtures.mjs';

/**
 * @param {import('../scripts/lib/headless/app_session.mjs').AppSession} app
 * @param {string} path
 */
function read(app, path) {
  return app.call((path) => window.lodestone.document(path), path);
}

test('Markdown, HTML, JSON and code become readable text with a title', async ({ app }) => {
  await addTexts(app, {
    'guide.md': '# The Guide\n\nSome **bold** words and a [link](http://example.org/x).',
    'page.html':
      '<!doctype html><title>The Page</title><style>.x{color:red}</style><script>let hidden=1</script>' +
      '<h1>Heading</h1><p>Fish &amp; chips<br>for two</p>',
    'data.json': '{"name": "Barometer", "parts": ["needle", "dial"], "height": 12}',
    'tool.py': 'def unlock_door(key):\n    """Opens the heavy door."""\n    return key.turn()\n',
  });
  expect((await read(app, 'guide.md')).title).toBe('The Guide');
  const page = await read(app, 'page.html');
  expect(page.title).toBe('The Page');
  expect(page.text).toContain('Fish & chips');
  expect(page.text).not.toMatch(/color:red|hidden=1|<p>/);
  expect(await findPaths(app, 'barometer needle')).toEqual(['data.json']);
  expect(await findPaths(app, 'heavy door')).toEqual(['tool.py']);
  expect(await findPaths(app, 'bold')).toEqual(['guide.md']);
});

test('each record of a JSONL or CSV is a document of its own', async ({ app }) => {
  const added = await addTexts(app, {
    'notes.jsonl':
      '{"_id": "n1", "title": "Kettle", "text": "It whistles."}\n' +
      '{"_id": "n/2", "title": "Lamp", "text": "It glows."}\n{"words": "no identity here"}\n',
    'people.csv':
      '_id,title,text\r\n7,Ada,"Wrote, and ""dreamt"",\nof engines"\r\n8,Bob,Builds boats\r\n',
  });
  expect(added.failed).toEqual([]);
  expect((await app.state()).documents).toBe(5);
  expect(await findPaths(app, 'whistles')).toEqual(['notes.jsonl#n1']);
  expect(await findPaths(app, 'glows')).toEqual(['notes.jsonl#n/2']);
  expect(await findPaths(app, 'identity')).toEqual(['notes.jsonl#3']);
  expect(await findPaths(app, 'engines dreamt')).toEqual(['people.csv#7']);
  expect((await read(app, 'people.csv#7')).title).toBe('Ada');
  expect((await read(app, 'people.csv#7')).text).toContain('Wrote, and "dreamt",\nof engines');
});

test('a record that is gone from a changed file is found no more', async ({ app }) => {
  await addTexts(app, { 'r.jsonl': '{"_id":"1","text":"raven"}\n{"_id":"2","text":"magpie"}\n' });
  expect(await findPaths(app, 'raven')).toEqual(['r.jsonl#1']);
  await addTexts(app, { 'r.jsonl': '{"_id":"2","text":"magpie"}\n{"_id":"3","text":"jackdaw"}\n' });
  expect(await findPaths(app, 'raven')).toEqual([]);
  expect(await findPaths(app, 'magpie')).toEqual(['r.jsonl#2']);
  expect(await findPaths(app, 'jackdaw')).toEqual(['r.jsonl#3']);
});

test('UTF-8, UTF-16 with a mark and Windows-1252 are read right', async ({ app }) => {
  const text = 'Čaj “naïve” café – 5 € für Ωmega, smørrebrød.';
  const western = 'The “naïve” café – 5 € for smørrebrød.';
  const utf16be = Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();
  const codes = new Map([
    ['“', 0x93],
    ['”', 0x94],
    ['–', 0x96],
    ['€', 0x80],
  ]);
  const windows1252 = Uint8Array.from(western, (c) => codes.get(c) ?? c.charCodeAt(0));
  const added = await addTexts(app, {
    'plain.txt': text,
    'mark.txt': `\uFEFF${text}`,
    'le.txt': Buffer.from(`\uFEFF${text}`, 'utf16le'),
    'be.txt': utf16be,
    'ansi.txt': windows1252,
  });
  expect(added).toMatchObject({ added: 5, failed: [] });
  for (const name of ['plain.txt', 'mark.txt', 'le.txt', 'be.txt']) {
    expect((await read(app, name)).text.trim(), name).toBe(text);
  }
  expect((await read(app, 'ansi.txt')).text.trim()).toBe(western);
  const { entries } = await app.call(() => window.lodestone.list());
  const warned = entries.filter(({ warning }) => warning !== '').map(({ path }) => path);
  expect(warned).toEqual(['ansi.txt']);
});

test('line ends of every kind become one kind, and offsets follow', async ({ app }) => {
  await addTexts(app, { 'crlf.txt': 'First line.\r\nSecond lïne.\rThird line.\n' });
  const { text } = await read(app, 'crlf.txt');
  expect(text.trim()).toBe('First line.\nSecond lïne.\nThird line.');
  const { results } = await app.search('third', { mode: 'lexical', top: 1 });
  const [passage] = results[0].passages;
  expect(Buffer.from(text).subarray(passage.start, passage.end).toString()).toBe(passage.text);
  const [match] = passage.matches;
  expect(Buffer.from(text).subarray(match.start, match.end).toString()).toBe('Third');
});
