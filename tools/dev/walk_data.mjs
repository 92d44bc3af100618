// The data plane: a collection of documents with embeddings, ingested as a stream, then searched
// exactly, by an index, by words and by both; and a file. What is expected is computed here from
// examples/library, not by the server.

import { createHash } from 'node:crypto';

import { documents, embed } from '../../examples/library/library.mjs';

const COUNT = 20_000;
const QUESTION = 'a storm at sea';
const TOP = 10;
const PROJECTION = {
  columns: {
    title: 'title', summary: 'summary', author: 'author.family', genre: 'genre',
    year: { path: 'year', type: 'INTEGER', index: true },
    embedding: { path: 'embedding', type: 'VECTOR(32)' },
  },
};

const sql = (text, params) => ({ sql: text, ...(params ? { params } : {}) });
const wordsOf = ({ title, summary }) => new Set(`${title} ${summary}`.toLowerCase()
  .match(/\p{L}+/gu));

// The ids of the nearest books that pass, by the cosine distance.
function nearest(books, query, passes = () => true) {
  const distance = ({ embedding }) => 1 - embedding.reduce((sum, x, i) => sum + x * query[i], 0)
    / (Math.hypot(...embedding) * Math.hypot(...query));
  return books.filter(passes).map((book) => [distance(book), book._id])
    .sort((a, b) => a[0] - b[0]).slice(0, TOP).map(([, id]) => id);
}
const idsOf = (answer) => (answer.body?.results ?? []).map((hit) => hit.row_id);
const shared = (a, b) => a.filter((id) => b.includes(id)).length;

async function collection(talk, { token, books }) {
  talk.step('A collection: documents as they come, some of their fields as typed columns');
  let answer = await talk.request('POST', '/v1/collections',
    { token, body: { name: 'library', projection: PROJECTION }, status: 201 });
  talk.equal('name', answer.body?.name, 'library');

  talk.step(`Ingest ${COUNT} documents as one stream, a broken line among them`);
  const lines = books.map((book) => JSON.stringify(book));
  lines.splice(1000, 0, '{"title": "cut off');
  answer = await talk.request('POST', '/v1/collections/library/ingest',
    { token, raw: { type: 'application/x-ndjson', bytes: `${lines.join('\n')}\n` } });
  talk.equal('ingested', answer.body?.ingested, COUNT);
  talk.equal('errors', answer.body?.errors, 1);
  talk.check('the error names its line', /1001/.test(answer.body?.error_details?.[0]?.message),
    answer.text);

  talk.step('The collection is a table');
  answer = await talk.request('POST', '/v1/sql', {
    token,
    body: sql(`SELECT genre, count(*) AS n FROM library WHERE year >= ?
      GROUP BY genre ORDER BY genre`, [2000]),
  });
  const counted = new Map();
  for (const { genre, year } of books)
    if (year >= 2000) counted.set(genre, (counted.get(genre) ?? 0) + 1);
  talk.equal('rows', answer.body?.rows,
    [...counted].sort().map(([genre, n]) => ({ genre, n })));
  const book = books[4711];
  answer = await talk.request('GET', `/v1/collections/library/documents/${book._id}`, { token });
  talk.equal('author', answer.body?.doc?.author, book.author);
}

