// How third-party sources are had when the mirror's index has moved past the pinned version.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const LIB = fileURLToPath(new URL('../../scripts/lib/', import.meta.url));
const needsApt = { skip: existsSync('/usr/lib/apt/apt-helper') ? false : 'there is no apt here' };

/**
 * A mirror whose pool holds one tarball and which has no index at all.
 * @param {{name: string, version: string, file: string, expected?: string}} options expected: the pinned hash, of the tarball itself
 *   when left out
 */
function download({ name, version, file, expected }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lodestone-sources-'));
  try {
    const content = `the sources of ${name}`;
    mkdirSync(path.join(folder, file, '..'), { recursive: true });
    writeFileSync(path.join(folder, file), content);
    writeFileSync(path.join(folder, 'apt.conf'), 'APT::Sandbox::User "root";\n');
    mkdirSync(path.join(folder, 'into'));
    const hash = expected ?? createHash('sha256').update(content).digest('hex');
    const { status, stdout } = spawnSync('bash', ['-c', '. "$1/sources.sh"; cd "$2/into"; source_download_pinned "$3" "$4" "$5"', 'test', LIB, folder, name, version, hash], {
      encoding: 'utf8',
      env: { ...process.env, APT_PRIVATE: folder, APT_PRIVATE_MIRROR: `copy:${folder}` },
    });
    const tarball = stdout.trim();
    return { status, tarball, content: status === 0 ? readFileSync(path.join(folder, 'into', tarball), 'utf8') : null };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a pinned tarball is taken from the pool, whatever its ending', needsApt, () => {
  const { status, tarball, content } = download({
    name: 'php8.4', version: '8.4.24-1~deb13u1', file: 'pool/main/p/php8.4/php8.4_8.4.24.orig.tar.gz',
  });
  assert.equal(status, 0);
  assert.equal(tarball, './php8.4_8.4.24.orig.tar.gz');
  assert.equal(content, 'the sources of php8.4');
});

test('a library lies under four letters, and an epoch is no part of the file', needsApt, () => {
  const { status } = download({ name: 'libmd', version: '1:1.2-rc-3', file: 'pool/main/libm/libmd/libmd_1.2-rc.orig.tar.xz' });
  assert.equal(status, 0);
});

test('a tarball with another hash is refused', needsApt, () => {
  const { status, tarball } = download({
    name: 'md4c', version: '0.5.3-1', file: 'pool/main/m/md4c/md4c_0.5.3.orig.tar.xz', expected: '0'.repeat(64),
  });
  assert.notEqual(status, 0);
  assert.equal(tarball, '');
});
