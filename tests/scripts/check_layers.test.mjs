// The check of layers must find each kind of breach, or it guards nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHECK = fileURLToPath(new URL('../../scripts/lib/check_layers.sh', import.meta.url));

/** @param {Record<string, string>} files under src/ @returns {{status: number | null, out: string}} */
function check(files) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'lodestone-layers-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, 'src', name)), { recursive: true });
      writeFileSync(path.join(root, 'src', name), text);
    }
    const { status, stdout } = spawnSync(CHECK, [root], { encoding: 'utf8' });
    return { status, out: stdout };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('passes what the layers allow', () => {
  const { status, out } = check({
    'base/a.h': '#include <string>\n',
    'text/b.cc': '#include "base/a.h"\n#include "text/b.h"\n#include "platform/executor.h"\n',
    'ui/c.cc': '#include <imgui.h>\n#include "protocol/messages.h"\n',
    'platform/loop_web.cc': '#include <emscripten.h>\n',
    'store/d.cc': '#include <sqlite3.h>\n',
    'app/main.cc': '#include <emscripten/em_js.h>\n#include "engine/e.h"\n#include "ui/u.h"\n',
  });
  assert.equal(out, '');
  assert.equal(status, 0);
});

/** @type {[string, string, string][]} */
const BREACHES = [
  ['ui/a.cc', '#include "engine/engine.h"', 'engine/'],
  ['engine/a.h', '#include "ui/app_view.h"', 'ui/'],
  ['text/a.cc', '#include "index/flat_index.h"', 'index/'],
  ['base/a.h', '#  include "platform/executor.h"', 'platform/'],
  ['engine/a.cc', '#include <imgui.h>', 'Dear ImGui'],
  ['engine/a.cc', '#include <sqlite3.h>', 'SQLite'],
  ['platform/a.cc', '#include <emscripten/threading.h>', '<emscripten>'],
  ['engine/a.cc', '#include "platform/loop_web.h"', 'one platform'],
  ['extra/a.cc', '#include "base/a.h"', 'no layer'],
];

for (const [file, line, named] of BREACHES) {
  test(`finds ${line} in ${file}`, () => {
    const { status, out } = check({ [file]: `${line}\n` });
    assert.equal(status, 1);
    assert.ok(out.includes(named) && out.includes(path.dirname(file)), out);
  });
}
