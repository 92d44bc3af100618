// Types, forms, limits and errors of POST /v1/sql and /v1/tables: http-api.md section 4.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { after, eventually, problem, Server } from './support/server.mjs';

let server;
let token;
before(async () => {
  server = await Server.start();
  token = (await server.account('admin@example.org')).token;
});
afterAll(() => server?.stop());

const run = (body, headers) => server.post('/v1/sql', body, { token, headers });
const rows = async (sql, params) => (await server.sql(token, sql, params)).rows;

test('the example of the contract', async () => {
  await server.sql(token, 'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)');
  const insert = await server.sql(token,
    "INSERT INTO users (name, age) VALUES ('Ada', 36), ('Bob', 20), ('Cy', 30), ('Grace', 85)");
  assert.equal(insert.affected_rows, 4);
  assert.deepEqual(insert.rows, []);
  assert.deepEqual(insert.columns, []);
  const result = await server.sql(token, 'SELECT id, name FROM users WHERE age > $1 LIMIT 2', [30]);
  assert.equal(typeof result.elapsed_ms, 'number');
  delete result.elapsed_ms;
  assert.deepEqual(result, {
    columns: [{ name: 'id', type: 'INTEGER' }, { name: 'name', type: 'TEXT' }],
    rows: [{ id: 1, name: 'Ada' }, { id: 4, name: 'Grace' }],
    row_count: 2, affected_rows: null, truncated: false,
  });
  const ddl = await server.sql(token, 'CREATE INDEX users_by_age ON users (age)');
  assert.equal(ddl.affected_rows, 0);
  const returning =
    await server.sql(token, 'UPDATE users SET age = 21 WHERE name = \'Bob\' RETURNING id, age;');
  assert.deepEqual(returning.rows, [{ id: 2, age: 21 }]);
  assert.equal(returning.affected_rows, 1);
});

test('values keep their types', async () => {
  await server.sql(
    token, `CREATE TABLE kinds (i INTEGER, big BIGINT, r REAL, n NUMERIC, b BOOLEAN, t TEXT,
    ts TIMESTAMP, x BLOB, j JSON)`);
  await server.sql(token, 'INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
    42, '9007199254740993', 0.1, 2.5, true, 'é "quoted" \n', '2026-01-15 10:30:00',
    { base64: 'AP8Q' }, { a: [1, null, { b: 'c' }] }]);
  const [row] = await rows('SELECT * FROM kinds');
  assert.deepEqual(row, {
    i: 42, big: '9007199254740993', r: 0.1, n: 2.5, b: true, t: 'é "quoted" \n',
    ts: '2026-01-15 10:30:00', x: 'AP8Q', j: { a: [1, null, { b: 'c' }] },
  });
  const columns =
    (await server.sql(token, 'SELECT * FROM kinds')).columns.map((column) => column.type);
  assert.deepEqual(columns,
    ['INTEGER', 'BIGINT', 'REAL', 'NUMERIC', 'BOOLEAN', 'TEXT', 'TIMESTAMP', 'BLOB', 'JSON']);
  await server.sql(token, 'DELETE FROM kinds');
  await server.sql(token, 'INSERT INTO kinds (b, j) VALUES (NULL, ?)', ['{"broken":']);
  const [broken] = await rows('SELECT i, b, j FROM kinds');
  assert.deepEqual(broken, { i: null, b: null, j: '{"broken":' });
});

test('integers are exact at the edges', async () => {
  const [row] =
    await rows(`SELECT 9007199254740991 AS a, 9007199254740992 AS b, -9007199254740992 AS c,
    9223372036854775807 AS d, -9223372036854775808 AS e`);
  assert.deepEqual(row, {
    a: 9007199254740991, b: '9007199254740992', c: '-9007199254740992',
    d: '9223372036854775807', e: '-9223372036854775808',
  });
  assert.equal((await run({ sql: 'SELECT ?', params: ['9223372036854775807'] })).status, 200);
  const exact = await run('{"sql":"SELECT ? + 0 AS n","params":[9223372036854775807]}',
    { 'Content-Type': 'application/json' });
  assert.equal(exact.json.rows[0].n, '9223372036854775807');
});

