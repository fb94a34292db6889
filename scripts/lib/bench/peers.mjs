// The packages that Lodestone is measured against: installed when first needed, away from everything that is
// built, tested or shipped.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../headless/site.mjs';
import { startStaticServer } from '../static_server.mjs';

const PINS = path.join(import.meta.dirname, 'peers');
const PIN_FILES = ['package.json', 'package-lock.json', '.npmrc'];
const PAGES = path.join(import.meta.dirname, 'peer_pages');

/** What the bench makes and keeps: served to its peers' pages. */
export const BENCH_FILES = path.join(ROOT, 'build/bench');
/** The folder of the peers' node_modules. */
export const PEERS = path.join(BENCH_FILES, 'peers');

/** Installs the peers as their lock file pins them, unless they are there. */
export function installPeers() {
  const stamp = path.join(PEERS, '.installed');
  const hash = createHash('sha256');
  for (const name of PIN_FILES) hash.update(readFileSync(path.join(PINS, name)));
  const key = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  process.stderr.write('installing the peers\n');
  mkdirSync(PEERS, { recursive: true });
  rmSync(stamp, { force: true });
  for (const name of PIN_FILES) copyFileSync(path.join(PINS, name), path.join(PEERS, name));
  execFileSync('npm', ['ci', '--loglevel=error'], { cwd: PEERS, stdio: ['ignore', 2, 2] });
  writeFileSync(stamp, key);
}

/** @param {string} name of a package @returns {string} its pinned version */
export function peerVersion(name) {
  return JSON.parse(readFileSync(path.join(PEERS, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/**
 * Serves the peers' pages, packages and models with the headers that isolate a page.
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export function servePeers() {
  return startStaticServer({
    root: BENCH_FILES,
    prefix: '/',
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
    respond: (file) => {
      const page = path.join(PAGES, path.basename(file));
      return path.dirname(file) === 'pages' && existsSync(page) ? readFileSync(page) : null;
    },
  });
}
