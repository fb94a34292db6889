// The service worker: puts the isolation headers and the security policy on what the site serves,
// keeps the site for use without a network, and keeps every page with the build it came from.
//
// Everything but the shell lives under v/<build>/ and never changes there. index.html names its
// build, so a page and its engine always match. Each build has a cache of its own, which goes when no
// page of an old build is open. On a first visit the browser fetches the versioned files itself: a
// detour through this worker costs time just then. Once the page is ready they are brought into the
// cache (v/<build>/core_files.json lists the core), mostly from the browser's own.

/** @typedef {{path: string, bytes: number, sha256: string}} CoreFile */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const SCOPE = new URL(worker.registration.scope).pathname;
// Apps on a shared host share one origin, so every name carries the scope.
const NAME_PREFIX = `lodestone:${SCOPE}:`;
const PAGE_PATH = 'index.html';
const COMPLETE_PATH = '.complete';
const CORE_LIST = 'core_files.json';
const SHELL_FILE = /^(manifest\.webmanifest|icon[\w-]*\.(svg|png)|favicon\.ico)$/;
const VERSIONED = /^v\/([\w.-]+)\/./;
// What bears the isolation headers: it must come from here.
const ISOLATED = new Set(['document', 'iframe', 'worker', 'sharedworker']);

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

// Some hosts do not know these types, and browsers refuse modules of a wrong one.
/** @type {Record<string, string>} */
const TYPES = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
};

/** @typedef {{body: ArrayBuffer, headers: Headers}} Kept */

/**
 * What each build's cache holds: each look into the cache goes to another process and back.
 * @type {Map<string, Promise<Set<string>>>}
 */
const listings = new Map();
/** The same, once known. @type {Map<string, Set<string>>} */
const keptPaths = new Map();
/** Builds whose page has said that it is ready. @type {Set<string>} */
const readyBuilds = new Set();
/**
 * Scripts of workers that are not kept yet: every thread of the engine asks for the same one.
 * @type {Map<string, Promise<Kept>>}
 */
const scripts = new Map();
/** Paths that the browser fetched itself meanwhile, by build. @type {Map<string, Set<string>>} */
const leftToBrowser = new Map();
/** @type {Map<string, Promise<void>>} by build */
const filling = new Map();
/** Everything was erased: nothing is kept any more for the pages that are still open. */
let isForgotten = false;
const refuseIfForgotten = () => {
  if (isForgotten) throw new Error('everything was erased');
};

const cacheName = (/** @type {string} */ build) => NAME_PREFIX + build;
const addressOf = (/** @type {string} */ path) => new URL(SCOPE + path, worker.location.origin).href;

/**
 * What the host sent, with our policy in place of its own.
 * @param {Headers} received
 * @param {string} path
 */
function policed(received, path) {
  const headers = new Headers(received);
  // The body that we pass on is decoded already.
  headers.delete('Content-Encoding');
  headers.delete('Content-Length');
  headers.delete('Content-Security-Policy-Report-Only');
  headers.set('Content-Security-Policy', POLICY);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  headers.set('X-Content-Type-Options', 'nosniff');
  headers.set('Referrer-Policy', 'no-referrer');
  const type = TYPES[path.slice(path.lastIndexOf('.') + 1)];
  if (type !== undefined) headers.set('Content-Type', type);
  return headers;
}

/**
 * @param {Response} response
 * @param {string} path
 */
function withPolicy(response, path) {
  if (response.type === 'opaqueredirect' || response.status === 0) return response;
  const bodyless = [101, 204, 205, 304].includes(response.status);
  return new Response(bodyless ? null : response.body, {
    status: response.status,
    statusText: response.statusText,
    headers: policed(response.headers, path),
  });
}

/**
 * @param {string} path
 * @param {string} reason
 */
function unreachable(path, reason) {
  const sentence = 'This part of Lodestone could not be loaded: the network gave no answer and no copy is kept here.';
  const isPage = path === PAGE_PATH;
  const body = isPage
    ? `<!doctype html><html lang="en"><meta name="color-scheme" content="light dark"><title>Lodestone</title>` +
      `<h1>No connection</h1><p>${sentence} Connect once and open this page again.</p></html>`
    : `${sentence} ${path}: ${reason}`;
  const headers = policed(new Headers(), isPage ? PAGE_PATH : '');
  headers.set('Content-Type', isPage ? TYPES.html : 'text/plain; charset=utf-8');
  headers.set('Cache-Control', 'no-store');
  return new Response(body, { status: 504, statusText: 'No Connection', headers });
}

/** @param {BufferSource} body */
async function sha256(body) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param {string} build
 * @param {string} path
 * @param {Kept} kept
 */
async function keep(build, path, kept) {
  refuseIfForgotten();
  const paths = await pathsKeptOf(build);
  const cache = await caches.open(cacheName(build));
  const headers = new Headers(kept.headers);
  headers.set('Content-Length', String(kept.body.byteLength));
  await cache.put(addressOf(path), new Response(kept.body, { headers }));
  paths.add(addressOf(path));
}

