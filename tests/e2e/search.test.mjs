// Full text and hybrid search, on the catalogue of examples/library.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { documents, embed } from '../../examples/library/library.mjs';
import { eventually, expectStatus, problem, Server } from './support/server.mjs';

const BOOKS = [...documents(600, 7)];
let server;
let token;
const search = (body, as = token) => server.post('/v1/search', body, { token: as });

before(async () => {
  server = await Server.start();
  token = (await server.account('admin@example.org')).token;
  await server.sql(token, `CREATE TABLE books (id TEXT PRIMARY KEY, title TEXT, summary TEXT,
    year INTEGER, genre TEXT, embedding VECTOR(32))`);
  for (let from = 0; from < BOOKS.length; from += 100) {
    const some = BOOKS.slice(from, from + 100);
    await server.sql(token,
      `INSERT INTO books VALUES ${some.map(() => '(?,?,?,?,?,?)').join(',')}`,
      some.flatMap((book) => [book._id, book.title, book.summary, book.year, book.genre,
        JSON.stringify(book.embedding)]));
  }
});
afterAll(() => server?.stop());

const words = (text) => new Set(text.toLowerCase().match(/\p{L}+/gu));
const holding = (...wanted) => BOOKS
  .filter((book) => wanted.every((word) => words(`${book.title} ${book.summary}`).has(word)))
  .map((book) => book._id).sort();
const ids = (reply) => reply.json.results.map((hit) => hit.row_id);

test('without an index the answer says so', async () => {
  problem(assert, await search({ table: 'books', text: 'sea' }), 404, 'no_such_index');
});

test('an index is built over what is there', async () => {
  const body = { table: 'books', columns: ['title', 'summary'] };
  const built = await server.post('/v1/indexes/text/build', body, { token });
  expectStatus(built, 201);
  assert.equal(built.json.rows, BOOKS.length);
  assert.equal((await server.post('/v1/indexes/text/build', body, { token })).status, 200);
  const listed = (await server.get('/v1/indexes/text', { token })).json;
  assert.deepEqual(listed.map((index) => [index.table, index.columns, index.state]),
    [['books', ['title', 'summary'], 'ready']]);
});

test('words find exactly the rows that hold them', async () => {
  const text = { query: 'storm harbour', mode: 'all' };
  const found = await search({ table: 'books', text, top_k: 1000, include: ['title', 'summary'] });
  expectStatus(found, 200);
  assert.deepEqual(ids(found).sort(), holding('storm', 'harbour'));
  assert.ok(found.json.results.length > 3, 'the test needs some');
  const scores = found.json.results.map((hit) => hit.score);
  assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
  assert.match(found.json.results[0].row.summary + found.json.results[0].row.title, /storm/i);
  assert.equal(found.json.results[0].vector, null);
});

test('a search sees every write that was answered', async () => {
  const one = async (query) => ids(await search({ table: 'books', text: query, top_k: 5 }));
  await server.sql(token,
    `INSERT INTO books (id, title, summary) VALUES ('x', 'Zyzzyva', 'beetle')`);
  assert.deepEqual(await one('zyzzyva'), ['x']);
  await server.sql(token, `UPDATE books SET title = 'Quokka' WHERE id = 'x'`);
  assert.deepEqual(await one('zyzzyva'), []);
  assert.deepEqual(await one('quokka'), ['x']);
  await server.sql(token, `INSERT OR REPLACE INTO books (id, title) VALUES ('x', 'Numbat')`);
  assert.deepEqual(await one('quokka'), []);
  assert.deepEqual(await one('numbat'), ['x']);
  await server.sql(token, `DELETE FROM books WHERE id = 'x'`);
  assert.deepEqual(await one('numbat'), []);
});

test('filters are SQL, and as many rows come back as pass', async () => {
  const all = holding('sea').filter((id) => BOOKS.find((book) => book._id === id).year > 2000);
  const found = await search({
    table: 'books', text: 'sea', top_k: 1000, filter: 'year > ?', filter_params: [2000],
  });
  assert.deepEqual(ids(found).sort(), all);
  const few = await search({
    table: 'books', text: 'sea', top_k: 3, filter: 'year > ?', filter_params: [2000],
  });
  assert.equal(few.json.results.length, 3);
  problem(assert, await search({ table: 'books', text: 'sea', filter: '1) OR (1' }), 400,
    'invalid_filter');
});

function exact(query, top) {
  const distance = (a, b) => 1 - a.reduce((sum, x, i) => sum + x * b[i], 0)
    / (Math.hypot(...a) * Math.hypot(...b));
  return BOOKS.map((book) => [book._id, distance(query, book.embedding)])
    .sort((a, b) => a[1] - b[1]).slice(0, top).map(([id]) => id);
}

