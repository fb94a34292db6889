// The generator of protocol code; see scripts/gen_protocol.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSchema } from './schema.mjs';
import { cppHeader, cppSource } from './cpp.mjs';
import { jsModule } from './js.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** @param {string[]} args */
function main(args) {
  const check = args.includes('--check');
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) {
    console.error(`gen_protocol: unknown option ${unknown}; the only one is --check`);
    return 2;
  }
  const schema = loadSchema(readFileSync(resolve(root, 'src/protocol/protocol.json'), 'utf8'));
  /** @type {[string, string][]} */
  const outputs = [
    ['src/protocol/messages.h', cppHeader(schema)],
    ['src/protocol/messages.cc', cppSource(schema)],
    ['web/generated/protocol.mjs', jsModule(schema)],
  ];
  let stale = 0;
  for (const [path, text] of outputs) {
    const file = resolve(root, path);
    if (readIfThere(file) === text) continue;
    ++stale;
    if (check) {
      console.error(`gen_protocol: ${relative(root, file)} is stale; run scripts/gen_protocol`);
    } else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      console.error(`gen_protocol: wrote ${relative(root, file)}`);
    }
  }
  return check && stale > 0 ? 1 : 0;
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(`gen_protocol: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}
