// The first script asks ahead for the page's modules by name; the names must be those that are imported.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const WEB = fileURLToPath(new URL('../../web/', import.meta.url));
// Built from C++ and imported by its address.
const COMPILED = 'ui.mjs';

/** @param {string} entry @returns {Set<string>} all modules that it imports, itself included */
function importedFrom(entry) {
  const found = new Set([entry]);
  for (const module of found) {
    if (module === COMPILED) continue;
    const source = readFileSync(path.join(WEB, module), 'utf8');
    const folder = path.posix.dirname(module);
    for (const [, name] of source.matchAll(/^(?:import|export)[^;]*?from '(\.[^']+)';/gms)) found.add(path.posix.join(folder, name));
    for (const [, name] of source.matchAll(/import\(new URL\('(\.[^']+)'/g)) found.add(path.posix.join(folder, name));
  }
  return found;
}

test('what is asked for ahead is what the page imports', () => {
  const boot = readFileSync(path.join(WEB, 'boot.mjs'), 'utf8');
  const list = /const MODULES = `(.*?)`/s.exec(boot)?.[1] ?? '';
  const asked = list.split(/\s+/).map((name) => `${name}.mjs`);
  assert.deepEqual(asked.sort(), [...importedFrom('page.mjs')].sort());
});