test('reals that JSON lacks are text', async () => {
  const [row] = await rows('SELECT 9e999 AS a, -9e999 AS b, 1.0 AS c');
  assert.deepEqual(row, { a: 'Infinity', b: '-Infinity', c: 1 });
});

test('text that is not UTF-8 does not break the reply', async () => {
  const [row] = await rows("SELECT CAST(x'ff41' AS TEXT) AS t");
  assert.equal(row.t, '\ufffdA');
});

test('parameters by position and by name', async () => {
  assert.deepEqual(
    await rows('SELECT ?1 AS a, ?2 AS b, ?1 AS c', [ 1, 'x' ]), [ { a: 1, b: 'x', c: 1} ]);
  assert.deepEqual(await rows('SELECT $1 AS a, $2 AS b', [1, 2]), [{ a: 1, b: 2 }]);
  assert.deepEqual(await rows('SELECT $a AS a, :b AS b, @c AS c', { a: 1, b: 2, c: null }),
    [{ a: 1, b: 2, c: null }]);
  assert.equal((await run({ sql: 'SELECT ?', params: [] })).status, 400);
  assert.equal((await run({ sql: 'SELECT ?', params: [1, 2] })).status, 400);
  assert.equal((await run({ sql: 'SELECT 1', params: Array(1001).fill(1) })).status, 400);
});

test('an injection stays a value', async () => {
  const evil = "x'; DROP TABLE users; --";
  assert.deepEqual(await rows('SELECT ? AS v', [evil]), [{ v: evil }]);
  assert.equal((await rows('SELECT count(*) AS n FROM users'))[0].n, 4);
});

test('repeated column names and row arrays', async () => {
  const result = await run({ sql: 'SELECT 1 AS a, 2 AS a, 3 AS a', row_format: 'arrays' });
  assert.deepEqual(result.json.columns.map((column) => column.name), ['a', 'a_2', 'a_3']);
  assert.deepEqual(result.json.rows, [[1, 2, 3]]);
});

const NUMBERS =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT i FROM n';

test('rows are limited in JSON and not in streams', async () => {
  const limited = await server.sql(token, NUMBERS, [10_001]);
  assert.equal(limited.row_count, 10_000);
  assert.equal(limited.truncated, true);
  const exact = await server.sql(token, NUMBERS, [10_000]);
  assert.equal(exact.truncated, false);
  const few = await run({ sql: NUMBERS, params: [10], max_rows: 3 });
  assert.deepEqual(few.json.rows, [{ i: 1 }, { i: 2 }, { i: 3 }]);
  assert.equal(few.json.truncated, true);
  problem(assert, await run({ sql: NUMBERS, params: [ 1 ], max_rows: 100_001 }), 400,
    'invalid_argument');

  const streamed =
    await run({ sql: NUMBERS, params: [ 100_000 ] }, { Accept: 'application/x-ndjson' });
  assert.equal(streamed.headers.get('content-type'), 'application/x-ndjson');
  const lines = streamed.text.trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines[0], { columns: lines[0].columns });
  assert.equal(lines.length, 100_002);
  assert.deepEqual(lines[100_000], { i: 100_000 });
  assert.equal(lines.at(-1).row_count, 100_000);
});

test('CSV quotes what needs it', async () => {
  const reply = await run({ sql: `SELECT 1 AS "a,b", 'x"y' AS t, NULL AS n, '' AS e, x'00ff' AS x`},
    { Accept: 'text/csv' });
  assert.match(reply.headers.get('content-type'), /^text\/csv/);
  assert.equal(reply.text, '"a,b",t,n,e,x\r\n1,"x""y",,"",AP8=\r\n');
});

