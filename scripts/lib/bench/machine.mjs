// What a figure was measured on and with.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findChromium } from '../headless/browser.mjs';
import { DIST, ROOT } from '../headless/site.mjs';

/** @param {string} file @param {string[]} args */
const ask = (file, args) => execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** @returns {string} one minute, five, fifteen */
export const loadNow = () => os.loadavg().map((load) => load.toFixed(2)).join(' ');

/** @returns {Record<string, string>} */
export function describeMachine() {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const isClean = ask('git', ['-C', ROOT, 'status', '--porcelain', '--untracked-files=no']) === '';
  return {
    processor: `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores`,
    memory: `${(os.totalmem() / 2 ** 30).toFixed(1)} GB`,
    system: `${os.type()} ${os.release()}`,
    browser: ask(findChromium(), ['--version']),
    node: process.version,
    'onnxruntime-web': { ...dependencies, ...devDependencies }['onnxruntime-web'],
    commit: ask('git', ['-C', ROOT, 'rev-parse', '--short=12', 'HEAD']) + (isClean ? '' : ' and changes'),
    site: JSON.parse(readFileSync(path.join(DIST, 'build.json'), 'utf8')).build,
  };
}
