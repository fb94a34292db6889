// The room that the browser gives this origin: asks to be kept once there is something to keep, and warns
// before the room ends. At the very end the engine stops indexing and says what to do.

/** @typedef {{used_bytes: number, quota_bytes: number, persisted: boolean}} Room all 0 and false where the browser does not tell */

const WARN_SHARE = 0.9;
// The library grows by this much before it is worth asking again.
const STEP_BYTES = 8 * 2 ** 20;
// The first page of an empty database and its tables.
const EMPTY_BYTES = 2 ** 19;

export class StorageWatch {
  #warn;
  #hasAsked = false;
  #measuredAt = 0;
  #hasWarned = false;

  /** @param {(text: string) => void} warn */
  constructor(warn) {
    this.#warn = warn;
  }

  /** @param {number} bytes of the library, whenever it may have changed */
  libraryHas(bytes) {
    if (bytes > EMPTY_BYTES && !this.#hasAsked) {
      this.#hasAsked = true;
      // Some browsers ask the person, others decide by how the site is used; a no changes nothing here.
      navigator.storage?.persist?.().catch(() => {});
    }
    if (Math.abs(bytes - this.#measuredAt) < STEP_BYTES) return;
    this.#measuredAt = bytes;
    void this.#look();
  }

  /** @returns {Promise<Room>} */
  async measure() {
    try {
      const { usage = 0, quota = 0 } = await navigator.storage.estimate();
      return { used_bytes: usage, quota_bytes: quota, persisted: await navigator.storage.persisted() };
    } catch {
      return { used_bytes: 0, quota_bytes: 0, persisted: false };
    }
  }

  async #look() {
    const { used_bytes, quota_bytes } = await this.measure();
    const isShort = quota_bytes > 0 && used_bytes > quota_bytes * WARN_SHARE;
    if (isShort && !this.#hasWarned) {
      const left = Math.max(0, Math.round((quota_bytes - used_bytes) / 2 ** 20));
      this.#warn(`The browser's room for this site is nearly full: ${left} MB are left. Remove documents, or free space on the disk.`);
    }
    this.#hasWarned = isShort;
  }
}
