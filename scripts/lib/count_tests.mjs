// Prints "PASSED FAILED SKIPPED" of a results file: count_tests.mjs gtest|playwright FILE. Fails, and
// prints nothing, when the file is missing or holds no test at all.
import { readFileSync } from 'node:fs';

/** @param {{tests: number, failures: number, errors?: number, disabled: number, testsuites: {testsuite: {result: string}[]}[]}} results */
function countGtest(results) {
  const all = results.testsuites.flatMap((suite) => suite.testsuite);
  const skipped = all.filter((test) => test.result !== 'COMPLETED').length;
  return { passed: all.length - skipped - results.failures, failed: results.failures, skipped };
}

/** @param {{stats: {expected: number, unexpected: number, flaky: number, skipped: number}, errors: unknown[]}} results */
function countPlaywright({ stats, errors }) {
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky + errors.length, skipped: stats.skipped };
}

const [kind, file] = process.argv.slice(2);
try {
  const results = JSON.parse(readFileSync(file, 'utf8'));
  const { passed, failed, skipped } = kind === 'gtest' ? countGtest(results) : countPlaywright(results);
  if (passed + failed + skipped === 0) throw new Error('no test ran');
  console.log(`${passed} ${failed} ${skipped}`);
} catch (error) {
  console.error(`count_tests: ${file}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
