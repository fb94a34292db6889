// How throughput grows with threads: measured for one and two, and computed for more from the share of the work that two
// did not speed up (Amdahl's law). Source: Amdahl, "Validity of the single processor approach", 1967.

/** @typedef {import('./cases.mjs').Case} Case */
/** @typedef {import('./cases.mjs').Row} Row */

const COMPUTED_FOR = [4, 8, 16];

/**
 * What scales, by the line and the cases of its figures.
 * @type {{name: string, line: string, one: RegExp, two: RegExp}[]}
 */
const SCALED = [
  { name: 'embedding, MiniLM-shaped', line: 'embedding', one: /^1 thread, batches/, two: /^2 threads, batches/ },
  { name: 'exact scan', line: 'vectors', one: /, exact scan, 1 thread, p50$/, two: /, exact scan, 2 threads, p50$/ },
  { name: 'graph build', line: 'vectors', one: /, graph build, 1 thread$/, two: /, graph build, 2 threads$/ },
];

/**
 * @param {Row[]} rows
 * @param {string} line
 * @param {RegExp} name
 */
const largest = (rows, line, name) => rows.filter((row) => row.line === line && name.test(row.case) && row.ours !== null).at(-1);

/**
 * @param {number} serial share of the work that is done by one thread
 * @param {number} threads
 */
export const speedUp = (serial, threads) => 1 / (serial + (1 - serial) / threads);

/**
 * @param {Row[]} rows of the lines embedding and vectors; of several sizes the last counts
 * @returns {Case[]}
 */
export function scalingCases(rows) {
  return SCALED.flatMap(({ name, line, one, two }) => {
    const alone = largest(rows, line, one);
    const together = largest(rows, line, two);
    if (!alone?.ours || !together?.ours) return [];
    const size = /^\d+k/.exec(alone.case)?.[0];
    const what = size === undefined ? name : `${name} of ${size}`;
    const twice = alone.better === 'higher' ? together.ours / alone.ours : alone.ours / together.ours;
    const serial = Math.min(1, Math.max(0, 2 / twice - 1));
    const better = /** @type {const} */ ('higher');
    return [
      { case: `${what}, 2 threads`, unit: 'times', better, ours: twice },
      ...COMPUTED_FOR.map((threads) => ({ case: `${what}, ${threads} threads (computed)`, unit: 'times', better, ours: speedUp(serial, threads) })),
    ];
  });
}
