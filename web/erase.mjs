// Erases all that the app keeps in this browser, and nothing of another app of the same origin: every name of ours
// carries the site's path.
import { deleteDatabase } from './database.mjs';
import { LodestoneError, describe } from './errors.mjs';
import { removeOriginFiles } from './origin_files.mjs';
import { endAllTabs, whileWriter } from './tabs.mjs';

// A service worker that does not answer has nothing going on that would keep files again.
const WORKER_GUARD_MS = 2000;

/**
 * The engine of this page must have ended; those of other tabs are told to.
 * @param {string} scope path of the site
 * @throws {LodestoneError} kBusy when another tab holds the library and does not let go: nothing is erased then
 */
export async function eraseEverything(scope) {
  endAllTabs(scope);
  await whileWriter(scope, async () => {
    try {
      await removeOriginFiles(scope);
    } catch (error) {
      throw new LodestoneError('kBusy', 'The stored library is still in use. Close the other tabs of this site and try again.', describe(error));
    }
    await deleteDatabase();
    await forgetSite(scope);
    sessionStorageKeys(scope).forEach((key) => sessionStorage.removeItem(key));
  });
}

/**
 * The files that are kept for use without a network, and the service worker that keeps them.
 * @param {string} scope
 */
async function forgetSite(scope) {
  const registration = await navigator.serviceWorker?.getRegistration(scope).catch(() => undefined);
  const isOurs = registration !== undefined && new URL(registration.scope).pathname === scope;
  if (isOurs && registration.active) await untilWorkerForgot(registration.active);
  if ('caches' in globalThis) {
    for (const name of await caches.keys()) {
      if (name.startsWith(`lodestone:${scope}:`)) await caches.delete(name);
    }
  }
  if (isOurs) await registration.unregister();
}

/**
 * It lives on until this page goes, and must not keep the files again that it is asked for.
 * @param {ServiceWorker} worker
 */
function untilWorkerForgot(worker) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    setTimeout(resolve, WORKER_GUARD_MS);
    worker.postMessage({ kind: 'forget' }, [port2]);
  });
}

/** @param {string} scope */
function sessionStorageKeys(scope) {
  try {
    return Object.keys(sessionStorage).filter((key) => key.startsWith(`lodestone:${scope}:`));
  } catch {
    return []; // blocked: nothing of ours is there
  }
}
