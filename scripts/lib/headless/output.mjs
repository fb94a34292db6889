// What scripts/search prints: answers on standard output, everything else on standard error.

import { writeSync } from 'node:fs';

/**
 * @typedef {{text: string, start: number, end: number, score: number}} PassageHit
 * @typedef {{rank: number, path: string, title: string, score: number, passages: PassageHit[]}} DocumentHit
 * @typedef {{ms: number, results: DocumentHit[], no_good_match?: boolean, note?: string}} Answer
 */

/**
 * Exactly the documented keys, in their order, whatever else the page's answer holds.
 * @param {{id: string | null, text: string}} query
 * @param {Answer} answer
 */
export function toJsonLine(query, answer) {
  return (
    JSON.stringify({
      query_id: query.id,
      query: query.text,
      ms: round(answer.ms, 3),
      results: answer.results.map(({ rank, path, title, score, passages }) => ({
        rank,
        path,
        title,
        score,
        passages: passages.map(({ text, start, end, score }) => ({ text, start, end, score })),
      })),
    }) + '\n'
  );
}

/**
 * @param {{id: string | null, text: string}} query
 * @param {Answer} answer
 */
export function toText(query, answer) {
  const head = query.id === null ? query.text : `${query.id}: ${query.text}`;
  const lines = [`${head}  (${round(answer.ms, 1)} ms)`];
  if (answer.results.length === 0) lines.push('  nothing found');
  else if (answer.no_good_match) lines.push('  no good match; the nearest:');
  for (const hit of answer.results) {
    lines.push(
      `  ${String(hit.rank).padStart(2)}. ${hit.path}  ${hit.title}  ${round(hit.score, 4)}`,
    );
    const best = hit.passages[0];
    if (best) lines.push(`      ${shorten(best.text, 240)}`);
  }
  return lines.join('\n') + '\n\n';
}

/**
 * @param {string} text
 * @param {number} length in characters
 */
function shorten(text, length) {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length <= length ? line : characters.slice(0, length - 1).join('') + '…';
}

/** A reader such as head(1) has seen enough: not a failure of ours. */
export class OutputClosed extends Error {}

/**
 * @param {string} text
 * @throws {OutputClosed}
 */
export function writeOut(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const code = /** @type {NodeJS.ErrnoException} */ (error).code;
      if (code === 'EPIPE') throw new OutputClosed();
      if (code !== 'EAGAIN') throw error;
    }
  }
}

/** Lines on standard error; on a terminal the progress is one line that is written over. */
export class Progress {
  #terminal = Boolean(process.stderr.isTTY);
  #open = false;
  #lastPercent = -1;

  /** @param {string} text */
  line(text) {
    this.#end();
    process.stderr.write(`${text}\n`);
  }

  /**
   * @param {number} done
   * @param {number} total
   * @param {string} path
   */
  files(done, total, path) {
    const percent = Math.floor((100 * done) / Math.max(total, 1));
    if (this.#terminal) {
      process.stderr.write(`\r\x1b[Kindexing ${done} of ${total} files  ${shorten(path, 50)}`);
      this.#open = true;
    } else if (percent >= this.#lastPercent + 10) {
      process.stderr.write(`indexing ${done} of ${total} files\n`);
      this.#lastPercent = percent;
    }
  }

  #end() {
    if (this.#open) process.stderr.write('\r\x1b[K');
    this.#open = false;
  }
}

/**
 * The value that `share` of the sorted values do not exceed.
 * @param {number[]} values
 * @param {number} share 0.5 is the median
 */
export function percentile(values, share) {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/**
 * @param {number} value
 * @param {number} digits
 */
export function round(value, digits) {
  return Number(value.toFixed(digits));
}
