// The main job, step by step: accounts, SQL, permissions, transactions, isolation, documents and
// search, durability.
// Every answer is compared with what docs and api/openapi.yaml promise; expected rows are computed
// from examples/books.json here, not by the server.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';

import { checkData, walkData } from './walk_data.mjs';
import { walkEvents } from './walk_events.mjs';
import { walkJobs } from './walk_jobs.mjs';

const CREATE_BOOKS = `CREATE TABLE books (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, author TEXT NOT NULL, genre TEXT NOT NULL,
  year INTEGER NOT NULL, pages INTEGER NOT NULL CHECK (pages > 0), in_print BOOLEAN NOT NULL)`;
const COLUMNS = ['id', 'title', 'author', 'genre', 'year', 'pages', 'in_print'];
const ROWS_PER_INSERT = 10;

const sql = (text, params) => ({ sql: text, ...(params ? { params } : {}) });
const newPassword = () => `demo-${randomBytes(9).toString('base64url')}`;

function insertOf(rows) {
  const places = rows.map(() => `(${COLUMNS.map(() => '?').join(', ')})`).join(', ');
  const values = rows.flatMap((row) => COLUMNS.map((column) => row[column]));
  return sql(`INSERT INTO books (${COLUMNS.join(', ')}) VALUES ${places}`, values);
}

async function errorIs(talk, answer, code) {
  talk.equal('error', answer.body?.error, code);
  talk.check('the error carries the request id', answer.body?.request_id !== undefined
    && answer.body.request_id === answer.headers.get('x-request-id'), answer.text);
}

async function signIn(talk, account, environment) {
  const body = { email: account.email, password: account.password };
  if (environment) body.environment = environment;
  const answer = await talk.request('POST', '/v1/auth/login', { body });
  talk.equal('token type', answer.body?.token_type, 'Bearer');
  if (!answer.body?.access_token) throw new Error('no access token: the walk cannot go on');
  return { access: answer.body.access_token, refresh: answer.body.refresh_token };
}

async function accounts(talk, world) {
  talk.step('Sign up: the first account of an empty server is its admin');
  const { email, password } = world.admin;
  let answer = await talk.request('POST', '/v1/auth/signup',
    { body: { email, password, name: 'Ada' }, status: 201 });
  talk.equal('roles', answer.body?.roles, ['admin']);

  talk.step('Log in, and ask who I am');
  Object.assign(world.admin, await signIn(talk, world.admin));
  answer = await talk.request('GET', '/v1/whoami', { token: world.admin.access });
  talk.equal('e-mail', answer.body?.email, email);
  talk.equal('environment', answer.body?.env_slug, 'live');
  talk.equal('token kind', answer.body?.token_kind, 'access');

  talk.step('Without a credential there is no answer');
  answer = await talk.request('POST', '/v1/sql', { body: sql('SELECT 1'), status: 401 });
  await errorIs(talk, answer, 'unauthenticated');
  talk.check('WWW-Authenticate names Bearer',
    /^Bearer/.test(answer.headers.get('www-authenticate') ?? ''));
}

async function tables(talk, world) {
  const token = world.admin.access;
  talk.step('Create a table');
  let answer = await talk.request('POST', '/v1/sql', { token, body: sql(CREATE_BOOKS) });
  talk.equal('rows', answer.body?.rows, []);

  talk.step(`Insert the ${world.books.length} books of examples/books.json, values as parameters`);
  for (let at = 0; at < world.books.length; at += ROWS_PER_INSERT) {
    const rows = world.books.slice(at, at + ROWS_PER_INSERT);
    answer = await talk.request('POST', '/v1/sql', { token, body: insertOf(rows) });
    talk.equal('affected rows', answer.body?.affected_rows, rows.length);
  }

  talk.step('List the tables, look at a sample');
  answer = await talk.request('GET', '/v1/tables', { token });
  const books = answer.body?.find?.((table) => table.name === 'books');
  talk.equal('row count of books', books?.row_count, world.books.length);
  talk.equal('columns of books', books?.columns?.map((column) => column.name), COLUMNS);
  answer = await talk.request('GET', '/v1/tables/books/sample?limit=3', { token });
  talk.equal('rows in the sample', answer.body?.rows?.length, 3);
}

async function queries(talk, world) {
  const token = world.admin.access;
  talk.step('Select with a filter: typed columns, rows as JSON');
  const author = world.books[0].author;
  let answer = await talk.request('POST', '/v1/sql', {
    token,
    body: sql('SELECT id, title, year, in_print FROM books WHERE author = ? ORDER BY id', [author]),
  });
  talk.equal('types', answer.body?.columns?.map((column) => column.type),
    ['INTEGER', 'TEXT', 'INTEGER', 'BOOLEAN']);
  talk.equal('rows', answer.body?.rows, world.books.filter((book) => book.author === author)
    .map(({ id, title, year, in_print }) => ({ id, title, year, in_print })));

  talk.step('Aggregate by genre');
  answer = await talk.request('POST', '/v1/sql', {
    token,
    body: sql('SELECT genre, count(*) AS books, sum(pages) AS pages FROM books'
      + ' WHERE year >= $since GROUP BY genre ORDER BY genre', { since: 1980 }),
  });
  talk.equal('rows', answer.body?.rows, byGenre(world.books, 1980));

  talk.step('64-bit integers stay exact');
  answer = await talk.request('POST', '/v1/sql',
    { token, body: sql('SELECT 9007199254740993 AS big, 7 AS small') });
  talk.equal('rows', answer.body?.rows, [{ big: '9007199254740993', small: 7 }]);
}

