// 50 kills under load: every acknowledged row, session and permission is there, nothing is half.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { describe, runCrashLoop } from '../crash/crash_loop.mjs';

const KILLS = 50;
const binary = path.resolve(process.env.ZSERVER_BINARY ?? 'build/release/zserver');
const seed = Number(process.env.ZS_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));

// Deletes the last row, and one half of the last pair, from the database that has them.
const SABOTAGE = `
import pathlib, sqlite3, sys
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file() and path.open("rb").read(15) == b"SQLite format 3":
        db = sqlite3.connect(path)
        if db.execute("select 1 from sqlite_schema where name = 'singles'").fetchone():
            db.execute("delete from singles where rowid = (select max(rowid) from singles"
                       " where (writer, seq) in (select writer, max(seq) - 1 from singles"
                       " group by writer))")
            db.execute("delete from halves where rowid = (select max(rowid) from halves)")
            db.commit()
        db.close()
`;

test('the crash loop notices a lost row and a half transaction', { timeout: 60_000 }, async () => {
  const sabotage = (data) => promisify(execFile)('python3', ['-c', SABOTAGE, data]);
  // Some writer has two rows then, and there is a pair.
  const atLeast = { row: 24, transaction: 2 };
  const { losses } = await runCrashLoop({ binary, kills: 1, seed, sabotage, atLeast });
  const text = losses.join('\n');
  assert.match(text, /^acknowledged row \d+ of writer \d+$/m);
  assert.match(text, /^half of transaction \d+ of writer \d+$/m);
});

test(`${KILLS} kills lose nothing that was acknowledged`, { timeout: 300_000 }, async () => {
  console.log(`seed ${seed}: repeat with ZS_CRASH_SEED=${seed}`);
  const report = await runCrashLoop({ binary, kills: KILLS, seed });
  console.log(describe(report));
  assert.deepEqual(report.losses, []);
});
