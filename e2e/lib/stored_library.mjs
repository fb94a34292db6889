// The library's file in the origin, to do it harm while no page has it open.
import { expect } from '@playwright/test';
import { openApp } from './fixtures.mjs';

/**
 * Closes the page, changes its library's file and opens it again.
 * @param {import('@playwright/test').Page} page
 * @param {string} address
 * @param {(bytes: Buffer) => Buffer} change
 */
export async function reopenWithChanged(page, address, change) {
  return openApp(await changeStored(page, address, change), address);
}

/**
 * Closes the page and changes its library's file.
 * @param {import('@playwright/test').Page} page
 * @param {string} address
 * @param {(bytes: Buffer) => Buffer} change
 * @returns {Promise<import('@playwright/test').Page>} a page of the origin that is no app
 */
export async function changeStored(page, address, change) {
  const blank = await page.context().newPage();
  await page.close();
  await blank.goto(new URL('manifest.webmanifest', address).href);
  /** @type {string | null} */
  let base64 = null;
  const take = async () => (base64 = await blank.evaluate(read));
  await expect.poll(take).not.toBe(null);
  const changed = change(Buffer.from(/** @type {string} */ (/** @type {unknown} */ (base64)), 'base64'));
  await expect.poll(() => blank.evaluate(write, changed.toString('base64'))).toBe(true);
  return blank;
}

/** Runs in the page. @returns {Promise<string | null>} null while the closed tab still holds the file */
async function read() {
  for await (const folder of /** @type {any} */ (await navigator.storage.getDirectory()).values()) {
    try {
      const file = await (await folder.getFileHandle('library.sqlite')).getFile();
      // A lock of ours shows that nobody else has one.
      const stream = await (await folder.getFileHandle('library.sqlite')).createWritable({ keepExistingData: true });
      await stream.abort();
      const bytes = new Uint8Array(await file.arrayBuffer());
      let binary = '';
      for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
      return btoa(binary);
    } catch {
      return null;
    }
  }
  return null;
}

/** Runs in the page. @param {string} base64 */
async function write(base64) {
  for await (const folder of /** @type {any} */ (await navigator.storage.getDirectory()).values()) {
    try {
      const stream = await (await folder.getFileHandle('library.sqlite')).createWritable();
      await stream.write(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
      await stream.close();
      return true;
    } catch {
      return false;
    }
  }
  return false;
}
