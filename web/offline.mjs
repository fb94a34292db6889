// The page's word to the service worker: when it has all it needs, so that the site may be kept for use
// without a network.

/**
 * @param {object} options
 * @param {string} options.build
 * @param {() => void} options.onReady the whole of this build is kept
 */
export function keepForOffline({ build, onReady }) {
  const workers = navigator.serviceWorker;
  if (workers === undefined) return;
  workers.addEventListener('message', ({ data }) => {
    if (data?.build !== build) return;
    if (data.kind === 'offline-ready') onReady();
    if (data.kind === 'offline-failed') console.warn(`Not all of the site is kept for use without a network: ${data.reason}`);
  });
  workers.startMessages();
  const tell = async () => {
    const registration = await workers.ready;
    registration.active?.postMessage({ kind: 'page-ready', build });
  };
  // A worker that takes over later may have started before the page was ready.
  workers.addEventListener('controllerchange', tell);
  void tell();
}
