// Erasing removes all that is the app's from the browser, and nothing of another app of the same origin.
import { addTexts, expect, findPaths, openApp, test, TEXTS } from './lib/fixtures.mjs';
import { untilOffline } from './lib/sites.mjs';

/** @typedef {{opfs: string[], caches: string[], databases: string[], session: string[], local: string[], workers: string[]}} Stored */

/**
 * What the origin keeps, by name.
 * @param {import('@playwright/test').Page} page
 * @returns {Promise<Stored>}
 */
function storedBy(page) {
  return page.evaluate(async () => {
    /** @type {string[]} */
    const opfs = [];
    /** @param {any} folder @param {string} path */
    const list = async (folder, path) => {
      for await (const entry of folder.values()) {
        opfs.push(path + entry.name);
        if (entry.kind === 'directory') await list(entry, `${path}${entry.name}/`);
      }
    };
    await list(await navigator.storage.getDirectory(), '');
    return {
      opfs: opfs.sort(),
      caches: (await caches.keys()).sort(),
      databases: (await indexedDB.databases()).map(({ name }) => name ?? '').sort(),
      session: Object.keys(sessionStorage).sort(),
      local: Object.keys(localStorage).sort(),
      workers: (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => new URL(scope).pathname).sort(),
    };
  });
}

/**
 * Another app's things, with names as near to ours as they come: another Lodestone under another path, too.
 * @param {import('@playwright/test').Page} page
 */
function storeOthers(page) {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    for (const name of ['other', 'lodestone-other-', 'lodestone']) {
      const folder = await root.getDirectoryHandle(name, { create: true });
      const stream = await (await folder.getFileHandle('library.sqlite', { create: true })).createWritable();
      await stream.write('theirs');
      await stream.close();
    }
    for (const name of ['other', 'lodestone:/other/:build']) await (await caches.open(name)).put('/theirs', new Response('theirs'));
    for (const name of ['other', 'lodestone:/other/']) {
      await new Promise((resolve, reject) => {
        const request = indexedDB.open(name, 1);
        request.onupgradeneeded = () => request.result.createObjectStore('folders');
        request.onsuccess = () => resolve(request.result.close());
        request.onerror = () => reject(request.error);
      });
    }
    sessionStorage.setItem('theirs', '1');
    localStorage.setItem('theirs', '1');
    void navigator.locks.request('theirs', () => new Promise(() => {}));
  });
}

const OTHERS = {
  opfs: ['lodestone', 'lodestone-other-', 'lodestone-other-/library.sqlite', 'lodestone/library.sqlite', 'other', 'other/library.sqlite'],
  caches: ['lodestone:/other/:build', 'other'],
  databases: ['lodestone:/other/', 'other'],
  session: ['theirs'],
  local: ['theirs'],
  workers: [],
};

/** @param {import('../scripts/lib/headless/app_session.mjs').AppSession} app */
async function addFolder(app) {
  await app.call(async () => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('other', { create: true });
    const stream = await (await root.getFileHandle('diary.txt', { create: true })).createWritable();
    await stream.write('The treasure lies beneath the old larch.');
    await stream.close();
    await window.lodestone.add([root]);
    await root.removeEntry('diary.txt');
  });
}

test('all of the app goes, nothing of another app does, and the page begins anew', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await addFolder(app);
  await app.idle();
  await storeOthers(page);
  await untilOffline(page);
  const before = await storedBy(page);
  const scope = new URL('./', page.url()).pathname;
  const folder = `lodestone${scope.replaceAll('/', '-')}`;
  // What is to go was there.
  expect(before.opfs).toEqual(expect.arrayContaining([folder, `${folder}/library.sqlite`]));
  expect(before.caches.filter((name) => name.startsWith(`lodestone:${scope}:`))).toHaveLength(1);
  expect(before.databases).toContain(`lodestone:${scope}`);
  expect(before.workers).toEqual([scope]);

  await app.call(() => window.lodestone.erase());
  expect(await storedBy(page)).toEqual(OTHERS);
  expect(await page.evaluate(async () => (await navigator.locks.query()).held?.map(({ name }) => name))).toContain('theirs');
  await expect(app.call(() => window.lodestone.search('leeks'))).rejects.toMatchObject({ code: 'kUnavailable' });
  expect(await page.locator('body').innerText()).not.toContain('Soup');

  await page.getByRole('button', { name: 'Begin anew' }).click();
  await page.waitForFunction(() => 'lodestone' in window);
  await page.evaluate(() => window.lodestone.ready);
  await app.modelSettled();
  expect((await app.state()).documents).toBe(0);
  expect((await app.state()).storage).toBe('opfs');
  await addTexts(app, TEXTS);
  expect(await findPaths(app, 'leeks', { mode: 'hybrid' })).toContain('kitchen/soup.txt');
  const after = await storedBy(page);
  expect(after.opfs).toEqual(expect.arrayContaining(OTHERS.opfs));
  await untilOffline(page); // the site is kept again
});

test('from a second tab: the first lets go of the library, and shows nothing of it any more', async ({ app, page, server }) => {
  await addTexts(app, TEXTS);
  const second = await openApp(await page.context().newPage(), server.url);
  await storeOthers(second.page);
  await untilOffline(second.page);
  await second.call(() => window.lodestone.erase());
  expect(await storedBy(second.page)).toEqual(OTHERS);
  await expect(page.getByRole('button', { name: 'Begin anew' })).toBeVisible();
  await expect(app.call(() => window.lodestone.search('leeks'))).rejects.toMatchObject({ code: 'kUnavailable' });
  const third = await openApp(await page.context().newPage(), server.url);
  expect((await third.state()).documents).toBe(0);
});

test('by hand, after a question', async ({ app, page }) => {
  await addTexts(app, TEXTS);
  await page.getByRole('button', { name: 'Library', exact: true }).click();
  const manage = page.getByRole('button', { name: 'Manage library' });
  await manage.click();
  await page.getByRole('dialog', { name: 'Library' }).getByRole('button', { name: 'Erase everything' }).click();
  await page.getByRole('dialog', { name: 'Erase everything?' }).getByRole('button', { name: 'Keep it' }).click();
  expect((await app.state()).documents).toBe(Object.keys(TEXTS).length);
  await manage.click();
  await page.getByRole('dialog', { name: 'Library' }).getByRole('button', { name: 'Erase everything' }).click();
  await page.getByRole('dialog', { name: 'Erase everything?' }).getByRole('button', { name: 'Erase everything' }).click();
  await expect(page.getByRole('button', { name: 'Begin anew' })).toBeVisible();
  expect((await storedBy(page)).opfs).toEqual([]);
});
