// The first script of the page, and the only one before the isolating reload: decides whether this
// page is the one that stays, and if so starts it.
//
// Shared memory needs a page served with isolation headers. A plain host sends none, so the service
// worker adds them, and the page must be loaded once more for that. At most one reload a navigation:
// a mark left for the next load says that it is the second one. Whatever was typed goes along.

/** @typedef {{time: number, text: string, start: number, end: number}} Carried */

const base = new URL('./', document.baseURI);
const build = /\/v\/([^/]+)\/[^/]*$/.exec(new URL(import.meta.url).pathname)?.[1] ?? '';
const scopeName = `lodestone:${base.pathname}:`;
const carriedKey = `${scopeName}reload`;
// A worker that neither starts nor fails must not keep the page from starting.
const CONTROL_GUARD_MS = 5000;
// From leaving the mark to the start of the load that it is for.
const MARK_LIFE_MS = 5000;

const input = /** @type {HTMLInputElement} */ (document.getElementById('search'));

// What the page will import and fetch first; asked for together instead of one after another.
const MODULES = `page add api cancelled_adds database dialogs engine_client errors folders generated/protocol handles mirror offline
  picked_model pickers storage_watch tabs turns ui ui_glyphs ui_host ui_input ui_screen ui_stats ui_style walk wire`.split(/\s+/);
const FETCHED = ['ui.wasm', 'fonts/Inter-Regular.ttf'];

/**
 * Marks the next load of this page as the second one. The mark is in the history's entry, which a
 * reload keeps. The isolated page runs in another process and has neither that state nor, always, the
 * latest of the session storage; but it does not ask for the mark, only for the text.
 * @returns {boolean} whether the mark is there
 */
function leaveMark() {
  const time = Date.now();
  try {
    history.replaceState({ ...history.state, lodestone: time }, '');
  } catch {
    return false;
  }
  const carry = () => {
    const { value: text, selectionStart, selectionEnd } = input;
    try {
      /** @type {Carried} */
      const carried = { time, text, start: selectionStart ?? text.length, end: selectionEnd ?? text.length };
      sessionStorage.setItem(carriedKey, JSON.stringify(carried));
    } catch {
      // Storage is blocked: the text cannot come along.
    }
  };
  carry();
  // Keys pressed until the page is gone count too.
  input.addEventListener('input', carry);
  return history.state?.lodestone === time;
}

/** @returns {Carried | null} */
function readCarried() {
  try {
    return JSON.parse(sessionStorage.getItem(carriedKey) ?? 'null');
  } catch {
    return null;
  }
}

/** @returns {boolean} whether this load is the second one of its navigation and has no isolation to show for it */
function takeMark() {
  const carried = readCarried();
  if (carried !== null && isForThisLoad(carried.time) && carried.text !== '' && input.value === '') {
    input.value = carried.text;
    input.setSelectionRange(carried.start, carried.end);
  }
  const mark = history.state?.lodestone;
  if (mark === undefined) return false;
  const { lodestone: _, ...rest } = history.state;
  history.replaceState(Object.keys(rest).length > 0 ? rest : null, '');
  return isForThisLoad(mark);
}

/**
 * A mark whose reload never came (the person went elsewhere and back) says nothing about this load.
 * @param {number} time of the mark
 */
function isForThisLoad(time) {
  return Math.abs(performance.timeOrigin - time) < MARK_LIFE_MS;
}

/**
 * Resolves to whether a reload would come from the service worker.
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<boolean>}
 */
function untilActive(registration) {
  // Active but not in control: a hard reload, or another tab's first visit.
  if (registration.active?.state === 'activated') return Promise.resolve(true);
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (worker === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = () => {
      if (worker.state === 'activated') resolve(true);
      if (worker.state === 'redundant') resolve(false);
    };
    worker.addEventListener('statechange', settle);
    settle();
    setTimeout(() => resolve(false), CONTROL_GUARD_MS);
  });
}

/** @returns {Promise<boolean>} whether the page is about to be loaded again */
async function isolate() {
  const isSecondLoad = takeMark();
  // Old or private browsers, and pages without a secure context, have no service workers.
  if (!('serviceWorker' in navigator)) return false;
  /** @type {ServiceWorkerRegistration} */
  let registration;
  try {
    const script = new URL('coi-serviceworker.js', base);
    const registering = navigator.serviceWorker.register(script, { updateViaCache: 'none' });
    if (crossOriginIsolated || isSecondLoad) {
      // Nothing waits for it: it is for use without a network only.
      registering.catch(() => {});
      return false;
    }
    registration = await registering;
  } catch {
    return false;
  }
  // Tools that block service workers answer with nothing at all.
  if (!registration) return false;
  if (!(await untilActive(registration)) || !leaveMark()) return false;
  location.reload();
  return true;
}

/**
 * The engine's worker begins to load beside the page's own modules.
 * @returns {import('./engine_client.mjs').Coordinator}
 */
function startCoordinator() {
  const worker = new Worker(new URL('./coordinator.worker.mjs', import.meta.url), { type: 'module', name: 'coordinator' });
  /** @type {import('./engine_client.mjs').Coordinator} */
  const coordinator = { worker, failure: null };
  worker.onerror = (event) => {
    coordinator.failure = event;
  };
  return coordinator;
}

function preload() {
  for (const name of MODULES) addLink('modulepreload', `${name}.mjs`);
  for (const path of FETCHED) addLink('preload', path, 'fetch');
}

/**
 * @param {string} rel
 * @param {string} path
 * @param {string} [as]
 */
function addLink(rel, path, as) {
  const link = document.createElement('link');
  link.rel = rel;
  link.href = new URL(path, import.meta.url).href;
  if (as !== undefined) {
    link.as = as;
    link.crossOrigin = 'anonymous';
  }
  document.head.append(link);
}

/** @param {string} text */
function say(text) {
  const notice = /** @type {HTMLElement} */ (document.getElementById('notice'));
  notice.textContent = text;
  notice.hidden = false;
}

/** @returns {string} what this browser lacks, or nothing */
function missingFeature() {
  // (module (func (result v128) i32.const 0 i8x16.splat))
  const simdProbe = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11);
  if (typeof WebAssembly !== 'object') return 'WebAssembly';
  if (!WebAssembly.validate(simdProbe)) return 'WebAssembly with SIMD';
  if (typeof Worker !== 'function') return 'web workers';
  return '';
}

async function start() {
  document.getElementById('stuck')?.remove();
  const missing = missingFeature();
  if (missing !== '') {
    say(`This browser is too old for Lodestone: it has no ${missing}. A browser of 2023 or later will do.`);
    return;
  }
  if (await isolate()) return;
  const coordinator = startCoordinator();
  preload();
  // Held as long as the page lives: tells the service worker that this build is in use.
  navigator.locks?.request(scopeName + build, { mode: 'shared' }, () => new Promise(() => {})).catch(() => {});
  try {
    const { startPage } = await import('./page.mjs');
    await startPage({ build, base, coordinator });
  } catch (error) {
    say(`Lodestone could not start: ${error instanceof Error ? error.message : error}. Reload the page to try again.`);
    throw error;
  }
}

await start();
