// Looks at the database files as a crash left them, with an SQLite that is not ours.

import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('integrity.py', import.meta.url));
const run = promisify(execFile);

// Works on a copy, because opening a database repairs it. Answers what is wrong, as lines.
export async function integrityProblems(data, directory) {
  const copy = path.join(directory, 'copy');
  await rm(copy, { recursive: true, force: true });
  await cp(data, copy, { recursive: true });
  const { stdout } = await run('python3', [SCRIPT, copy]);
  const lines = stdout.trim().split('\n');
  const last = /^(\d+) databases$/.exec(lines.pop());
  if (!last || Number(last[1]) === 0) return ['no database was found'];
  return lines;
}
