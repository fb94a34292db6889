// Bytes of the site and lines of its sources: no browser needed.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { DIST, ROOT, versionFolder } from '../headless/site.mjs';
import { lower } from './site_runs.mjs';

/** @param {string} name relative to the versioned folder, or to dist/ for what lies above it */
function partOf(name) {
  const [first] = name.split('/');
  if (/^engine-st\./.test(name)) return 'engine-st (single thread)';
  if (/^engine\./.test(name)) return 'engine (threads)';
  if (/^ui\./.test(name)) return 'ui module';
  if (/^ort\/.*jspi/.test(name)) return 'ONNX Runtime Web for graphics processors';
  if (first === 'ort') return 'ONNX Runtime Web';
  if (first === 'models') return 'built-in model';
  if (first === 'fonts') return 'fonts';
  if (/\.(mjs|js|html|css|webmanifest)$/.test(name)) return 'page scripts and shell';
  return 'icons and the rest';
}

/** @returns {import('./cases.mjs').Case[]} */
export function measureBytes() {
  /** @type {Map<string, {raw: number, zipped: number}>} */
  const parts = new Map();
  const total = { raw: 0, zipped: 0 };
  const versioned = versionFolder();
  const entries = readdirSync(DIST, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const bytes = readFileSync(file);
    const zipped = gzipSync(bytes, { level: 9 }).length;
    const name = path.relative(file.startsWith(versioned) ? versioned : DIST, file);
    const part = parts.get(partOf(name)) ?? { raw: 0, zipped: 0 };
    parts.set(partOf(name), part);
    for (const sum of [part, total]) {
      sum.raw += bytes.length;
      sum.zipped += zipped;
    }
  }
  return [...parts, /** @type {const} */ (['all', total])].flatMap(([name, { raw, zipped }]) => [
    lower(`${name}, raw`, raw, 'bytes'),
    lower(`${name}, gzip`, zipped, 'bytes'),
  ]);
}

/** @returns {import('./cases.mjs').Case[]} */
export function measureLines() {
  const names = execFileSync('git', ['-C', ROOT, 'ls-files', '-z'], { encoding: 'utf8' }).split(
    '\0',
  );
  const generated = /^(src\/protocol\/messages\.|web\/generated\/)/;
  const counts = {
    'C++': 0,
    'C++ tests': 0,
    'JavaScript of the page': 0,
    'JavaScript of the scripts': 0,
    'JavaScript tests': 0,
    generated: 0,
  };
  for (const name of names.filter((name) => /\.(cc|h|mjs|js)$/.test(name))) {
    const isTest = /^(tests|e2e)\//.test(name);
    const language = /\.(cc|h)$/.test(name) ? 'C++' : 'JavaScript';
    const part = name.startsWith('scripts/') ? 'scripts' : 'page';
    const ours = isTest ? `${language} tests` : language === 'C++' ? language : `${language} of the ${part}`;
    const kind = /** @type {keyof typeof counts} */ (generated.test(name) ? 'generated' : ours);
    counts[kind] += readFileSync(path.join(ROOT, name), 'utf8').split('\n').length - 1;
  }
  return Object.entries(counts).map(([name, lines]) => lower(name, lines, 'lines'));
}