function byGenre(books, since) {
  const genres = new Map();
  for (const { genre, pages } of books.filter((book) => book.year >= since)) {
    const row = genres.get(genre) ?? { genre, books: 0, pages: 0 };
    genres.set(genre, { genre, books: row.books + 1, pages: row.pages + pages });
  }
  return [...genres.values()].sort((a, b) => (a.genre < b.genre ? -1 : 1));
}

async function streams(talk, world) {
  const token = world.admin.access;
  const body = sql('SELECT id, title FROM books ORDER BY id');
  talk.step('Stream a result as NDJSON: columns, one line per row, a closing line');
  let answer = await talk.request('POST', '/v1/sql',
    { token, body, accept: 'application/x-ndjson' });
  const lines = answer.text.trimEnd().split('\n').map((line) => JSON.parse(line));
  talk.equal('first line', lines[0]?.columns?.map((column) => column.name), ['id', 'title']);
  talk.equal('row lines', lines.slice(1, -1), world.books.map(({ id, title }) => ({ id, title })));
  talk.equal('row count in the last line', lines.at(-1)?.row_count, world.books.length);

  talk.step('The same as CSV');
  answer = await talk.request('POST', '/v1/sql', { token, body, accept: 'text/csv' });
  talk.equal('first lines', answer.text.split('\r\n').slice(0, 2),
    ['id,title', `1,${world.books[0].title}`]);
}

async function mistakes(talk, world) {
  const token = world.admin.access;
  talk.step('A broken constraint is 409 and names what broke');
  let answer = await talk.request('POST', '/v1/sql',
    { token, body: insertOf([world.books[0]]), status: 409 });
  await errorIs(talk, answer, 'constraint_violation');

  talk.step('A syntax error is 400 and says where');
  answer = await talk.request('POST', '/v1/sql',
    { token, body: sql('SELECT title\nFORM books'), status: 400 });
  await errorIs(talk, answer, 'sql_syntax_error');
  talk.equal('line', answer.body?.details?.line, 2);

  talk.step('What leaves the database is refused for everybody');
  answer = await talk.request('POST', '/v1/sql',
    { token, body: sql("ATTACH 'other.db' AS other"), status: 403 });
  await errorIs(talk, answer, 'statement_not_allowed');
}

async function countBooks(talk, token, expected) {
  const answer = await talk.request('POST', '/v1/sql',
    { token, body: sql('SELECT count(*) AS books FROM books') });
  talk.equal('rows', answer.body?.rows, [{ books: expected }]);
}

async function transactions(talk, world) {
  const token = world.admin.access;
  talk.step('A transaction: begin, execute, nobody else sees it, commit');
  let answer = await talk.request('POST', '/v1/transactions/begin',
    { token, body: { write: true }, status: 201 });
  talk.equal('isolation', answer.body?.isolation_level, 'serializable');
  const path = `/v1/transactions/${answer.body?.transaction_id}`;
  for (const [number, title] of [[51, 'The Committed Reader'], [52, 'All or Nothing']]) {
    const book = { ...world.books[0], id: number, title };
    answer = await talk.request('POST', `${path}/execute`, { token, body: insertOf([book]) });
    talk.equal('affected rows', answer.body?.affected_rows, 1);
  }
  await countBooks(talk, token, world.books.length);
  answer = await talk.request('POST', `${path}/commit`, { token });
  talk.equal('operations', answer.body?.operations_count, 2);
  await countBooks(talk, token, world.books.length + 2);

  talk.step('Another one, rolled back');
  answer = await talk.request('POST', '/v1/transactions/begin', { token, status: 201 });
  const other = `/v1/transactions/${answer.body?.transaction_id}`;
  await talk.request('POST', `${other}/execute`, { token, body: sql('DELETE FROM books') });
  await talk.request('POST', `${other}/rollback`, { token });
  await countBooks(talk, token, world.books.length + 2);
}

async function keys(talk, world) {
  talk.step('An API key that may only read tables');
  let answer = await talk.request('POST', '/v1/api-keys', {
    token: world.admin.access,
    body: { name: 'dashboard', scopes: ['tables:read'] },
    status: 201,
  });
  const key = answer.body?.key;
  talk.check('the key starts with zs_', /^zs_\w+$/.test(key ?? ''));
  answer = await talk.request('POST', '/v1/sql',
    { key, body: sql('SELECT title FROM books WHERE id = 7') });
  talk.equal('rows', answer.body?.rows, [{ title: world.books[6].title }]);
  answer = await talk.request('POST', '/v1/sql',
    { key, body: sql('DELETE FROM books'), status: 403 });
  await errorIs(talk, answer, 'permission_denied');
}

