// Counts frames and remembers how long the latest of them took inside our own callback.

const KEPT = 4096;

/**
 * @typedef {object} FrameStats
 * @property {number} frames drawn since the start or the last reset
 * @property {number} p50_ms
 * @property {number} p99_ms
 * @property {number} max_ms
 */

export class FrameClock {
  #times = new Float32Array(KEPT);
  #sinceReset = 0;
  #max = 0;
  total = 0;

  /** @param {number} ms */
  add(ms) {
    this.#times[this.#sinceReset % KEPT] = ms;
    this.#sinceReset += 1;
    this.#max = Math.max(this.#max, ms);
    this.total += 1;
  }

  reset() {
    this.#sinceReset = 0;
    this.#max = 0;
  }

  /** Percentiles are over the latest frames, at most 4,096 of them. @returns {FrameStats} */
  read() {
    const sorted = this.#times.slice(0, Math.min(this.#sinceReset, KEPT)).sort();
    /** @param {number} part */
    const at = (part) => (sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]);
    return { frames: this.#sinceReset, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: this.#max };
  }
}
