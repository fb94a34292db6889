// Finds the built site and serves it as any static host would.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startStaticServer } from '../static_server.mjs';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const DIST = process.env.LODESTONE_DIST ?? path.join(ROOT, 'dist');

/** @returns {ReturnType<typeof startStaticServer>} */
export function serveSite() {
  return startStaticServer({ root: DIST });
}

/** @returns {string} the folder of the versioned files */
export function versionFolder() {
  const versions = path.join(DIST, 'v');
  const names = readdirSync(versions).sort();
  if (names.length !== 1)
    throw new Error(`expected one build in ${versions}, found ${names.length}`);
  return path.join(versions, names[0]);
}

/** @returns {string[]} ids that --model takes */
export function siteModels() {
  const index = JSON.parse(readFileSync(path.join(versionFolder(), 'models/index.json'), 'utf8'));
  return index.models.map((/** @type {{id: string}} */ model) => model.id);
}
