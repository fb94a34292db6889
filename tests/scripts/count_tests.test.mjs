// The counts that scripts/test adds up.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const COUNT = fileURLToPath(new URL('../../scripts/lib/count_tests.mjs', import.meta.url));

/** @param {string} kind @param {string | null} text null for no file at all */
function count(kind, text) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lodestone-count-'));
  try {
    const file = path.join(folder, 'results.json');
    if (text !== null) writeFileSync(file, text);
    const { status, stdout } = spawnSync(process.execPath, [COUNT, kind, file], { encoding: 'utf8' });
    return { status, out: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a gtest run: skipped tests are not passed ones', () => {
  const testsuites = [
    { testsuite: [{ result: 'COMPLETED' }, { result: 'COMPLETED' }, { result: 'SKIPPED' }] },
    { testsuite: [{ result: 'COMPLETED' }, { result: 'SUPPRESSED' }] },
  ];
  assert.deepEqual(count('gtest', JSON.stringify({ tests: 5, failures: 1, disabled: 1, testsuites })), { status: 0, out: '2 1 2\n' });
});

test('a Playwright run: flaky tests and errors outside tests are failures', () => {
  const stats = { expected: 7, unexpected: 1, flaky: 1, skipped: 2 };
  assert.deepEqual(count('playwright', JSON.stringify({ stats, errors: [{ message: 'x' }] })), { status: 0, out: '7 3 2\n' });
});

for (const [what, text] of /** @type {[string, string | null][]} */ ([
  ['a missing file', null],
  ['half a file', '{"stats": {"expected": 7'],
  ['a run without tests', JSON.stringify({ stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }, errors: [] })],
])) {
  test(`${what} is no pass`, () => {
    assert.deepEqual(count('playwright', text), { status: 1, out: '' });
  });
}
