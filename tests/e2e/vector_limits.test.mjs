// ZVEC_MAX_DIM, and how long columns of vectors stay in memory: docs/configuration.md, [vectors].

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { eventually, problem, Server } from './support/server.mjs';

const MAX = 16;
let server;
let token;
before(async () => {
  server = await Server.start({ env: { ZVEC_MAX_DIM: `${MAX}`, ZVEC_IDLE_SECS: '1' } });
  token = (await server.account('admin@example.org')).token;
});
afterAll(() => server?.stop());

const post = (path, body) => server.post(path, body, { token });
const refused = (reply) => problem(assert, reply, 400, 'dimension_too_large');
const vector = (size) => Array.from({ length: size }, (_, i) => i);

test('a vector has at most ZVEC_MAX_DIM numbers, wherever it comes from', async () => {
  refused(await post('/v1/sql', { sql: `CREATE TABLE big (v VECTOR(${MAX + 1}))` }));
  await server.sql(token, `CREATE TABLE fits (id INTEGER PRIMARY KEY, v VECTOR(${MAX}))`);
  await server.sql(token, 'INSERT INTO fits VALUES (1, ?)', [vector(MAX)]);
  refused(await post('/v1/sql', { sql: 'SELECT vec_norm(?)', params: [vector(MAX + 1)] }));

  const given = (size) =>
    post('/v1/knn', { metric: 'l2', query: vector(size), vectors: [vector(size)], top_k: 1 });
  refused(await given(MAX + 1));
  assert.equal((await given(MAX)).status, 200);
  const stored = (size) =>
    post('/v1/knn', { table: 'fits', column: 'v', query: vector(size), top_k: 1 });
  refused(await stored(MAX + 1));
  assert.equal((await stored(MAX)).status, 200);

  const projection = (size) => ({ columns: { v: { path: 'v', type: `VECTOR(${size})` } } });
  const made = (name, size) => post('/v1/collections', { name, projection: projection(size) });
  refused(await made('wide', MAX + 1));
  assert.equal((await made('narrow', MAX)).status, 201);
  const changed = await server.put('/v1/collections/narrow/projection',
    projection(MAX + 1), { token });
  assert.equal(refused(changed).details.field, 'projection.columns.v');
});

test('a column that nobody asks for leaves the memory', async () => {
  await server.sql(token, 'CREATE TABLE idle (id INTEGER PRIMARY KEY, v VECTOR(2))');
  await server.sql(token, "INSERT INTO idle VALUES (1, '[1,0]')");
  const columns = async () => {
    const { text } = await server.get('/metrics');
    return Number(/^vector_columns (\d+)$/m.exec(text)?.[1]);
  };
  assert.equal((await post('/v1/indexes/hnsw/build', { table: 'idle', column: 'v' })).status, 201);
  await eventually(async () => await columns() === 0, 30_000);
  // Nor does who only writes keep it there.
  let id = 1;
  const write = () => server.sql(token, `INSERT INTO idle VALUES (${id += 1}, '[0,1]')`);
  const nearest = async () => {
    const found = await post('/v1/indexes/hnsw/search',
      { table: 'idle', column: 'v', query: [1, 0], top_k: 1 });
    return found.json.results[0].row_id;
  };
  await eventually(async () => {
    assert.equal(await nearest(), 1);
    await write();
    return await columns() === 1;
  }, 30_000);
  await eventually(async () => {
    await write();
    return await columns() === 0;
  }, 30_000);
  assert.equal(await nearest(), 1);
});
