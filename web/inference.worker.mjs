// The plain worker that runs the model for the engine without threads; batches come by message.
import { createInferenceHost } from './inference_host.mjs';

/** @typedef {import('./inference_host.mjs').Batch} Batch */
/**
 * @typedef {{token: number, call: 'load', id: string, url: string, bytes: Uint8Array | null}
 *   | {token: number, call: 'run', batch: Batch}} Request
 */

const host = createInferenceHost();

self.onmessage = async (/** @type {MessageEvent<Request>} */ { data }) => {
  try {
    const result = data.call === 'load' ? await host.load(data.id, data.url, data.bytes) : await host.run(data.batch);
    self.postMessage({ token: data.token, result });
  } catch (error) {
    self.postMessage({ token: data.token, error: error instanceof Error ? error.message : String(error) });
  }
};
