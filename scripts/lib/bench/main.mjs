// scripts/bench: every figure as the median of repetitions that take turns, so that a busy minute of
// the machine touches all of them alike.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { serveSite } from '../headless/site.mjs';
import { toRow } from './cases.mjs';
import { describeMachine, loadNow } from './machine.mjs';
import { measureEmbedding } from './measure_embedding.mjs';
import { measureBuiltIn, measureIndexing, measureWithoutThreads } from './measure_engine.mjs';
import { measureLag } from './measure_lag.mjs';
import { measureLibrary } from './measure_library.mjs';
import { measureQueries } from './measure_queries.mjs';
import { measureBytes, measureLines } from './measure_size.mjs';
import { measureSplit } from './measure_split.mjs';
import { measureStart } from './measure_start.mjs';
import { measureVectors } from './measure_vectors.mjs';
import { appendRecord, rowText } from './report.mjs';
import { scalingCases } from './scaling.mjs';

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('./cases.mjs').Row} Row
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {{title: string, isFixed?: boolean, isSettled?: boolean, run: (bench: Bench) => Case[] | Promise<Case[]>}} Measurement
 *     isFixed: the same in every repetition, so measured once; isSettled: it answered a question, and is run when named
 * @typedef {{title: string, of: string[], derive: (rows: Row[]) => Case[]}} Derived from the rows of others, which are measured for it
 */

/** @type {Record<string, Measurement>} */
const MEASUREMENTS = {
  bytes: { title: 'Bytes of dist/', isFixed: true, run: measureBytes },
  lines: { title: 'Lines of source', isFixed: true, run: measureLines },
  embedding: { title: 'Embedding with a MiniLM-shaped model, from text', run: measureEmbedding },
  split: { title: 'Threads split over sessions', isSettled: true, run: measureSplit },
  vectors: { title: 'Vector search', run: measureVectors },
  builtin: { title: 'Embedding with the built-in model', run: measureBuiltIn },
  queries: { title: 'Queries', run: measureQueries },
  indexing: { title: 'Typing, then asking in bursts, while passages are indexed', run: measureIndexing },
  lag: { title: 'The coordinator while 1,000 passages are embedded', run: measureLag },
  start: { title: 'From navigation to the first answer', run: measureStart },
  library: { title: 'The library at rest', run: measureLibrary },
  single: { title: 'Without threads, 1,000 passages', run: measureWithoutThreads },
};
/** @type {Record<string, Derived>} */
const DERIVED = {
  scaling: { title: 'Throughput by threads, that of one being 1', of: ['embedding', 'vectors'], derive: scalingCases },
};
const NAMES = [...Object.keys(MEASUREMENTS), ...Object.keys(DERIVED)];
const REPETITIONS = 5;

const USAGE = `Measures the built site, and the peers beside it, on this machine.

  scripts/bench [--only NAME[,NAME]] [--quick] [--repeat N] [--json FILE] [--record]

  NAME is one of ${NAMES.join(', ')}; all but split unless told.
  --quick    smaller sizes and one repetition: within 15 minutes
  --repeat N repetitions, ${REPETITIONS} unless told; they take turns
  --json     a list of {line, case, unit, better, ours, peer, peer_name, ratio, spread, limit, ...};
             a ratio above 1 means that ours is better
  --record   appends a row with today's date to BENCH.md
`;

/**
 * @param {string[]} names
 * @param {number} repetitions
 * @param {boolean} quick
 * @returns {Promise<Row[]>}
 */
async function measure(names, repetitions, quick) {
  /** @type {Map<string, {line: string, cases: Case[]}>} */
  const results = new Map();
  const site = await serveSite();
  try {
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      for (const line of names) {
        const { isFixed, run } = MEASUREMENTS[line];
        if (isFixed && repetition > 0) continue;
        process.stderr.write(`${line} (${repetition + 1} of ${isFixed ? 1 : repetitions}, load ${loadNow()})\n`);
        for (const one of await run({ port: site.port, sentBytes: site.sentBytes, quick, repetition })) {
          const key = [line, one.case, one.peer_name].join('\n');
          const result = results.get(key) ?? { line, cases: [] };
          result.cases.push(one);
          results.set(key, result);
        }
      }
    }
  } finally {
    await site.close();
  }
  const rows = [...results.values()].map(({ line, cases }) => toRow(line, cases));
  return rows.sort((a, b) => names.indexOf(a.line) - names.indexOf(b.line));
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      repeat: { type: 'string' },
      json: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const asked = values.only?.split(',') ?? NAMES.filter((name) => !MEASUREMENTS[name]?.isSettled);
  const unknown = asked.filter((name) => !NAMES.includes(name));
  const derived = asked.filter((name) => Object.hasOwn(DERIVED, name));
  const names = [...new Set(asked.flatMap((name) => DERIVED[name]?.of ?? [name]))];
  const repetitions = Number(values.repeat ?? (values.quick ? 1 : REPETITIONS));
  if (unknown.length > 0) throw new Error(`there is no measurement ${unknown.join(', ')}\n${USAGE}`);
  if (!Number.isInteger(repetitions) || repetitions < 1) throw new Error('--repeat takes a whole number');

  const machine = describeMachine();
  const before = loadNow();
  for (const [name, value] of Object.entries(machine)) process.stdout.write(`${name.padEnd(16)} ${value}\n`);
  const rows = await measure(names, repetitions, values.quick);
  for (const line of derived) rows.push(...DERIVED[line].derive(rows).map((one) => toRow(line, [one])));
  const load = `${before} before, ${loadNow()} after`;
  process.stdout.write(`${'load'.padEnd(16)} ${load}\n`);
  for (const name of [...names, ...derived]) {
    process.stdout.write(`\n${(MEASUREMENTS[name] ?? DERIVED[name]).title} (${name})\n`);
    for (const row of rows.filter(({ line }) => line === name)) process.stdout.write(`${rowText(row)}\n`);
  }
  if (values.json) writeFileSync(values.json, JSON.stringify(rows, null, 2) + '\n');
  if (values.record) appendRecord(rows, machine, load, { quick: values.quick });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`scripts/bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