/** @param {string} build */
function pathsKeptOf(build) {
  const known = listings.get(build);
  if (known !== undefined) return known;
  const listing = (async () => {
    const name = cacheName(build);
    if (!(await caches.has(name))) return new Set();
    return new Set((await (await caches.open(name)).keys()).map((request) => request.url));
  })().catch(() => new Set());
  listings.set(build, listing);
  void listing.then((paths) => keptPaths.set(build, paths));
  return listing;
}

/**
 * Whether a versioned file is better fetched by the browser itself: there is no copy of it yet and the
 * page is still starting.
 * @param {Request} request
 * @param {string} path
 * @param {string} build
 */
function isLeftToBrowser(request, path, build) {
  if (ISOLATED.has(request.destination) || readyBuilds.has(build)) return false;
  // Who asks for the text of a script may do so to make a worker of it.
  if (request.destination === '' && /\.m?js$/.test(path)) return false;
  const kept = keptPaths.get(build);
  if (kept === undefined || kept.has(addressOf(path)) || kept.has(addressOf(COMPLETE_PATH))) return false;
  const left = leftToBrowser.get(build) ?? new Set();
  leftToBrowser.set(build, left.add(path));
  return true;
}

/**
 * @param {string} build
 * @param {string} path
 */
async function keptOf(build, path) {
  return (await pathsKeptOf(build)).has(addressOf(path)) ? matchIn(build, path) : undefined;
}

/**
 * @param {string} build
 * @param {string} path
 */
function matchIn(build, path) {
  return caches.match(addressOf(path), { cacheName: cacheName(build) }).catch(() => undefined);
}

/**
 * Versioned files never change: the kept copy first, the network once.
 * @param {FetchEvent} event
 * @param {string} path
 * @param {string} build
 */
async function answerVersioned(event, path, build) {
  const kept = await keptOf(build, path);
  if (kept !== undefined) return kept;
  if (!readyBuilds.has(build) && ISOLATED.has(event.request.destination)) {
    const script = await scriptOf(path).catch(() => null);
    if (script !== null) return new Response(script.body.slice(0), { headers: script.headers });
  }
  /** @type {Response} */
  let response;
  try {
    response = await fetch(addressOf(path), { credentials: 'same-origin' });
  } catch (error) {
    return (await matchIn(build, path)) ?? unreachable(path, String(error));
  }
  const answer = withPolicy(response, path);
  if (response.status === 200) {
    const copy = answer.clone();
    event.waitUntil(
      (async () => {
        try {
          await keep(build, path, { body: await copy.arrayBuffer(), headers: copy.headers });
        } catch (error) {
          console.warn(`${path} is not kept for use without a network: ${error}`);
        }
      })(),
    );
  }
  return answer;
}

/** @param {string} path */
function scriptOf(path) {
  const coming = scripts.get(path) ?? fetchWhole(path);
  scripts.set(path, coming);
  coming.catch(() => scripts.delete(path));
  return coming;
}

/**
 * The page: from the network, so that a new version is seen at once, else as it was kept.
 * @param {FetchEvent} event
 */
async function answerPage(event) {
  let reason = '';
  try {
    const response = await fetch(addressOf(''), { credentials: 'same-origin', cache: 'no-cache' });
    if (response.ok) {
      const text = await response.text();
      const headers = policed(response.headers, PAGE_PATH);
      const build = /v\/([\w.-]+)\/boot\.mjs/.exec(text)?.[1];
      if (build !== undefined) {
        // The page's own requests follow at once: what is kept for them must be known by then.
        await pathsKeptOf(build);
        event.waitUntil(keepPage(build, text, headers));
      }
      return new Response(text, { headers });
    }
    if (response.status < 500) return withPolicy(response, PAGE_PATH);
    reason = `the host answered ${response.status}`;
  } catch (error) {
    reason = String(error);
  }
  return (await keptFromBestBuild(PAGE_PATH)) ?? unreachable(PAGE_PATH, reason);
}

/**
 * @param {string} build
 * @param {string} text
 * @param {Headers} headers
 */
async function keepPage(build, text, headers) {
  if (isForgotten) return;
  try {
    const cache = await caches.open(cacheName(build));
    await cache.put(addressOf(PAGE_PATH), new Response(text, { headers }));
  } catch (error) {
    console.warn(`The page is not kept for use without a network: ${error}`);
  }
}

/**
 * From the build that was last made whole; where none is, from any.
 * @param {string} path
 */
async function keptFromBestBuild(path) {
  /** @type {{response: Response, completed_ms: number}[]} */
  const found = [];
  for (const name of await caches.keys()) {
    if (!name.startsWith(NAME_PREFIX)) continue;
    const cache = await caches.open(name);
    const response = await cache.match(addressOf(path));
    if (response === undefined) continue;
    const mark = await cache.match(addressOf(COMPLETE_PATH));
    found.push({ response, completed_ms: mark === undefined ? 0 : Number(await mark.text()) });
  }
  found.sort((a, b) => b.completed_ms - a.completed_ms);
  return found[0]?.response;
}

