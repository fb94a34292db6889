// How long the page's thread is busy at a time: our frame callback, what is handed to the interface, and long tasks of
// whatever origin, each named. Times are of performance.now().

const KEPT = 4096;
// What holds the thread for longer is felt, and counted as a stall.
const STALL_MS = 50;

/** @typedef {import('./generated/protocol.mjs').LagStats} LagStats */
/** @typedef {LagStats & {stalls: number}} UiLagStats `stalls`: how often the thread was held for over 50 ms */
/** @typedef {{what: string, start: number, end: number}} Piece */

export class UiLag {
  #times = new Float32Array(KEPT);
  #samples = 0;
  #max = 0;
  #worst = '';
  #stalls = 0;
  /** The latest long pieces, for the browser tells of a long task after it. @type {Piece[]} */ #pieces = [];
  #last = '';

  /** Long tasks that nobody of ours counts are told of by the browser. */
  watch() {
    if (!globalThis.PerformanceObserver?.supportedEntryTypes?.includes('longtask')) return;
    const observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) this.longTask(startTime, startTime + duration);
    });
    observer.observe({ type: 'longtask', buffered: true });
  }

  /**
   * A piece of our own work. Only frames count while they are short: they are what a person waits for.
   * @param {string} what
   * @param {number} start
   * @param {number} end
   */
  ran(what, start, end) {
    const ms = end - start;
    this.#last = what;
    if (what === 'frame' || ms > STALL_MS) this.#count(ms, what);
    if (ms > STALL_MS) this.#pieces = [...this.#pieces.slice(-7), { what, start, end }];
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  longTask(start, end) {
    const ms = end - start;
    const counted = this.#pieces.some((piece) => Math.min(piece.end, end) - Math.max(piece.start, start) >= ms / 2);
    if (ms > STALL_MS && !counted) this.#count(ms, `outside the interface, after ${this.#last || 'its start'}`);
  }

  /** Percentiles are over the latest samples, at most 4,096 of them. @returns {UiLagStats} */
  read() {
    const sorted = this.#times.slice(0, Math.min(this.#samples, KEPT)).sort();
    /** @param {number} part */
    const at = (part) => (sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]);
    return { p50_ms: at(0.5), p99_ms: at(0.99), max_ms: this.#max, samples: this.#samples, worst_message: this.#worst, stalls: this.#stalls };
  }

  /**
   * @param {number} ms
   * @param {string} what
   */
  #count(ms, what) {
    this.#times[this.#samples % KEPT] = ms;
    this.#samples += 1;
    if (ms > STALL_MS) this.#stalls += 1;
    if (ms <= this.#max) return;
    this.#max = ms;
    this.#worst = what;
  }
}
