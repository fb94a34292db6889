// Whether a library's file is whole, as the stock sqlite3 tells.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What must be in every library, told as the shell tells it. */
const SOUND = [
  'PRAGMA integrity_check',
  "INSERT INTO passages_fts (passages_fts, rank) VALUES ('integrity-check', 1)",
  'SELECT count(*) FROM documents WHERE visible <> 1',
  'SELECT count(*) FROM documents d WHERE passage_count <> (SELECT count(*) FROM passages WHERE document_id = d.id)',
  'SELECT count(*) FROM passages WHERE document_id NOT IN (SELECT id FROM documents)',
  'SELECT (SELECT count(*) FROM passages) - (SELECT count(*) FROM vectors)',
  'SELECT count(*) FROM vectors WHERE passage_id NOT IN (SELECT id FROM passages)',
].join('; ');
const SOUND_ANSWER = 'ok\n0\n0\n0\n0\n0\n';

/**
 * @param {Buffer} bytes of an exported library whose passages all have vectors
 * @throws {Error} when it is not sound
 */
export function expectSound(bytes) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lodestone-sound-'));
  try {
    const file = path.join(folder, 'export.sqlite');
    writeFileSync(file, bytes);
    const answer = execFileSync('sqlite3', [file, SOUND], { encoding: 'utf8' });
    if (answer !== SOUND_ANSWER) throw new Error(`the database is not sound: ${JSON.stringify(answer)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