/** @param {string} path */
async function answerShellFile(path) {
  try {
    const response = await fetch(addressOf(path), { credentials: 'same-origin' });
    if (response.ok) return withPolicy(response, path);
  } catch {
    // The kept copy answers below.
  }
  return (await keptFromBestBuild(path)) ?? unreachable(path, 'no answer');
}

/**
 * Brings the core of a build into its cache, one file at a time, and then drops the builds nobody uses.
 * @param {string} build
 */
async function fill(build) {
  refuseIfForgotten();
  const cache = await caches.open(cacheName(build));
  const left = leftToBrowser.get(build) ?? new Set();
  leftToBrowser.delete(build);
  if ((await cache.match(addressOf(COMPLETE_PATH))) === undefined) {
    const list = await fetchWhole(`v/${build}/${CORE_LIST}`);
    /** @type {CoreFile[]} */
    const files = JSON.parse(new TextDecoder().decode(list.body));
    for (const file of files) await fillOne(build, cache, file);
    if ((await cache.match(addressOf(PAGE_PATH))) === undefined) {
      const page = await fetchWhole('', 'no-cache');
      if (!new TextDecoder().decode(page.body).includes(`v/${build}/`)) throw new Error('the host has another build by now');
      await keep(build, PAGE_PATH, page);
    }
  }
  // What was used and is not of the core: fonts of other scripts, another model.
  for (const path of left) {
    if ((await cache.match(addressOf(path))) === undefined) await keep(build, path, await fetchWhole(path, 'force-cache'));
  }
  refuseIfForgotten();
  await cache.put(addressOf(COMPLETE_PATH), new Response(String(Date.now())));
  (await pathsKeptOf(build)).add(addressOf(COMPLETE_PATH));
  await dropUnusedBuilds(build);
}

/**
 * @param {string} build
 * @param {Cache} cache
 * @param {CoreFile} file
 */
async function fillOne(build, cache, { path, sha256: expected }) {
  const kept = await cache.match(addressOf(path));
  if (kept !== undefined) {
    if ((await sha256(await kept.arrayBuffer())) === expected) return;
    await cache.delete(addressOf(path));
  }
  // Versioned files never change, so the copy that the browser has just fetched is as good as a new one.
  let file = await fetchWhole(path, kept === undefined ? 'force-cache' : 'reload');
  if ((await sha256(file.body)) !== expected) file = await fetchWhole(path, 'reload');
  if ((await sha256(file.body)) !== expected) throw new Error(`${path} is not the file that this build was made with`);
  await keep(build, path, file);
}

/**
 * @param {string} path
 * @param {RequestCache} [cache]
 * @returns {Promise<Kept>}
 */
async function fetchWhole(path, cache = 'default') {
  const response = await fetch(addressOf(path), { credentials: 'same-origin', cache });
  if (!response.ok) throw new Error(`${path}: the host answered ${response.status}`);
  return { body: await response.arrayBuffer(), headers: policed(response.headers, path) };
}

/**
 * Each page holds a shared lock named after its build for as long as it lives.
 * @param {string} current
 */
async function dropUnusedBuilds(current) {
  const locks = await navigator.locks.query();
  const used = new Set([...(locks.held ?? []), ...(locks.pending ?? [])].map((lock) => lock.name));
  for (const name of await caches.keys()) {
    if (!name.startsWith(NAME_PREFIX) || name === cacheName(current) || used.has(name)) continue;
    listings.delete(name.slice(NAME_PREFIX.length));
    keptPaths.delete(name.slice(NAME_PREFIX.length));
    await caches.delete(name);
  }
}

// The first page waits for this worker to be isolated, so nothing is fetched before it may start.
worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('message', (event) => {
  const { kind, build } = event.data ?? {};
  if (kind === 'forget') {
    isForgotten = true;
    for (const known of [listings, keptPaths, readyBuilds, scripts, leftToBrowser]) known.clear();
    const [port] = event.ports;
    return event.waitUntil(Promise.allSettled(filling.values()).then(() => port?.postMessage('forgotten')));
  }
  if (kind !== 'page-ready' || !/^[\w.-]+$/.test(build)) return;
  isForgotten = false; // a page that was opened afterwards
  readyBuilds.add(build);
  scripts.clear();
  const source = event.source;
  const filled = filling.get(build) ?? fill(build).finally(() => filling.delete(build));
  filling.set(build, filled);
  event.waitUntil(
    filled.then(
      () => source?.postMessage({ kind: 'offline-ready', build }),
      (error) => source?.postMessage({ kind: 'offline-failed', build, reason: String(error) }),
    ),
  );
});

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  // Only what is ours: other sites may live below the same scope, and our policy would break them.
  if (event.request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (!url.pathname.startsWith(SCOPE)) return;
  let path;
  try {
    path = decodeURIComponent(url.pathname.slice(SCOPE.length));
  } catch {
    return;
  }
  const build = VERSIONED.exec(path)?.[1];
  if (build !== undefined) {
    if (!isLeftToBrowser(event.request, path, build)) event.respondWith(answerVersioned(event, path, build));
  } else if (path === '' || path === PAGE_PATH) {
    event.respondWith(answerPage(event));
  } else if (SHELL_FILE.test(path)) {
    event.respondWith(answerShellFile(path));
  }
});
