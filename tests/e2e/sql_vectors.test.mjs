// Vectors in SQL: VECTOR(n) columns, ARRAY[…], distances and functions; http-api.md section 4.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { problem, Server } from './support/server.mjs';

let server;
let token;
before(async () => {
  server = await Server.start();
  token = (await server.account('admin@example.org')).token;
  await server.sql(token,
    'CREATE TABLE docs (id INTEGER PRIMARY KEY, emb VECTOR(3), note TEXT)');
});
afterAll(() => server?.stop());

const run = (body, headers) => server.post('/v1/sql', body, { token, headers });
const rows = async (sql, params) => (await server.sql(token, sql, params)).rows;

test('every way in, arrays out', async () => {
  await server.sql(token, "INSERT INTO docs VALUES (1, ARRAY[1, 2.5, -3], 'literal')");
  await server.sql(token, "INSERT INTO docs VALUES (2, '[1, 2.5, -3]', 'text')");
  await server.sql(token, 'INSERT INTO docs VALUES (3, ?, ?)', [[1, 2.5, -3], 'parameter']);
  await server.sql(token, 'INSERT INTO docs VALUES ($id, $emb, $note)',
    { id: 4, emb: [1, 2.5, -3], note: 'named' });
  const bytes = Buffer.from(new Float32Array([1, 2.5, -3]).buffer).toString('base64');
  await server.sql(token, 'INSERT INTO docs VALUES (?, ?, NULL)', [5, { base64: bytes }]);
  await server.sql(token, 'INSERT INTO docs VALUES (6, NULL, NULL)');
  const result = await server.sql(token, 'SELECT id, emb FROM docs ORDER BY id');
  assert.deepEqual(result.columns,
    [{ name: 'id', type: 'INTEGER' }, { name: 'emb', type: 'VECTOR(3)' }]);
  for (const row of result.rows.slice(0, 5)) assert.deepEqual(row.emb, [1, 2.5, -3]);
  assert.equal(result.rows[5].emb, null);
  const [stored] = await rows('SELECT typeof(emb) AS t, length(emb) AS n FROM docs WHERE id = 2');
  assert.deepEqual(stored, { t: 'blob', n: 12 });
  const updated = await server.sql(token,
    'UPDATE docs SET emb = ? WHERE id = 6 RETURNING emb', [[0.1, 0, 0]]);
  assert.deepEqual(updated.rows, [{ emb: [0.1, 0, 0] }]);
});

test('streams show arrays, too', async () => {
  const body = { sql: 'SELECT emb FROM docs WHERE id = 1' };
  const lines = (await run(body, { Accept: 'application/x-ndjson' })).text.trimEnd().split('\n');
  assert.deepEqual(JSON.parse(lines[1]), { emb: [1, 2.5, -3] });
  const csv = await run(body, { Accept: 'text/csv' });
  assert.equal(csv.text, 'emb\r\n"[1,2.5,-3]"\r\n');
});

test('distances and functions', async () => {
  const [row] = await rows(`SELECT ARRAY[0,0] <-> ARRAY[3,4] AS l2, ARRAY[1,0] <=> ARRAY[0,2] AS c,
    ARRAY[1,2] <#> ARRAY[3,4] AS ip, vec_norm('[3,4]') AS norm, vec_dims(ARRAY[1,2,3]) AS dims,
    vec_to_json(ARRAY[1,2]) AS json, vec_from_json('[1,2]') AS vector, NULL <-> ARRAY[1] AS none`);
  assert.deepEqual(row, {
    l2: 5, c: 1, ip: -11, norm: 5, dims: 3, json: '[1,2]', vector: [1, 2], none: null,
  });
  const named = await server.sql(token, 'SELECT ARRAY[1,2] <-> ARRAY[1,2]');
  assert.equal(named.columns[0].name, 'ARRAY[1,2] <-> ARRAY[1,2]');
});

test('the nearest rows, exactly', async () => {
  await server.sql(token, 'CREATE TABLE points (id INTEGER PRIMARY KEY, p VECTOR(2), tag TEXT)');
  const points = Array.from({ length: 200 }, (_, i) => [Math.sin(i * 12.9) * 10, Math.cos(i) * 10]);
  const values = points.map((_, i) => `(${i + 1}, ?, '${i % 2 ? 'odd' : 'even'}')`).join(',');
  await server.sql(token, `INSERT INTO points VALUES ${values}`, points);
  const query = [1.5, -2.5];
  const truth = points
    .map(([x, y], i) => ({ id: i + 1, d: Math.hypot(x - query[0], y - query[1]) }))
    .filter(({ id }) => id % 2 === 0)
    .sort((a, b) => a.d - b.d)
    .slice(0, 7);
  const found = await rows(`SELECT id, p <-> ?1 AS d FROM points WHERE tag = 'odd'
    ORDER BY p <-> ?1 LIMIT 7`, [query]);
  assert.deepEqual(found.map(({ id }) => id), truth.map(({ id }) => id));
  found.forEach(({ d }, i) => assert.ok(Math.abs(d - truth[i].d) < 1e-4));
});