async function vectors(talk, { token, books, query }) {
  const truth = nearest(books, query);
  const column = { table: 'library', column: 'embedding' };
  talk.step(`The books nearest to "${QUESTION}", exactly`);
  let answer = await talk.request('POST', '/v1/knn', {
    token, body: { ...column, metric: 'cosine', query, top_k: TOP, include: ['title'] },
  });
  talk.equal('books', idsOf(answer), truth);
  answer = await talk.request('POST', '/v1/sql', {
    token,
    body: sql('SELECT _id FROM library ORDER BY embedding <=> ? LIMIT 10', [JSON.stringify(query)]),
  });
  talk.equal('the same in SQL', answer.body?.rows?.map((row) => row._id), truth);

  talk.step('The same by an HNSW index');
  answer = await talk.request('POST', '/v1/indexes/hnsw/build',
    { token, body: { ...column, metric: 'cosine' }, status: 201 });
  talk.equal('rows', answer.body?.rows, COUNT);
  answer = await talk.request('POST', '/v1/indexes/hnsw/search',
    { token, body: { ...column, query, top_k: TOP } });
  talk.check('at least 9 of 10 are right', shared(idsOf(answer), truth) >= TOP - 1, answer.text);
  answer = await talk.request('POST', '/v1/indexes/hnsw/search', {
    token,
    body: { ...column, query, top_k: TOP, filter: 'year > ?', filter_params: [2000] },
  });
  const recent = nearest(books, query, ({ year }) => year > 2000);
  talk.check('filtered, too', shared(idsOf(answer), recent) >= TOP - 1, answer.text);

  talk.step('SQL uses the index by itself');
  const distances = 'FROM library ORDER BY embedding <=> ? LIMIT 10';
  answer = await talk.request('POST', '/v1/sql', {
    token, body: sql(`EXPLAIN SELECT _id ${distances}`, [JSON.stringify(query)]),
  });
  talk.check('the plan names it', /USING HNSW INDEX/.test(answer.text), answer.text);
  answer = await talk.request('POST', '/v1/sql', {
    token, body: sql(`SELECT _id ${distances}`, [JSON.stringify(query)]),
  });
  const byIndex = answer.body?.rows?.map((row) => row._id) ?? [];
  talk.check('at least 9 of 10 are right', shared(byIndex, truth) >= TOP - 1, answer.text);
  answer = await talk.request('POST', '/v1/sql', {
    token,
    body: sql(`SELECT l.title, n.distance FROM hnsw_search('library.embedding', ?, 3) n
      JOIN library l ON l._id = n.row_id ORDER BY n.distance`, [JSON.stringify(query)]),
  });
  talk.equal('a join with the search', answer.body?.row_count, 3);

  talk.step('A search after a write sees it');
  const added = { _id: 'new', title: 'The New One', summary: QUESTION, embedding: query };
  await talk.request('POST', '/v1/collections/library/ingest', { token, body: added });
  answer = await talk.request('POST', '/v1/indexes/hnsw/search',
    { token, body: { ...column, query, top_k: 1 } });
  talk.equal('the nearest', idsOf(answer), ['new']);
  await talk.request('DELETE', '/v1/collections/library/documents/new', { token, status: 204 });
  answer = await talk.request('POST', '/v1/indexes/hnsw/search',
    { token, body: { ...column, query, top_k: 1 } });
  talk.check('and it is gone again', idsOf(answer)[0] !== 'new', answer.text);
}

async function words(talk, { token, books, query }) {
  talk.step('Full text, and words merged with vectors');
  let answer = await talk.request('POST', '/v1/indexes/text/build',
    { token, body: { table: 'library', columns: ['title', 'summary'] }, status: 201 });
  talk.equal('rows', answer.body?.rows, COUNT);
  answer = await talk.request('POST', '/v1/search', {
    token,
    body: { table: 'library', text: { query: 'lighthouse avalanche', mode: 'all' }, top_k: 1000 },
  });
  const holding = books.filter((book) => {
    const found = wordsOf(book);
    return found.has('lighthouse') && found.has('avalanche');
  }).map((book) => book._id);
  talk.equal('books with both words', idsOf(answer).sort(), holding.sort());
  answer = await talk.request('POST', '/v1/search', {
    token,
    body: {
      table: 'library', text: 'storm lighthouse', vector: { column: 'embedding', query }, top_k: 5,
      include: ['title'],
    },
  });
  const best = answer.body?.results?.[0];
  talk.check('the first is found both ways', best?.text && best?.vector, answer.text);
}

async function files(talk, { token, books }) {
  talk.step('A file, stored under its SHA-256');
  const bytes = JSON.stringify(books.slice(0, 100));
  const sha = createHash('sha256').update(bytes).digest('hex');
  let answer = await talk.request('POST', '/v1/files',
    { token, raw: { type: 'text/plain', bytes }, status: 201 });
  talk.equal('sha256', answer.body?.sha256, sha);
  answer = await talk.request('POST', '/v1/files',
    { token, raw: { type: 'text/plain', bytes }, status: 200 });
  answer = await talk.request('GET', `/v1/files/${sha}`,
    { token, headers: { Range: 'bytes=0-9' }, status: 206 });
  talk.equal('the first ten bytes', answer.text, bytes.slice(0, 10));
}

export async function walkData(talk, world) {
  const data = {
    token: world.admin.access, books: [...documents(COUNT)], query: embed(QUESTION),
  };
  for (const part of [collection, vectors, words, files]) await part(talk, data);
}

// After a kill: what was acknowledged is there, and so are the indexes over it.
export async function checkData(talk, world) {
  const query = embed(QUESTION);
  const token = world.admin.access;
  let answer = await talk.request('GET', '/v1/collections/library', { token });
  talk.equal('documents', answer.body?.document_count, COUNT);
  answer = await talk.request('POST', '/v1/search', {
    token,
    body: { table: 'library', text: 'storm', vector: { column: 'embedding', query }, top_k: 3 },
  });
  talk.equal('results', answer.body?.results?.length, 3);
}
