// What must be refused: forged tokens, hostile SQL, malformed, oversized and slow requests.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { after as afterAll, before, test } from 'node:test';

import { problem, Server } from './support/server.mjs';
import { RawConnection, rawRequest, statusOf } from './support/raw.mjs';

const SECRET = 'an access secret of the tests, 40 bytes!';
let server;
let token;
let admin;
before(async () => {
  server = await Server.start({
    env: {
      ZJWT_SECRET: SECRET, ZJWT_REFRESH_SECRET: 'a refresh secret of the tests, 41 bytes!!',
      ZHTTP_HEADER_TIMEOUT_SECS: '2', ZHTTP_BODY_TIMEOUT_SECS: '2',
    },
  });
  admin = await server.account('admin@example.org');
  token = admin.token;
});
afterAll(() => server?.stop());

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));
function sign(header, claims, secret = SECRET) {
  const head = `${encode(header)}.${encode(claims)}`;
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}
const whoami = (credential) => server.get('/v1/whoami', { token: credential });

test('forged and stale tokens', async () => {
  const [headerPart, claimsPart, signature] = token.split('.');
  const header = decode(headerPart);
  const claims = decode(claimsPart);
  assert.equal(header.alg, 'HS256');
  assert.equal(
    (await whoami(sign(header, claims))).status, 200, 'the test signs as the server does');
  const now = Math.floor(Date.now() / 1000);
  const forged = {
    'alg none': `${encode({ ...header, alg: 'none'})}.${claimsPart}.`,
    'alg None with the signature' :
      `${encode({ ...header, alg: 'None'})}.${claimsPart}.${signature}`,
    'alg RS256': sign({ ...header, alg: 'RS256' }, claims),
    'alg HS512': sign({ ...header, alg: 'HS512' }, claims),
    'another key': sign(header, claims, 'x'.repeat(40)),
    'an empty key': sign(header, claims, ''),
    'changed claims': `${headerPart}.${encode({ ...claims, roles: ['root']})}.${signature}`,
    'a changed signature': `${headerPart}.${claimsPart}.${signature.slice(0, -2)}AA`,
    'no signature': `${headerPart}.${claimsPart}.`,
    'two parts': `${headerPart}.${claimsPart}`,
    expired: sign(header, { ...claims, exp: now - 120 }),
    'from the future': sign(header, { ...claims, nbf: now + 300, iat: now + 300 }),
    'another issuer': sign(header, { ...claims, iss: 'someone' }),
    'another audience': sign(header, { ...claims, aud: 'something' }),
    'no expiry': sign(header, { ...claims, exp: undefined }),
    'another type': sign(header, { ...claims, typ: 'refresh' }),
    'no type': sign(header, { ...claims, typ: undefined }),
    'a dev token without --dev': sign(header, { ...claims, typ: 'dev' }),
    'an unknown session': sign(header, { ...claims, sid: '0198c0de-0000-7000-8000-000000000000' }),
    'an unknown user': sign(header, { ...claims, sub: '0198c0de-0000-7000-8000-000000000000' }),
    'another org': sign(header, { ...claims, org: 'other' }),
    'an API key that is none': 'zs_' +
      'a'.repeat(49),
    'nothing at all': 'x',
  };
  for (const [what, credential] of Object.entries(forged)) {
    const reply = await whoami(credential);
    assert.equal(reply.status, 401, `${what}: ${reply.text}`);
    assert.equal(reply.headers.get('www-authenticate'), 'Bearer', what);
  }
});

test('rights are read from the server, never from the token', async () => {
  const user = await server.account('reader@example.org');
  const [header, claims] = user.token.split('.').map((part, i) => (i < 2 ? decode(part) : part));
  const promoted = sign(header, { ...claims, roles: ['admin'] });
  const reply = await server.get('/v1/users', { token: promoted });
  assert.ok([401, 403].includes(reply.status), reply.text);
});

const run = (body, headers) => server.post('/v1/sql', body, { token, headers });