test('a column takes nothing else', async () => {
  const insert = 'INSERT INTO docs (emb) VALUES (?)';
  const wrong = problem(assert, await run({ sql: insert, params: [[1, 2]] }), 400,
    'dimension_mismatch');
  assert.equal(wrong.message, 'docs.emb takes vectors of 3 numbers; this one has 2');
  assert.equal(wrong.details.expected, 3);
  assert.equal(wrong.details.given, 2);
  for (const value of ['abc', 5, [1, 2, 'x'], [1, 2, null], { base64: 'AAA=' },
    { base64: Buffer.from(new Float32Array([1, NaN, 2]).buffer).toString('base64') }]) {
    problem(assert, await run({ sql: insert, params: [value] }), 400, 'not_a_vector');
  }
  problem(assert, await run({ sql: 'INSERT INTO docs (emb) VALUES (ARRAY[1, 2, 1e39])' }), 400,
    'not_a_vector');
  problem(assert, await run({ sql: "INSERT INTO docs (emb) SELECT '[1,2,3]'" }), 400,
    'not_a_vector');
  problem(assert, await run({ sql: 'SELECT emb <-> ? FROM docs', params: [[1, 2]] }), 400,
    'dimension_mismatch');
  problem(assert, await run({ sql: 'CREATE TABLE wide (v VECTOR(8193))' }), 400,
    'dimension_too_large');
});

test('errors point into what was sent', async () => {
  const sql = 'SELECT emb <-> ARRAY[1, 2, 3]\nFROM docs WHRE id = 1';
  const syntax = problem(assert, await run({ sql }), 400, 'sql_syntax_error');
  assert.deepEqual([syntax.details.line, syntax.details.column], [2, 16]);
  const tight = problem(assert, await run({ sql: 'SELECT 1 - emb <=> ? FROM docs', params: [[]] }),
    400, 'sql_syntax_error');
  assert.equal(tight.details.offset, 9);
  assert.match(tight.message, /parentheses/);
});

test('what only looks like it stays as it is', async () => {
  const [row] = await rows(`SELECT 'a <-> ARRAY[1]' AS t, "x<=>y" AS q /* <-> */
    FROM (SELECT 1 AS "x<=>y") -- <#>`);
  assert.deepEqual(row, { t: 'a <-> ARRAY[1]', q: 1 });
});

test('columns come later and move', async () => {
  await server.sql(token, 'ALTER TABLE points ADD COLUMN q VECTOR(1)');
  await server.sql(token, 'ALTER TABLE points RENAME COLUMN p TO place');
  await server.sql(token, "UPDATE points SET q = '[7]', place = '[1,2]' WHERE id = 1");
  assert.deepEqual(await rows('SELECT place, q FROM points WHERE id = 1'),
    [{ place: [1, 2], q: [7] }]);
  problem(assert, await run({ sql: "UPDATE points SET q = '[7,8]'" }), 400, 'dimension_mismatch');
});

