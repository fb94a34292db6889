// Rows as text, and a run as one row of BENCH.md.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../headless/site.mjs';

/** @typedef {import('./cases.mjs').Row} Row */

const WHOLE_UNITS = ['bytes', 'bytes a passage', 'lines', 'passages', 'passages/s', 'tokens/s', 'tasks', 'stalls', 'requests', 'queries/s'];
const RECORD = path.join(ROOT, 'BENCH.md');
const RECORD_HEAD = `# Runs of scripts/bench

One row a run, appended by \`scripts/bench --record\`: what has a budget or a bar (all of it where nothing has), as medians. The ratio is to the peer
named, and above 1 ours is better.

| Date | Commit | Machine | Load | Figures |
|---|---|---|---|---|
`;

/** @param {number | null} value @param {string} unit */
function show(value, unit) {
  if (value === null) return '-';
  const digits = WHOLE_UNITS.includes(unit) ? 0 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @param {Row} row */
function showPeer({ peer, peer_name, ratio, unit }) {
  if (peer_name === null) return '';
  return `   ${peer_name} ${show(peer, unit)}, ratio ${ratio === null ? '-' : ratio.toFixed(2)}`;
}

/** @param {Row} row */
function showBar({ limit, least_ratio, holds, better, unit }) {
  if (holds === null) return '';
  const bar = limit === null ? `ratio at least ${least_ratio}` : `${better === 'higher' ? 'at least' : 'at most'} ${show(limit, unit)}`;
  return `   [${bar}: ${holds ? 'kept' : 'MISSED'}]`;
}

/** @param {Row} row */
export function rowText(row) {
  const { unit, spread, repetitions } = row;
  const range = spread !== null && repetitions > 1 ? ` (${show(spread[0], unit)} to ${show(spread[1], unit)})` : '';
  const reason = row.reason ? `   ${row.reason}` : '';
  return `  ${row.case.padEnd(46)} ${show(row.ours, unit).padStart(13)} ${unit}${range}${showPeer(row)}${showBar(row)}${reason}`;
}

/**
 * @param {Row[]} rows
 * @param {Record<string, string>} machine
 * @param {string} load
 * @param {{quick: boolean}} options
 * @returns {string} a row of BENCH.md
 */
export function recordText(rows, machine, load, { quick }) {
  const judged = rows.filter(({ holds }) => holds !== null);
  const figures = (judged.length > 0 ? judged : rows).map((row) => {
    const peer = showPeer(row).replace(/^ +/, '; ');
    return `${row.line}, ${row.case}: ${show(row.ours, row.unit)} ${row.unit}${peer}${row.holds === false ? ' (missed)' : ''}`;
  });
  const cells = [
    new Date().toISOString().slice(0, 10),
    machine.commit,
    `${machine.processor}, ${machine.browser}`,
    load,
    // Other sizes than a whole run has, and each measured once.
    [...(quick ? ['with --quick'] : []), ...figures].join('<br>'),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

/**
 * @param {Row[]} rows
 * @param {Record<string, string>} machine
 * @param {string} load
 * @param {{quick: boolean}} options
 */
export function appendRecord(rows, machine, load, options) {
  if (!existsSync(RECORD)) writeFileSync(RECORD, RECORD_HEAD);
  appendFileSync(RECORD, recordText(rows, machine, load, options));
}