test('an error in a stream is an error reply while nothing was sent', async () => {
  for (const Accept of ['text/csv', 'application/x-ndjson']) {
    problem(assert, await run({ sql: 'SELECT * FROM missing' }, { Accept }), 400, 'no_such_table');
  }
});

test('errors say what and where', async () => {
  const table = problem(assert, await run({ sql: 'SELECT *\nFROM missing' }), 400, 'no_such_table');
  assert.match(table.message, /^no such table: missing/);
  const syntax =
    problem(assert, await run({ sql: 'SELECT 1\n  FROMM users' }), 400, 'sql_syntax_error');
  assert.match(syntax.message, /^SQL parsing failed: /);
  assert.equal(typeof syntax.details.line, 'number');
  assert.equal(typeof syntax.details.column, 'number');
  problem(assert, await run({ sql: 'SELECT nope FROM users' }), 400, 'no_such_column');
  problem(assert, await run({ sql: 'SELECT 1; SELECT 2' }), 400, 'multiple_statements');
  for (const sql of ['BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT a', 'RELEASE a']) {
    problem(assert, await run({ sql }), 400, 'transaction_control');
  }
  for (const sql of ['', ' ', ';', '-- nothing']) {
    assert.equal((await run({ sql })).json.message, 'Empty SQL statement', sql);
  }
  assert.equal(problem(assert, await run({}), 422, 'unprocessable').details.field, 'sql');
  assert.equal(problem(assert, await run({ sql: 1 }), 422, 'unprocessable').details.field, 'sql');
});

test('a violated constraint is a conflict with its name', async () => {
  await server.sql(token, `CREATE TABLE strict (id INTEGER PRIMARY KEY, email TEXT UNIQUE NOT NULL,
    age INTEGER CONSTRAINT grown_up CHECK (age >= 18))`);
  await server.sql(token, "INSERT INTO strict VALUES (1, 'a', 20)");
  for (const [sql, what] of [
    ["INSERT INTO strict VALUES (2, 'a', 20)", /email/],
    ["INSERT INTO strict VALUES (3, NULL, 20)", /email/],
    ["INSERT INTO strict VALUES (4, 'b', 3)", /grown_up/],
    ["INSERT INTO strict VALUES (1, 'c', 20)", /id/],
  ]) {
    const error = problem(assert, await run({ sql }), 409, 'constraint_violation');
    assert.match(JSON.stringify(error.details), what, JSON.stringify(error));
  }
  assert.equal((await rows('SELECT count(*) AS n FROM strict'))[0].n, 1);
});

test('a statement that fails half way changes nothing', async () => {
  await server.sql(token, 'CREATE TABLE half (id INTEGER PRIMARY KEY)');
  assert.equal((await run({ sql: 'INSERT INTO half VALUES (1), (2), (1)' })).status, 409);
  assert.deepEqual(await rows('SELECT * FROM half'), []);
});

test('time runs out', async () => {
  const endless =
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
  const begun = Date.now();
  problem(assert, await run({ sql: endless, timeout_ms: 200 }), 504, 'deadline_exceeded');
  assert.ok(Date.now() - begun < 5000);
  problem(assert, await run({ sql: 'SELECT 1', timeout_ms: 300_001 }), 400, 'invalid_argument');
  problem(assert, await run({ sql: 'SELECT 1', timeout_ms: 0 }), 400, 'invalid_argument');
});

test('a client that goes away ends its statement', async () => {
  const endless =
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
  // More than may run at once: if they were not ended, the next statement would be refused.
  for (let round = 0; round < 3; ++round) {
    const leave = new AbortController();
    const left = Array.from({ length: 10 }, () => fetch(`${server.url}/v1/sql`, {
      method: 'POST', signal: leave.signal,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ sql: endless, timeout_ms: 60_000 }),
    }).catch((error) => error));
    await after(150);
    leave.abort();
    await Promise.all(left);
  }
  await eventually(async () => (await run({ sql: 'SELECT 1' })).status === 200, 10_000);
});