test('an index made in SQL is used by SQL', async () => {
  await server.sql(token,
    'CREATE TABLE near (id INTEGER PRIMARY KEY, kind TEXT, v VECTOR(8), n INTEGER)');
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647 - 0.5;
  const vectors = Array.from({ length: 3000 }, () => Array.from({ length: 8 }, random));
  for (let from = 0; from < vectors.length; from += 500) {
    const some = vectors.slice(from, from + 500);
    const values = some
      .map((_, i) => `(${from + i + 1}, '${(from + i) % 50 ? 'often' : 'rare'}', ?, ${i % 7})`);
    await server.sql(token, `INSERT INTO near VALUES ${values.join(',')}`, some);
  }
  const sql = "SELECT id, v <-> ?1 AS d FROM near WHERE kind = 'often' ORDER BY v <-> ?1 LIMIT 10";
  const query = vectors[42];
  const truth = await rows(sql, [query]);
  const made = await run({ sql: `CREATE INDEX near_v ON near USING hnsw (v vector_l2_ops)
    WITH (m = 8, ef_construction = 100)` });
  assert.equal(made.status, 200, made.text);
  assert.equal(made.json.affected_rows, 0);
  const list = await server.get('/v1/indexes/hnsw', { token });
  const [{ name, table, column, metric, m, ef_construction: ef, state }] = list.json;
  assert.deepEqual({ name, table, column, metric, m, ef, state },
    { name: 'near_v', table: 'near', column: 'v', metric: 'l2', m: 8, ef: 100, state: 'ready' });

  const plan = (await rows(`EXPLAIN ${sql}`, [query])).map((row) => row.plan).join('\n');
  assert.match(plan, /USING HNSW INDEX near_v ON near\(v\)/);
  const found = await server.sql(token, sql, [query]);
  assert.deepEqual(found.columns.map((each) => each.name), ['id', 'd']);
  const right = new Set(truth.map(({ id }) => id));
  assert.equal(found.rows.length, 10);
  assert.ok(found.rows.filter(({ id }) => right.has(id)).length >= 9);
  const exact = await run({ sql, params: [query], settings: { 'hnsw.ef_search': 3000 } });
  assert.deepEqual(exact.json.rows, truth);
  assert.equal((await rows("SELECT id FROM near WHERE kind = 'rare' ORDER BY v <-> ? LIMIT 100",
    [query])).length, 60);

  await server.sql(token, "INSERT INTO near VALUES (9000, 'often', ?, 0)", [query]);
  assert.deepEqual((await rows(sql, [query])).slice(0, 2).map(({ id }) => id).sort(), [43, 9000]);
  await server.sql(token, 'DELETE FROM near WHERE id = 9000');
  assert.deepEqual((await rows(sql, [query]))[0].id, 43);

  const joined = await rows(`SELECT near.id, h.distance FROM hnsw_search('near_v', ?, 5) h
    JOIN near ON near.id = h.row_id ORDER BY h.distance`, [query]);
  assert.equal(joined.length, 5);
  assert.deepEqual(joined[0], { id: 43, distance: 0 });
});

test('mistakes about indexes are told', async () => {
  const create = async (text) => run({ sql: `CREATE INDEX other ON ${text}` });
  const option = problem(assert, await create('near USING hnsw (v) WITH (probes = 3)'), 400,
    'sql_error');
  assert.match(option.message, /known are m, ef_construction, metric and storage/);
  problem(assert, await create('near USING hnsw (v) WITH (metric = 7)'), 400, 'invalid_metric');
  problem(assert, await create('near USING hnsw (n)'), 400, 'not_a_vector');
  problem(assert, await create('near USING hnsw (absent)'), 400, 'no_such_column');
  problem(assert, await create('absent USING hnsw (v)'), 400, 'no_such_table');
  problem(assert, await create('near USING hnsw (v)'), 409, 'index_exists');
  problem(assert, await run({ sql: "SELECT * FROM hnsw_search('near.n', '[1]', 5)" }), 400,
    'no_such_index');
  const begun = await server.post('/v1/transactions/begin', { write: true }, { token });
  const execute = (sql) => server.post(
    `/v1/transactions/${begun.json.transaction_id}/execute`, { sql }, { token });
  problem(assert, await execute('DROP INDEX near_v'), 400, 'sql_error');
  problem(assert, await execute('CREATE INDEX x ON points USING hnsw (place)'), 400, 'sql_error');
  await execute('SET hnsw.ef_search = 77');
  assert.deepEqual((await execute('SHOW hnsw.ef_search')).json.rows, [{ 'hnsw.ef_search': 77 }]);
  await server.post(`/v1/transactions/${begun.json.transaction_id}/rollback`, {}, { token });
  assert.equal((await run({ sql: 'DROP INDEX near_v' })).status, 200);
  assert.deepEqual((await server.get('/v1/indexes/hnsw', { token })).json, []);
});

test('ef_search belongs to the session', async () => {
  const shown = async () => (await rows('SHOW hnsw.ef_search'))[0]['hnsw.ef_search'];
  assert.equal(await shown(), 64);
  await server.sql(token, 'SET hnsw.ef_search = 200');
  assert.equal(await shown(), 200);
  const other = (await server.account('other@example.org')).token;
  assert.deepEqual((await server.sql(other, 'SHOW hnsw.ef_search')).rows,
    [{ 'hnsw.ef_search': 64 }]);
  await server.sql(token, 'RESET hnsw.ef_search');
  assert.equal(await shown(), 64);
  problem(assert, await run({ sql: 'SET hnsw.ef_search = 0' }), 400, 'sql_error');
  problem(assert, await run({ sql: 'SET search_path = x' }), 400, 'sql_error');
});