test('SQL does not reach files, other databases or the engine', async () => {
  const refused = [
    "ATTACH DATABASE '/tmp/x.db' AS x", "ATTACH ':memory:' AS x", 'DETACH DATABASE main',
    "SELECT load_extension('/tmp/x.so')", "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/x', 'y')", "SELECT edit('x')", 'PRAGMA journal_mode = DELETE',
    'PRAGMA synchronous = OFF', 'PRAGMA writable_schema = ON', 'PRAGMA database_list',
    'PRAGMA temp_store_directory', "VACUUM INTO '/tmp/x.db'", 'PRAGMA query_only = OFF',
    "SELECT * FROM pragma_database_list", "SELECT fts3_tokenizer('x')",
    "CREATE VIRTUAL TABLE v USING csv(filename = '/etc/passwd')", 'PRAGMA key = 1',
    "SELECT sqlite_compileoption_get(1), sqlite_log(1, 'x')",
  ];
  for (const sql of refused) {
    const reply = await run({ sql });
    assert.ok([400, 403].includes(reply.status), `${sql}: ${reply.status} ${reply.text}`);
    assert.ok(!reply.text.includes(server.data), `no path in ${reply.text}`);
    assert.ok(!reply.text.includes('root:'), reply.text);
  }
  for (const sql of refused.slice(0, 2)) {
    problem(assert, await run({ sql }), 403, 'statement_not_allowed');
  }
});

test('the schema table cannot be written', async () => {
  for (const sql of ["INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, '')",
    "UPDATE sqlite_master SET sql = ''", 'DELETE FROM sqlite_schema', 'DROP TABLE sqlite_schema']) {
    const reply = await run({ sql });
    assert.ok([400, 403].includes(reply.status), `${sql}: ${reply.status} ${reply.text}`);
  }
});

test('bombs are stopped', { timeout: 120_000 }, async () => {
  const bombs = [
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
    `WITH a(x) AS (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(0)) SELECT count(*)
       FROM a a1, a a2, a a3, a a4, a a5, a a6, a a7, a a8, a a9, a b1, a b2, a b3`,
    `WITH RECURSIVE s(t) AS (SELECT 'x' UNION ALL SELECT t || t FROM s)
       SELECT max(length(t)) FROM s`,
    'SELECT length(randomblob(2000000000))',
    'SELECT length(zeroblob(2000000000))',
    "SELECT length(printf('%2000000000d', 1))",
    "SELECT length(replace(hex(zeroblob(20000000)), '00', hex(zeroblob(1000))))",
    `SELECT 'x' WHERE '${'a'.repeat(40)}' LIKE '${'%a'.repeat(13)}%b'`,
    `SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`,
    `SELECT ${Array(3000).fill('1').join(' UNION ALL SELECT ')}`,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000000)
       SELECT group_concat(i) FROM n`,
  ];
  for (const sql of bombs) {
    const begun = Date.now();
    const reply = await run({ sql, timeout_ms: 1500 });
    assert.ok(Date.now() - begun < 10_000, `${sql.slice(0, 60)} took ${Date.now() - begun} ms`);
    assert.ok(reply.status < 500 || reply.status === 503 || reply.status === 504,
      `${sql.slice(0, 60)}: ${reply.text.slice(0, 300)}`);
  }
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)[1]);
  assert.ok(peak < 1_200_000, `peak of ${peak} kB`);
  assert.equal((await run({ sql: 'SELECT 1 AS one' })).json.rows[0].one, 1);
});

test('SQL text has a limit', async () => {
  const exact = `SELECT 1 --${'x'.repeat(1_048_576 - 11)}`;
  assert.equal((await run({ sql: exact })).status, 200);
  problem(assert, await run({ sql: `${exact}x` }), 413, 'sql_too_long');
});

test('a huge result is cut, not collected', async () => {
  const wide = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    SELECT i, hex(zeroblob(50000)) AS h FROM n`;
  const reply = await run({ sql: wide });
  problem(assert, reply, 413, 'result_too_large');
});