test('a slow reader of a stream does not hold up others', async () => {
  const reply = await fetch(`${server.url}/v1/sql`, {
    method: 'POST',
    headers :
      { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Accept: 'text/csv'},
    body: JSON.stringify({ sql: NUMBERS, params: [ 20_000_000 ] }),
  });
  assert.equal(reply.status, 200);
  assert.deepEqual(await rows('SELECT 1 AS one'), [{ one: 1 }]);
  await server.sql(token, 'CREATE TABLE meanwhile (id INTEGER)');
  await reply.body.cancel();
});

test('EXPLAIN gives the plan', async () => {
  const plan = await server.sql(token, 'EXPLAIN SELECT * FROM users WHERE id = 1');
  assert.ok(plan.columns.some((column) => column.name === 'plan'));
  assert.ok(plan.rows.length >= 1);
});

test('tables are listed, shown and sampled', async () => {
  await server.sql(token, 'CREATE TABLE shown (id INTEGER PRIMARY KEY, name TEXT NOT NULL)');
  await server.sql(token, 'CREATE UNIQUE INDEX shown_by_name ON shown (name)');
  await server.sql(token, 'CREATE VIEW shown_view AS SELECT name FROM shown');
  await server.sql(token,
    NUMBERS.replace('SELECT i FROM n', "INSERT INTO shown SELECT i, 'n' || i FROM n"), [150]);
  const tables = (await server.get('/v1/tables', { token })).json;
  const shown = tables.find((table) => table.name === 'shown');
  assert.equal(shown.kind, 'table');
  assert.equal(shown.row_count, 150);
  assert.deepEqual(shown.columns[1],
    { name: 'name', type: 'TEXT', ty: 'TEXT', nullable: false, primary_key: false });
  const views = (await server.get('/v1/tables?kind=view', { token })).json;
  assert.deepEqual(views.map((view) => view.name), ['shown_view']);
  assert.ok(tables.every((table) => !table.name.startsWith('sqlite_')));
  const detail = (await server.get('/v1/tables/shown', { token })).json;
  assert.ok(detail.indexes.some((index) => index.name === 'shown_by_name' && index.unique));
  assert.equal((await server.get('/v1/tables/shown/sample', { token })).json.row_count, 20);
  assert.equal(
    (await server.get('/v1/tables/shown/sample?limit=100', { token })).json.row_count, 100);
  problem(assert, await server.get('/v1/tables/shown/sample?limit=101', { token }), 400,
    'invalid_argument');
  problem(assert, await server.get('/v1/tables/missing', { token }), 404, 'no_such_table');
  problem(assert, await server.get('/v1/tables/missing/sample', { token }), 404, 'no_such_table');
});

test('names need no taming', async () => {
  await server.sql(token, 'CREATE TABLE "odd ""name/?" ("a b" INTEGER)');
  await server.sql(token, 'INSERT INTO "odd ""name/?" VALUES (1)');
  const name = encodeURIComponent('odd "name/?');
  const sample = await server.get(`/v1/tables/${name}/sample`, { token });
  assert.deepEqual(sample.json?.rows, [{ 'a b': 1 }], sample.text);
});

test('large values travel whole', async () => {
  const text = 'x'.repeat(3_000_000);
  const [row] = await rows('SELECT ? AS t', [text]);
  assert.equal(row.t.length, text.length);
});

test('concurrent writers all succeed', async () => {
  await server.sql(token, 'CREATE TABLE many (id INTEGER PRIMARY KEY, who INTEGER)');
  const writers = Array.from({ length: 8 }, async (_, who) => {
    for (let i = 0; i < 25; ++i)
      await server.sql(token, 'INSERT INTO many (who) VALUES (?)', [ who ]);
  });
  await Promise.all(writers);
  assert.equal((await rows('SELECT count(*) AS n FROM many'))[0].n, 200);
});
