// Reads whole small files in lots. Each read of a file takes several messages between the browser's processes, whatever
// its size: what is asked for while reads are under way is read together next, as one blob. Thread: one that may wait.

export const SMALL_BYTES = 64 << 10;
const FILES_A_LOT = 32;
// At once, so that one slow file does not hold up all others.
const LOTS = 2;

/** @typedef {{file: Blob, resolve: (bytes: Uint8Array<ArrayBuffer>) => void, reject: (error: unknown) => void}} Wanted */

export class LotReader {
  /** @type {Wanted[]} */
  #waiting = [];
  #lots = 0;

  /**
   * @param {Blob} file
   * @param {number} offset
   * @param {number} size at most
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   * @throws {DOMException} when the file has gone or changed
   */
  async read(file, offset, size) {
    const isWhole = offset === 0 && size >= file.size;
    if (!isWhole) return bytesOf(file.slice(offset, offset + size));
    if (file.size > SMALL_BYTES) return bytesOf(file);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ file, resolve, reject });
      if (this.#lots < LOTS) void this.#readWaiting();
    });
  }

  async #readWaiting() {
    this.#lots += 1;
    await null; // what else is asked for in this turn goes along
    while (this.#waiting.length > 0) await readLot(this.#waiting.splice(0, FILES_A_LOT));
    this.#lots -= 1;
  }
}

/** @param {Wanted[]} lot */
async function readLot(lot) {
  if (lot.length > 1 && (await readTogether(lot))) return;
  for (const { file, resolve, reject } of lot) await bytesOf(file).then(resolve, reject);
}

/** @param {Wanted[]} lot @returns {Promise<boolean>} false when one of them has gone: it cannot be said which */
async function readTogether(lot) {
  const files = lot.map(({ file }) => file);
  const bytes = await bytesOf(new Blob(files)).catch(() => null);
  if (bytes?.length !== files.reduce((sum, { size }) => sum + size, 0)) return false;
  let at = 0;
  for (const { file, resolve } of lot) resolve(bytes.subarray(at, (at += file.size)));
  return true;
}

/** @param {Blob} blob */
async function bytesOf(blob) {
  return new Uint8Array(await blob.arrayBuffer());
}
