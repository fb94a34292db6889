// scripts/bench: every figure as the median of repetitions that take turns, so that a busy minute of
// the machine touches all of them alike.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { percentile } from '../headless/output.mjs';
import { serveSite } from '../headless/site.mjs';
import {
  measureEmbedding,
  measureIndexing,
  measureQueries,
  measureWithoutThreads,
} from './measure_engine.mjs';
import { measureBytes, measureLines } from './measure_size.mjs';
import { measureStart } from './measure_start.mjs';

/**
 * @typedef {import('./site_runs.mjs').Bench} Bench
 * @typedef {import('./site_runs.mjs').Figures} Figures
 * @typedef {{title: string, isFixed?: boolean, run: (bench: Bench) => Figures | Promise<Figures>}} Measurement
 */

/** @type {Record<string, Measurement>} */
const MEASUREMENTS = {
  bytes: { title: 'Bytes of dist/', isFixed: true, run: measureBytes },
  lines: { title: 'Lines of source', isFixed: true, run: measureLines },
  start: { title: 'From navigation to the first answer', run: measureStart },
  embedding: { title: 'Embedding', run: measureEmbedding },
  indexing: { title: 'Typing while 1,000 passages are indexed', run: measureIndexing },
  queries: { title: 'Queries', run: measureQueries },
  single: { title: 'Without threads, 1,000 passages', run: measureWithoutThreads },
};
const REPETITIONS = 5;

const USAGE = `Measures the built site on this machine.

  scripts/bench [--only NAME[,NAME]] [--quick] [--repeat N] [--json FILE]

  NAME is one of ${Object.keys(MEASUREMENTS).join(', ')}; --quick is one repetition of smaller sizes.
`;

/**
 * @param {string[]} names
 * @param {number} repetitions
 * @param {boolean} quick
 */
async function measure(names, repetitions, quick) {
  /** @type {Map<string, Map<string, {unit: string, values: number[]}>>} */
  const results = new Map(names.map((name) => [name, new Map()]));
  const site = await serveSite();
  try {
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      for (const name of names) {
        const { isFixed, run } = MEASUREMENTS[name];
        if (isFixed && repetition > 0) continue;
        process.stderr.write(`${name} (${repetition + 1} of ${isFixed ? 1 : repetitions})\n`);
        const figures = await run({ port: site.port, quick });
        for (const [label, { value, unit }] of Object.entries(figures)) {
          const result = results.get(name)?.get(label) ?? { unit, values: [] };
          result.values.push(value);
          results.get(name)?.set(label, result);
        }
      }
    }
  } finally {
    await site.close();
  }
  return results;
}

/** @param {number} value @param {string} unit */
function show(value, unit) {
  const digits = ['bytes', 'lines', 'tokens/s', 'passages', 'frames', 'tasks'].includes(unit) ? 0 : 2;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      repeat: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const names = values.only?.split(',') ?? Object.keys(MEASUREMENTS);
  const unknown = names.filter((name) => !(name in MEASUREMENTS));
  const repetitions = Number(values.repeat ?? (values.quick ? 1 : REPETITIONS));
  if (unknown.length > 0)
    throw new Error(`there is no measurement ${unknown.join(', ')}\n${USAGE}`);
  if (!Number.isInteger(repetitions) || repetitions < 1)
    throw new Error('--repeat takes a whole number');

  const results = await measure(names, repetitions, values.quick);
  /** @type {Record<string, Record<string, object>>} */
  const report = {};
  for (const [name, figures] of results) {
    process.stdout.write(`\n${MEASUREMENTS[name].title}\n`);
    report[name] = {};
    for (const [label, { unit, values }] of figures) {
      const median = percentile(values, 0.5);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const spread = values.length > 1 ? `   (${show(least, unit)} to ${show(most, unit)})` : '';
      process.stdout.write(
        `  ${label.padEnd(46)} ${show(median, unit).padStart(13)} ${unit}${spread}\n`,
      );
      report[name][label] = { median, least, most, unit, repetitions: values.length };
    }
  }
  if (values.json) {
    const machine = { cores: os.availableParallelism(), processor: os.cpus()[0]?.model ?? '' };
    const file = { date: new Date().toISOString(), machine, quick: values.quick, figures: report };
    writeFileSync(values.json, JSON.stringify(file, null, 2) + '\n');
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`scripts/bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