async function permissions(talk, world) {
  talk.step('A second account is a reader: it selects, it does not insert');
  const { email, password } = world.reader;
  let answer = await talk.request('POST', '/v1/auth/signup',
    { body: { email, password }, status: 201 });
  talk.equal('roles', answer.body?.roles, ['reader']);
  const id = answer.body?.user_id;
  Object.assign(world.reader, await signIn(talk, world.reader));
  const token = world.reader.access;
  await countBooks(talk, token, world.books.length + 2);
  const body = insertOf([{ ...world.books[0], id: 53, title: 'A Reader Writes' }]);
  answer = await talk.request('POST', '/v1/sql', { token, body, status: 403 });
  await errorIs(talk, answer, 'permission_denied');

  talk.step('The admin grants it; the next request may');
  answer = await talk.request('POST', '/v1/permissions', {
    token: world.admin.access,
    body: { principal: { kind: 'user', id }, resource: 'tables', allow: ['create', 'read'] },
    status: 201,
  });
  answer = await talk.request('POST', '/v1/sql', { token, body });
  talk.equal('affected rows', answer.body?.affected_rows, 1);
}

async function environments(talk, world) {
  talk.step('Switch to the sandbox: an environment of its own, and empty');
  let answer = await talk.request('POST', '/v1/auth/switch-environment',
    { body: { refresh_token: world.admin.refresh, environment: 'sandbox' } });
  talk.equal('environment', answer.body?.environment?.slug, 'sandbox');
  const token = answer.body?.access_token;
  answer = await talk.request('GET', '/v1/tables', { token });
  talk.equal('tables', answer.body, []);
  answer = await talk.request('POST', '/v1/sql',
    { token, body: sql('SELECT * FROM books'), status: 400 });
  await errorIs(talk, answer, 'no_such_table');
}

async function probes(talk) {
  talk.step('Probes and metrics');
  let answer = await talk.request('GET', '/health');
  talk.equal('status', answer.body?.status, 'healthy');
  answer = await talk.request('GET', '/ready');
  talk.equal('status', answer.body?.status, 'ready');
  answer = await talk.request('GET', '/metrics');
  for (const name of ['http_requests_total{', 'sql_statements_total{', 'auth_attempts_total{']) {
    talk.check(`metric ${name.slice(0, -1)}`, answer.text.includes(name));
  }
}

// Runs the program as a client; answers {code, stdout, stderr}.
function runClient(world, args) {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, ZSERVER_URL: world.server.url };
    const child = spawn(world.server.binary, args,
      { env: { ...env, ZSERVER_TOKEN: world.admin.access }, stdio: ['ignore', 'pipe', 'pipe'] });
    const read = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => { read[name] += text; });
    }
    child.once('error', (error) => resolve({ ...read, code: error.message }));
    child.once('close', (code) => resolve({ ...read, code }));
  });
}

async function commandLine(talk, world) {
  talk.step('The same server from the command line');
  const query = 'SELECT id, title, year FROM books ORDER BY id LIMIT 3';
  talk.say(`$ zserver sql "${query}" --format table`);
  const { code, stdout, stderr } = await runClient(world, ['sql', query, '--format', 'table']);
  for (const line of (stdout + stderr).trimEnd().split('\n')) talk.say(`  ${line}`);
  talk.equal('exit code', code, 0);
  const rows = world.books.slice(0, 3);
  talk.check('the table has the three titles', rows.every(({ title }) => stdout.includes(title)));
}

async function powerCut(talk, world) {
  talk.step('kill -9, start again: every acknowledged row is there');
  const { signal } = await world.server.kill();
  talk.equal('it ended by', signal, 'SIGKILL');
  const startup = await world.server.start();
  talk.url = world.server.url;
  talk.say(`listening again after ${startup.toFixed(0)} ms on ${world.server.url}`);
  await countBooks(talk, world.admin.access, world.books.length + 3);
  await checkData(talk, world);
  const answer = await talk.request('GET', '/health');
  talk.equal('status', answer.body?.status, 'healthy');
  Object.assign(world.admin, await signIn(talk, world.admin));
}

// Walks everything against `server` (a started ServerProcess). Answers the admin's account:
// {email, password, access, refresh}.
export async function walk(talk, server, books) {
  const world = {
    server,
    books,
    admin: { email: 'ada@example.org', password: newPassword() },
    reader: { email: 'grace@example.org', password: newPassword() },
  };
  talk.url = server.url;
  const parts = [accounts, tables, queries, streams, mistakes, transactions, keys, permissions,
    environments, walkData, walkEvents, walkJobs, probes, commandLine, powerCut];
  for (const part of parts) await part(talk, world);
  return world.admin;
}
