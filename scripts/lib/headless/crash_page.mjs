/**
 * Ends the process of a page, as by a crash.
 * @param {import('playwright-core').Page} page
 */
export async function crashPage(page) {
  const cdp = await page.context().newCDPSession(page);
  const gone = new Promise((resolve) => page.once('crash', resolve));
  cdp.send('Page.crash').catch(() => {}); // there is nobody left to answer
  await gone;
}