for (const indexed of [false, true]) {
  test(`vectors alone, ${indexed ? 'by an index' : 'by a scan'}`, async () => {
    if (indexed) {
      expectStatus(await server.post('/v1/indexes/hnsw/build',
        { table: 'books', column: 'embedding', metric: 'cosine' }, { token }), 201);
    }
    const query = embed('a storm at sea');
    const vector = { column: 'embedding', query };
    const found = await search({ table: 'books', vector, top_k: 5 });
    expectStatus(found, 200);
    const wanted = exact(query, 5);
    const right = ids(found).filter((id) => wanted.includes(id)).length;
    assert.ok(right >= (indexed ? 4 : 5), `${ids(found)} is not ${wanted}`);
    assert.equal(found.json.results[0].text, null);
  });
}

test('words and vectors are merged by their ranks', async () => {
  const query = embed('a storm at sea');
  const text = { query: 'storm sea', mode: 'any' };
  const found = await search({
    table: 'books', text, vector: { column: 'embedding', query }, top_k: 20,
    filter: 'year > ?', filter_params: [1950],
  });
  expectStatus(found, 200);
  assert.equal(found.json.results.length, 20);
  for (const hit of found.json.results) {
    const expected = (hit.text ? 1 / (60 + hit.text.rank) : 0)
      + (hit.vector ? 1 / (60 + hit.vector.rank) : 0);
    assert.ok(Math.abs(hit.score - expected) < 1e-12);
    assert.ok(BOOKS.find((book) => book._id === hit.row_id).year > 1950);
  }
  assert.ok(found.json.results[0].text && found.json.results[0].vector, 'the first is in both');
});

test('nobody finds what they may not read', async () => {
  await server.post('/v1/permissions', {
    principal: { kind: 'role', id: 'reader' }, resource: 'tables/books', allow: [],
  }, { token });
  const reader = (await server.account('reader@example.org')).token;
  problem(assert, await search({ table: 'books', text: 'sea' }, reader), 404, 'no_such_table');
  assert.deepEqual((await server.get('/v1/indexes/text', { token: reader })).json, []);
  const build = await server.post('/v1/indexes/text/build',
    { table: 'books', columns: ['title'] }, { token: reader });
  assert.equal(build.status, 403);
  assert.equal((await server.delete('/v1/indexes/text/books', { token: reader })).status, 403);
});

test('bad searches say what is wrong', async () => {
  const wrong = async (body, status, code, field) => {
    const error = problem(assert, await search({ table: 'books', ...body }), status, code);
    if (field) assert.equal(error.details.field, field, JSON.stringify(error));
  };
  await wrong({}, 422, 'unprocessable', 'text');
  await wrong({ text: '!!' }, 400, 'invalid_text_query', 'query');
  await wrong({ text: { query: 'title : (', mode: 'expression' } }, 400, 'invalid_text_query');
  await wrong({ text: { query: 'sea', mode: 'fuzzy' } }, 400, 'invalid_argument', 'text.mode');
  await wrong({ text: 'sea', top_k: 0 }, 400, 'invalid_argument', 'top_k');
  await wrong({ vector: { column: 'embedding' } }, 422, 'unprocessable', 'vector.query');
  await wrong({ vector: { column: 'embedding', query: [1] } }, 400, 'dimension_mismatch');
  await wrong({ text: 'sea', include: ['nope'] }, 400, 'no_such_column');
  await wrong({ text: 'sea', filter_params: [1] }, 400, 'invalid_argument', 'filter_params');
});

test('the index survives a crash and goes with its table', async () => {
  await server.crashAndRestart();
  const again = await server.login('admin@example.org');
  token = again.token;
  assert.equal((await search({ table: 'books', text: 'sea', top_k: 1 })).status, 200);
  await server.sql(token, 'DROP TABLE books');
  assert.deepEqual((await server.get('/v1/indexes/text', { token })).json, []);
});

test('a filling that a crash cut goes on when somebody looks', { timeout: 60_000 }, async () => {
  const count = 60_000;
  await server.sql(token, 'CREATE TABLE long (id INTEGER PRIMARY KEY, body TEXT)');
  await server.sql(token, `INSERT INTO long WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1
    FROM n WHERE i < ${count}) SELECT i, 'word' || i || ' in a row' FROM n`);
  const listed = async () => (await server.get('/v1/indexes/text', { token })).json
    .find(({ table }) => table === 'long');
  const cut = server.post('/v1/indexes/text/build', { table: 'long', columns: ['body'] }, { token })
    .catch(() => 'cut');
  await eventually(async () => (await listed())?.rows > 0, 30_000);
  await server.crashAndRestart();
  await cut;
  token = (await server.login('admin@example.org')).token;
  // A row that comes while it is being filled is in it, once.
  await server.sql(token, "INSERT INTO long VALUES (999999, 'a latecomer in a row')");
  await eventually(async () => (await listed()).state === 'ready', 30_000);
  assert.equal((await listed()).rows, count + 1);
  for (const word of ['word1', `word${count}`, 'latecomer']) {
    const found = await server.post('/v1/search', { table: 'long', text: word }, { token });
    assert.equal(found.json.results.length, 1, found.text);
  }
});
