// Starts headless Chromium on the site's one fixed origin.

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

// *.localhost is trusted like https, and storage belongs to an origin, port included: with the
// port mapped away, a kept profile finds its library again whatever port the server got.
const HOST = 'lodestone.localhost';
export const ORIGIN = `http://${HOST}`;

export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-proxy-server',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

/** @returns {string} the path of a Chromium */
export function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  const own = process.env.CHROMIUM;
  for (const candidate of own ? [own, ...paths] : paths) {
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // The next one.
    }
  }
  throw new Error('Chromium was not found. Run scripts/setup, or set CHROMIUM to its path.');
}

/**
 * @param {{port: number, profile: string | null, viewport?: {width: number, height: number}}} options
 *     profile: a folder to keep; null for one that is removed at the end
 */
export async function launchBrowser({ port, profile, viewport = { width: 1024, height: 720 } }) {
  const folder = profile ?? mkdtempSync(path.join(os.tmpdir(), 'lodestone-profile-'));
  mkdirSync(folder, { recursive: true });
  const unlock = profile ? await lockProfile(folder) : () => {};
  const release = () => {
    unlock();
    if (!profile) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const executablePath = findChromium();
    const context = await chromium.launchPersistentContext(folder, {
      executablePath,
      headless: true,
      viewport,
      args: [...CHROMIUM_ARGS, `--host-resolver-rules=MAP ${HOST} 127.0.0.1:${port}`],
      // The command removes its own temporary files on a signal, then ends.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    }).catch((error) => {
      // Of pages of log the first line says what happened.
      const [what] = String(error.message).split('\n');
      throw new Error(`${executablePath} does not start as a browser. Run scripts/setup, or set CHROMIUM to the path of one. (${what})`);
    });
    const close = async () => {
      await context.close().catch(() => {});
      release();
    };
    return { context, close };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Waits until no other run uses the profile: Chromium cannot share one.
 * flock(1) holds the lock for as long as its input is open, so it goes with this process.
 * @param {string} folder
 * @returns {Promise<() => void>} unlocks
 */
function lockProfile(folder) {
  const lock = path.join(folder, 'lodestone.lock');
  const holder = spawn('flock', [lock, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  return new Promise((resolve, reject) => {
    holder.once('error', reject);
    holder.once('exit', (code) =>
      reject(new Error(`the profile's lock failed (${code}): ${lock}`)),
    );
    holder.stdout.once('data', () => {
      holder.removeAllListeners('exit');
      resolve(() => holder.stdin.end());
    });
  });
}

/**
 * The largest resident set that any page of the browser has had so far, in MB (2^20 bytes).
 * @param {import('playwright-core').BrowserContext} context
 * @returns {Promise<number>} 0 where the system does not tell
 */
export async function peakRendererMb(context) {
  const browser = context.browser();
  if (!browser || process.platform !== 'linux') return 0;
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const peaks = processInfo
    .filter((info) => info.type === 'renderer')
    .map((info) => {
      try {
        const status = readFileSync(`/proc/${info.id}/status`, 'utf8');
        return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
      } catch {
        return 0; // it ended meanwhile
      }
    });
  return Math.max(0, ...peaks);
}
