// How long the page's thread is busy at a time: our frame callback, what is handed to the interface, and long tasks of
// whatever origin, each named; and how long a person waits from a key to its results. Times are of performance.now().

const KEPT = 4096;
// What holds the thread for longer is felt, counted as a stall, and told of in the console.
const STALL_MS = 50;
// After a stall only longer ones are told of for so long.
const TOLD_MS = 1000;

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
  #told = { end: -Infinity, ms: 0 };
  #warn;

  /** @param {(text: string) => void} [warn] */
  constructor(warn = (text) => console.warn(text)) {
    this.#warn = warn;
  }

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
    if (what === 'frame' || ms > STALL_MS) this.#count(ms, what, end);
    if (ms > STALL_MS) this.#pieces = [...this.#pieces.slice(-7), { what, start, end }];
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  longTask(start, end) {
    const ms = end - start;
    const counted = this.#pieces.some((piece) => Math.min(piece.end, end) - Math.max(piece.start, start) >= ms / 2);
    if (ms > STALL_MS && !counted) this.#count(ms, `something outside the interface, after ${this.#last || 'its start'}`, end);
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
   * @param {number} end
   */
  #count(ms, what, end) {
    this.#times[this.#samples % KEPT] = ms;
    this.#samples += 1;
    if (ms > STALL_MS) {
      this.#stalls += 1;
      this.#tell(ms, what, end);
    }
    if (ms <= this.#max) return;
    this.#max = ms;
    this.#worst = what;
  }

  /**
   * @param {number} ms
   * @param {string} what
   * @param {number} end
   */
  #tell(ms, what, end) {
    if (end - this.#told.end < TOLD_MS && ms <= this.#told.ms) return;
    this.#told = { end, ms };
    this.#warn(`Lodestone: the page's thread was held for ${Math.round(ms)} ms by ${what}`);
  }
}

/** The name of the User Timing measure from an input to the end of the frame that drew its results, or newer ones. */
export const ANSWER_MEASURE = 'lodestone answer';
const MAX_AWAITED = 64;

export class AnswerWatch {
  /** Inputs that have no results yet, oldest first. @type {{text: string, start: number}[]} */ #typed = [];
  #text = '';
  /** @type {Map<number, string>} */ #asked = new Map();
  /** @type {string | null} what the next frame shows results of */ #answered = null;

  /**
   * The field's text.
   * @param {string} text
   * @param {number} start
   */
  typed(text, start) {
    if (text === this.#text) return;
    this.#text = text;
    // Nothing is looked for.
    if (text.trim() === '') this.#typed.length = 0;
    else this.#typed = [...this.#typed.slice(1 - MAX_AWAITED), { text, start }];
  }

  /**
   * @param {number} call
   * @param {string} text
   */
  asked(call, text) {
    this.#asked.set(call, text);
  }

  /**
   * A call has its answer, which the next frame draws.
   * @param {number} call
   * @param {boolean} hasResults
   */
  answered(call, hasResults) {
    const text = this.#asked.get(call);
    this.#asked.delete(call);
    if (text !== undefined && hasResults) this.#answered = text;
  }

  /** @param {number} end */
  drawn(end) {
    if (this.#answered === null) return;
    const last = this.#typed.findLastIndex(({ text }) => text === this.#answered);
    this.#answered = null;
    for (const { start } of this.#typed.splice(0, last + 1)) {
      // The browser keeps every measure; whoever observes has heard of the former ones.
      performance.clearMeasures(ANSWER_MEASURE);
      performance.measure(ANSWER_MEASURE, { start, end });
    }
  }
}
