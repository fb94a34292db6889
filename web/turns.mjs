// Long work on the page's thread, cut so that frames and keys come between.

// Well under a frame, so that what else a frame needs fits beside it.
const TURN_MS = 6;

/** Says when the thread has been held long enough, and gives it away then. */
export class Turns {
  #since = performance.now();

  /** @returns {Promise<void> | void} to be awaited between two steps */
  next() {
    if (performance.now() - this.#since > TURN_MS) return this.#giveWay();
  }

  async #giveWay() {
    await new Promise((resolve) => {
      // Timers would wait at least 4 ms after a few turns.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve(undefined);
      };
      port2.postMessage(0);
    });
    this.#since = performance.now();
  }
}
