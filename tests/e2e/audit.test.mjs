// `zserver audit verify`: the chain of the audit log, checked by an operator.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { binary, Server } from './support/server.mjs';

const run = promisify(execFile);

// Whoever changes a row by hand does not mend the hashes.
const FORGE = `
import pathlib, sqlite3, sys
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file() and path.open("rb").read(15) == b"SQLite format 3":
        db = sqlite3.connect(path)
        if db.execute("select 1 from sqlite_schema where name = 'audit_logs'").fetchone():
            for (trigger,) in db.execute("select name from sqlite_schema where type = 'trigger'"
                                         " and tbl_name = 'audit_logs'").fetchall():
                db.execute(f'drop trigger "{trigger}"')
            changed = db.execute("update audit_logs set ip = '192.0.2.1' where seq = 2").rowcount
            db.commit()
            print(changed)
        db.close()
`;

test('a row changed by hand is found', async () => {
  const server = await Server.start();
  try {
    await server.account('admin@example.org');
    const verify = () => run(binary, ['audit', 'verify', '--json', '--data', server.data]);
    const intact = JSON.parse((await verify()).stdout);
    assert.equal(intact.intact, true);
    assert.ok(intact.rows >= 2, `${intact.rows} rows: a sign-up and a login`);
    assert.equal((await run('python3', ['-c', FORGE, server.data])).stdout.trim(), '1');
    const failed = await verify().then(() => assert.fail('it said intact'), (error) => error);
    assert.equal(failed.code, 1);
    assert.match(JSON.parse(failed.stdout).message, /2/);
  } finally {
    await server.stop();
  }
});