test('bodies have limits and a shape', async () => {
  const head = `POST /v1/sql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`
    + 'Content-Type: application/json\r\n';
  const declared = await rawRequest(server.port, `${head}Content-Length: 10485761\r\n\r\n`);
  assert.equal(statusOf(declared.text), 413, declared.text);
  assert.match(declared.text, /"error":"payload_too_large"/);
  const piece = `10000\r\n${' '.repeat(65_536)}\r\n`;
  const chunked = await rawRequest(server.port,
    `${head}Transfer-Encoding: chunked\r\n\r\n${piece.repeat(161)}0\r\n\r\n`);
  assert.equal(statusOf(chunked.text), 413, chunked.text.slice(0, 200));
  const broken = await run('{"sql": "SELECT 1"', { 'Content-Type': 'application/json' });
  const error = problem(assert, broken, 400, 'invalid_json');
  assert.equal(error.details.line, 1);
  assert.equal(typeof error.details.column, 'number');
  for (const body of ['{"sql":"a","sql":"b"}', '[1,]', '\xff', '{"sql":"\\ud800"}', 'nul', '1 2',
    `${'['.repeat(65)}${']'.repeat(65)}`]) {
    const reply = await run(Buffer.from(body, 'latin1'), { 'Content-Type': 'application/json' });
    assert.equal(reply.status, 400, `${body.slice(0, 20)}: ${reply.text}`);
  }
  assert.equal((await run('{}', { 'Content-Type': 'text/plain' })).status, 415);
  assert.equal(
    (await run('{}', {'Content-Type': 'application/json; charset=latin1'})).status, 415);
  problem(assert, await server.post('/v1/sql', '{broken'), 401, 'unauthenticated');
});

test('a client in the middle of an upload gets the refusal, not a reset', async () => {
  for (let i = 0; i < 5; ++i) {
    const reply = await fetch(`${server.url}/v1/sql`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: Buffer.alloc(30 << 20, ' '),
    });
    assert.equal(reply.status, 413);
    assert.equal((await reply.json()).error, 'payload_too_large');
  }
});

test('a compressed body cannot be a bomb', async () => {
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
  const good = gzipSync(JSON.stringify({ sql: 'SELECT 1 AS one' }));
  assert.equal((await run(good, headers)).status, 200);
  const bomb = gzipSync(Buffer.alloc(200_000_000, ' '));
  assert.equal((await run(bomb, headers)).status, 413);
  assert.equal((await run(Buffer.from('not gzip'), headers)).status, 400);
  assert.equal((await run(good, { ...headers, 'Content-Encoding': 'br' })).status, 415);
});

test('paths lead nowhere', async () => {
  for (const target of ['/../../etc/passwd', '/v1/../../../etc/passwd',
         '/v1/tables/..%2f..%2fetc%2fpasswd', '/v1/tables/%2e%2e/%2e%2e/etc/passwd',
         '/console/../../etc/passwd', '/console/..%2f..%2fetc%2fpasswd', '/%00', '/v1/tables/%00',
         '/v1/tables/a%00b', '//etc/passwd', '/v1/tables/....//....//etc']) {
    const { text } = await rawRequest(server.port,
      `GET ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${
        token}\r\nConnection: close\r\n\r\n`);
    assert.ok([400, 404].includes(statusOf(text)), `${target}: ${text.slice(0, 200)}`);
    assert.ok(!text.includes('root:'), target);
  }
});

