// Drops files and folders of this machine on the page, as a person does.

/**
 * Drags real paths over the middle of the page and lets go.
 * @param {import('playwright-core').Page} page
 * @param {string[]} paths
 */
export async function dropPaths(page, paths) {
  const cdp = await page.context().newCDPSession(page);
  const size = page.viewportSize() ?? { width: 800, height: 600 };
  const event = {
    x: size.width / 2,
    y: size.height / 2,
    data: { items: [], files: paths, dragOperationsMask: 1 },
  };
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    await cdp.send('Input.dispatchDragEvent', { type, ...event });
  }
  await cdp.detach();
}
