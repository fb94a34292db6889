// The plain worker that runs the model for the engine without threads; batches come by message.
import { createInferenceHost } from './inference_host.mjs';

/** @typedef {import('./inference_host.mjs').Batch} Batch */
/**
 * @typedef {{token: number, slot: number, call: 'prepare', id: string, url: string}
 *   | {token: number, slot: number, call: 'load', id: string, url: string, bytes: Uint8Array | null,
 *       gpuPolicy: import('./inference_provider.mjs').GpuPolicy}
 *   | {token: number, slot: number, call: 'run', batch: Batch} | {token: number, slot: number, call: 'close'}} Request
 */

const host = createInferenceHost();

/** @param {Request} request */
function answer(request) {
  switch (request.call) {
    case 'prepare':
      return host.prepare(request.slot, request.id, request.url);
    case 'load':
      return host.load(request.slot, request.id, request.url, request.bytes, request.gpuPolicy, (batchTokens) =>
        self.postMessage({ token: request.token, batchTokens }),
      );
    case 'run':
      return host.run(request.slot, request.batch);
    case 'close':
      return host.close(request.slot);
  }
}

self.onmessage = async (/** @type {MessageEvent<Request>} */ { data }) => {
  try {
    self.postMessage({ token: data.token, result: await answer(data) });
  } catch (error) {
    self.postMessage({ token: data.token, error: error instanceof Error ? error.message : String(error) });
  }
};