test('ambiguous framing is refused and closes', async () => {
  const head = 'POST /v1/sql HTTP/1.1\r\nHost: x\r\n';
  const cases = {
    'both lengths': `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`
      + '0\r\n\r\nGET /live HTTP/1.1\r\nHost: x\r\n\r\n',
    'two lengths': `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`,
    'a list of lengths': `${head}Content-Length: 5, 5\r\n\r\nabcde`,
    'a signed length': `${head}Content-Length: +5\r\n\r\nabcde`,
    'a hex length': `${head}Content-Length: 0x5\r\n\r\nabcde`,
    'a folded header': `${head}X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
    'a bare line feed': 'GET /live HTTP/1.1\nHost: x\n\n',
    'a blank before the colon': `${head}Content-Length : 0\r\n\r\n`,
    'chunked twice': `${head}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
    'chunked not last': `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'a NUL in a header': `${head}X-A: a\0b\r\n\r\n`,
    'a bad chunk size': `${head}Content-Type: application/json\r\nAuthorization: Bearer ${token}`
      + '\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n',
  };
  for (const [what, text] of Object.entries(cases)) {
    const reply = await rawRequest(server.port, text);
    const status = statusOf(reply.text);
    assert.ok(status === 400 || status === 501, `${what}: ${reply.text.slice(0, 200)}`);
    assert.ok(reply.closed, `${what}: the connection stays open`);
    assert.equal(reply.text.match(/HTTP\/1\.1 /g).length, 1, `${what}: one reply`);
  }
});

test('long lines and heads', async () => {
  const uri = await rawRequest(server.port, `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.equal(statusOf(uri.text), 414);
  const long = await rawRequest(server.port,
    `GET /live HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
  assert.equal(statusOf(long.text), 431);
  const many = Array.from({ length: 150 }, (_, i) => `X-${i}: 1\r\n`).join('');
  const fields = await rawRequest(server.port, `GET /live HTTP/1.1\r\nHost: x\r\n${many}\r\n`);
  assert.equal(statusOf(fields.text), 431);
});

test('slow senders are cut off', { timeout: 30_000 }, async () => {
  const head = await RawConnection.open(server.port);
  head.send('GET /live HTTP/1.1\r\nHo');
  const drip = setInterval(() => head.send('s'), 300);
  const slow = await head.untilClosed(10_000);
  clearInterval(drip);
  assert.ok(slow.closed, 'a head that never ends');
  assert.ok(slow.text === '' || statusOf(slow.text) === 408, slow.text);

  const body = await RawConnection.open(server.port);
  body.send(`POST /v1/sql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`
    + 'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{');
  const stalled = await body.untilClosed(15_000);
  assert.ok(stalled.closed, 'a body that never ends');
  assert.equal(statusOf(stalled.text), 408, stalled.text);
  assert.equal((await server.get('/live')).status, 200);
});

test('replies carry their security headers', async () => {
  for (const reply of [await server.get('/v1/whoami', { token }), await server.get('/nowhere'),
    await server.get('/version')]) {
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(reply.headers.get('x-frame-options'), 'DENY');
    assert.equal(reply.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(reply.headers.get('content-security-policy'),
      'default-src \'none\'; frame-ancestors \'none\'');
    assert.equal(reply.headers.get('server'), null);
    assert.ok(reply.headers.get('x-request-id'));
  }
  const own = await server.get('/v1/whoami', { token });
  assert.equal(own.headers.get('cache-control'), 'no-store');
});

test('other origins get no CORS headers', async () => {
  const reply =
    await server.get('/v1/whoami', { token, headers: { Origin: 'https://evil.example' } });
  assert.equal(reply.headers.get('access-control-allow-origin'), null);
});

test('wrong methods and paths are JSON errors', async () => {
  const method = await server.request('PATCH', '/v1/sql', { token });
  problem(assert, method, 405, 'method_not_allowed');
  assert.match(method.headers.get('allow'), /POST/);
  problem(assert, await server.get('/v1/nothing', { token }), 404, 'not_found');
  assert.equal((await server.request('HEAD', '/v1/whoami', { token })).status, 200);
  assert.equal((await server.get('/v1/whoami/', { token })).status, 200, 'one slash is ignored');
});

test('anonymous requests are limited per address', async () => {
  const limited = await Server.start({ env: { ZRATE_LIMIT_PER_MINUTE: '10' } });
  try {
    let last;
    for (let i = 0; i < 15; ++i) last = await limited.get('/v1/whoami');
    problem(assert, last, 429, 'rate_limited');
    assert.ok(Number(last.headers.get('retry-after')) >= 1);
    assert.equal(last.headers.get('ratelimit-remaining'), '0');
    assert.equal((await limited.get('/live')).status, 200, 'probes are not counted');
  } finally {
    await limited.stop();
  }
});

test('secrets rest neither in the log nor in open files', async () => {
  const reply =
    await server.post('/v1/auth/login', { email: admin.email, password: admin.password });
  const log = server.log.join('\n');
  for (const secret
         of [admin.password, SECRET, reply.json.access_token, reply.json.refresh_token, token]) {
    assert.ok(!log.includes(secret), 'in the log');
  }
  const directory = await stat(server.data);
  assert.equal(directory.mode & 0o077, 0, 'the data directory is private');
  for (const name of await readdir(server.data, { recursive: true })) {
    const file = path.join(server.data, name);
    const info = await stat(file).catch(() => null);  // a temporary file may be gone
    if (!info?.isFile()) continue;
    const bytes = await readFile(file);
    assert.ok(!bytes.includes(reply.json.refresh_token), `${name} holds a refresh token`);
    assert.ok(!bytes.includes(admin.password), `${name} holds a password`);
  }
});
