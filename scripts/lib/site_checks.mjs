// Looks into the built site: what its modules are made of and that it is whole. Run by scripts/test.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const { build } = JSON.parse(readFileSync(path.join(DIST, 'build.json'), 'utf8'));
const VERSION = path.join(DIST, 'v', build);
const OUR_MODULES = ['ui', 'engine', 'engine-st'];

// An emsdk keeps its binaryen beside the compiler and not on PATH.
function findDisassembler() {
  const root = execFileSync('em-config', ['BINARYEN_ROOT'], { encoding: 'utf8' }).trim();
  const own = path.join(root, 'bin', 'wasm-dis');
  return existsSync(own) ? own : 'wasm-dis';
}

const disassembler = findDisassembler();

/** The module as text, without its data. @param {string} module */
function disassemble(module) {
  return execFileSync(disassembler, [path.join(VERSION, `${module}.wasm`)], { encoding: 'latin1', maxBuffer: 2 ** 30 })
    .replace(/^ *\(data .*$/gm, '');
}

for (const module of OUR_MODULES) {
  const text = disassemble(module);

  test(`${module}.wasm holds no relaxed SIMD`, () => {
    assert.match(text, /\(func /, 'the disassembly is not empty');
    assert.equal(/\b\w+\.relaxed_\w+/.exec(text)?.[0], undefined);
  });

  test(`${module}.wasm ${module === 'engine' ? 'shares' : 'does not share'} its memory`, () => {
    const memory = /\(memory [^)]*\)/.exec(text)?.[0] ?? '';
    assert.notEqual(memory, '');
    assert.equal(/ shared\)/.test(memory), module === 'engine', memory);
  });
}

test('no module of ours needs eval', () => {
  for (const module of OUR_MODULES) {
    const glue = readFileSync(path.join(VERSION, `${module}.mjs`), 'utf8');
    assert.doesNotMatch(glue, /\beval\(|new Function\(/, module);
  }
});

test('the site is whole: one version, every core file as listed, no placeholder left', () => {
  assert.deepEqual(readdirSync(path.join(DIST, 'v')), [build]);
  const page = readFileSync(path.join(DIST, 'index.html'), 'utf8');
  assert.doesNotMatch(page, /@[A-Z_]+@/);
  assert.match(page, new RegExp(`v/${build}/`));
  const core = JSON.parse(readFileSync(path.join(VERSION, 'core_files.json'), 'utf8'));
  assert.ok(core.length > 0);
  for (const file of core) {
    const bytes = readFileSync(path.join(DIST, file.path));
    assert.equal(bytes.length, file.bytes, file.path);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), file.sha256, file.path);
  }
});
