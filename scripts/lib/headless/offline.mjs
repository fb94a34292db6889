// Whether the browser keeps the site for use without a network.

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<boolean>} the service worker has the whole core of the page's build
 */
export function isKeptOffline(page) {
  return page.evaluate(async () => {
    const build = /\/v\/([^/]+)\//.exec(document.querySelector('script')?.src ?? '')?.[1];
    const scope = new URL('./', document.baseURI).pathname;
    const mark = new URL('.complete', document.baseURI).href;
    return (await caches.match(mark, { cacheName: `lodestone:${scope}:${build}` })) !== undefined;
  });
}
