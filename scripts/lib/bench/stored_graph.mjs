// How long the graph over a stored library's vectors takes to be saved and to be loaded: durably, as the library is stored.
import { encode } from '../../../web/generated/protocol.mjs';
import { lower } from './site_runs.mjs';

// So few that a library of any size has a graph; the site's own number is far higher.
const LEAST_VECTORS = 1000;
const GUARD_MS = 300_000;

/**
 * @typedef {import('./cases.mjs').Case} Case
 * @typedef {import('../headless/app_session.mjs').AppSession} AppSession
 */

/**
 * Asks for a graph, which window.lodestone has no door to: the engine is asked as another tab of the site asks it
 * (web/tabs.mjs).
 * @param {AppSession} app that runs the engine, and is idle
 * @returns {Promise<{built_ms: number | null, idle_ms: number}>} from asking to the end of building, null where nothing was
 *   built, and to all at rest
 */
function askForGraph(app) {
  const settings = { gentle: false, max_file_bytes: 0, passage_tokens: 0, graph_vectors: LEAST_VECTORS };
  return app.call(
    ({ settings, waitIdle, guard_ms }) => {
      const channel = new BroadcastChannel(`lodestone:${new URL('./', document.baseURI).pathname}:tabs`);
      const from = 'bench';
      const ask = (/** @type {number} */ id, /** @type {string} */ type, /** @type {number[]} */ bytes) =>
        channel.postMessage({ to: 'writer', from, kind: 'request', id, type, bytes: Uint8Array.from(bytes) });
      let isBuilding = false;
      /** @type {number | null} */
      let built_ms = null;
      const start = performance.now();
      const undo = window.lodestone.on('state', ({ tasks }) => {
        const wasBuilding = isBuilding;
        isBuilding = tasks.some(({ kind }) => kind === 'graph');
        if (wasBuilding && !isBuilding) built_ms = performance.now() - start;
      });
      const answered = new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error('the engine did not come to rest')), guard_ms);
        channel.onmessage = ({ data }) => {
          if (data.to !== from || data.kind !== 'response') return;
          if (data.type !== 'Ack') reject(new Error(`the engine answers ${data.type}`));
          else if (data.id === 1) ask(2, 'WaitIdle', waitIdle);
          else resolve({ built_ms, idle_ms: performance.now() - start });
        };
      });
      ask(1, 'SetSettings', settings);
      return answered.finally(() => {
        undo();
        channel.close();
      });
    },
    { settings: [...encode('SetSettings', settings)], waitIdle: [...encode('WaitIdle', {})], guard_ms: GUARD_MS },
  );
}

/**
 * @param {string} name of the library
 * @param {() => Promise<AppSession>} open a page with the library, all vectors there
 * @returns {Promise<Case[]>}
 */
export async function measureStoredGraph(name, open) {
  const first = await open();
  const made = await askForGraph(first);
  if (made.built_ms === null) throw new Error('no graph was built');
  await first.page.close();
  const second = await open();
  const loaded = await askForGraph(second);
  if (loaded.built_ms !== null) throw new Error('the stored graph was not loaded but built anew');
  await second.page.close();
  return [
    lower(`${name}: graph built`, made.built_ms / 1000, 's'),
    lower(`${name}: graph saved durably`, made.idle_ms - made.built_ms, 'ms'),
    lower(`${name}: graph loaded`, loaded.idle_ms, 'ms'),
  ];
}
