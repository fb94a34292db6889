// Servers and pages for the specs of boot, isolation and updates, which each need a host of their own.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@playwright/test';
import { isKeptOffline } from '../../scripts/lib/headless/offline.mjs';
import { DIST, versionFolder } from '../../scripts/lib/headless/site.mjs';
import { startStaticServer } from '../../scripts/lib/static_server.mjs';

/**
 * @typedef {import('@playwright/test').Page} Page
 * @typedef {Partial<import('../../scripts/lib/static_server.mjs').StaticServerOptions>} Options
 */

/** The id of the build under test. */
export function buildId() {
  return path.basename(versionFolder());
}

/** @param {Options} [options] */
export function serveDist(options = {}) {
  return startStaticServer({ root: DIST, ...options });
}

/** @param {string} relative @returns {Buffer} */
export function distFile(relative) {
  return readFileSync(path.join(DIST, relative));
}

/** @param {string} relative @returns {number} */
export function distFileBytes(relative) {
  return statSync(path.join(DIST, relative)).size;
}

/**
 * Opens the page and waits until window.lodestone.ready resolves.
 * @param {Page} page
 * @param {string} address
 */
export async function open(page, address) {
  await page.goto(address, { waitUntil: 'commit' });
  return untilReady(page);
}

/**
 * window.lodestone is only there on a page that stays, so what it says is final.
 * @param {Page} page
 * @returns {Promise<{version: string, threads: number, isolated: boolean, storage: string, model: string}>}
 */
export async function untilReady(page) {
  await page.waitForFunction(() => 'lodestone' in window);
  return page.evaluate(() => window.lodestone.ready);
}

/**
 * Resolves when the service worker has the whole core of the page's build.
 * @param {Page} page
 */
export async function untilOffline(page) {
  await expect.poll(() => isKeptOffline(page)).toBe(true);
}

/**
 * Counts the documents that the page's main frame asks for from now on.
 * @param {Page} page
 */
export function countLoads(page) {
  const loads = { count: 0 };
  page.on('request', (request) => {
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) loads.count += 1;
  });
  return loads;
}

/**
 * Runs a function in the coordinator and in the threads of the engine's pool that are free to answer: the
 * compute threads sleep on their queue and never come back to their event loop.
 * @template A, R
 * @param {Page} page
 * @param {(argument: A) => R | Promise<R>} fn
 * @param {A} argument
 * @returns {Promise<{coordinator: R[], pool: R[]}>} at least one of each
 */
export async function inWorkers(page, fn, argument) {
  /** @type {{coordinator: R[], pool: R[]}} */
  const answers = { coordinator: [], pool: [] };
  const asked = new Set();
  const ask = () => {
    for (const worker of page.workers()) {
      if (asked.has(worker)) continue;
      asked.add(worker);
      const list = worker.url().includes('coordinator') ? answers.coordinator : answers.pool;
      const answer = /** @type {Promise<R>} */ (worker.evaluate(/** @type {any} */ (fn), argument));
      answer.then((value) => list.push(value), () => {});
    }
    return Math.min(answers.coordinator.length, answers.pool.length);
  };
  await expect.poll(ask).toBeGreaterThan(0);
  return answers;
}

/** A promise and the function that resolves it. */
export function gate() {
  /** @type {() => void} */
  let open = () => {};
  /** @type {Promise<void>} */
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { open, opened };
}
