// Reads files for the coordinator, which never waits: making a blob, as reading in lots and in parts does, asks the
// browser's process and blocks the thread until the answer is there.
import { LotReader } from './lot_reader.mjs';

/** @typedef {{token: number, file: Blob, offset: number, size: number}} Read of at most `size` bytes */
/** @typedef {{token: number, bytes: Uint8Array<ArrayBuffer>, error?: undefined} | {token: number, error: string, bytes?: undefined}} Answer */

const reader = new LotReader();
/** @type {Answer[]} of this turn: what was read together goes back together */
let answers = [];

/** @param {Answer} answer */
function take(answer) {
  answers.push(answer);
  if (answers.length === 1) queueMicrotask(send);
}

function send() {
  const buffers = new Set(answers.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes.buffer])));
  self.postMessage(answers, { transfer: [...buffers] });
  answers = [];
}

self.onmessage = (/** @type {MessageEvent<Read[]>} */ { data }) => {
  for (const { token, file, offset, size } of data) {
    reader.read(file, offset, size).then(
      (bytes) => take({ token, bytes }),
      (error) => take({ token, error: error instanceof Error ? error.message : String(error) }),
    );
  }
};
