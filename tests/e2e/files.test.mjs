// Files: http-api.md section 8.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { after as afterAll, before, test } from 'node:test';

import { rawRequest, statusOf } from './support/raw.mjs';
import { after, eventually, expectStatus, problem, Server } from './support/server.mjs';

const MIB = 1 << 20;
const shaOf = (bytes) => createHash('sha256').update(bytes).digest('hex');
const digestOf = (bytes) =>
  `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;

let server;
let admin;
let live;
let sandbox;
before(async () => {
  server = await Server.start({ env: { ZFILES_GC_GRACE_SECS: '0', ZLIMIT_FILE: `${300 * MIB}` } });
  admin = await server.account('admin@example.org');
  live = admin.token;
  sandbox = (await server.login(admin.email, { environment: 'sandbox' })).token;
});
afterAll(() => server?.stop());

function upload(bytes, { token = live, type = 'application/octet-stream', headers = {} } = {}) {
  return server.request('POST', '/v1/files',
    { token, body: bytes, headers: { 'Content-Type': type, ...headers } });
}

async function download(sha, { token = live, headers = {}, method = 'GET', query = '' } = {}) {
  const reply = await fetch(`${server.url}/v1/files/${sha}${query}`,
    { method, headers: { Authorization: `Bearer ${token}`, ...headers } });
  return {
    status: reply.status, headers: reply.headers, bytes: Buffer.from(await reply.arrayBuffer())
  };
}

async function filesBelow(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => path.join(entry.path, entry.name));
}
const blobPath = (sha) =>
  path.join(server.data, 'files/blobs', sha.slice(0, 2), sha.slice(2, 4), sha);

// Asks for a job of the upkeep and waits for its end.
async function maintain(job) {
  expectStatus(await server.post('/v1/files/maintenance', { job }, { token: live }), 202);
  return eventually(async () => {
    const run = (await server.get('/v1/files/maintenance', { token: live })).json[job];
    return ['done', 'failed'].includes(run.state) && run;
  }, 20_000);
}

test('a file goes in and comes out', async () => {
  const bytes = randomBytes(700_001);
  const headers = { 'Content-Digest': digestOf(bytes) };
  const made = await upload(bytes, { type: 'image/png', headers });
  expectStatus(made, 201);
  assert.equal(made.json.sha256, shaOf(bytes));
  assert.equal(made.json.size, bytes.length);
  assert.equal(made.json.content_type, 'image/png');
  assert.equal(made.headers.get('location'), `/v1/files/${shaOf(bytes)}`);
  expectStatus(await upload(bytes, { type: 'text/html' }), 200);
  for (const sha of [shaOf(bytes), shaOf(bytes).toUpperCase()]) {
    const got = await download(sha);
    assert.equal(got.status, 200);
    assert.ok(got.bytes.equals(bytes));
    assert.equal(got.headers.get('etag'), `"${shaOf(bytes)}"`);
    assert.equal(got.headers.get('content-length'), String(bytes.length));
    assert.equal(got.headers.get('content-type'), 'image/png');
    assert.equal(got.headers.get('content-disposition'), 'attachment');
    assert.equal(got.headers.get('content-security-policy'), 'sandbox');
    assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(got.headers.get('cache-control'), 'private, max-age=31536000, immutable');
  }
  const head = await download(shaOf(bytes), { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(bytes.length));
  assert.equal(head.bytes.length, 0);
});

test('the empty file is a file', async () => {
  expectStatus(await upload(Buffer.alloc(0)), 201);
  const got = await download(shaOf(''));
  assert.equal(got.status, 200);
  assert.equal(got.headers.get('content-length'), '0');
});

test('what a browser would run is served as bytes', async () => {
  for (const [type, served] of [['text/html', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'], ['text/plain; charset=utf-8',
      'text/plain; charset=utf-8'], ['application/javascript', 'application/octet-stream']]) {
    const bytes = Buffer.from(`<script>${type}</script>`);
    assert.equal((await upload(bytes, { type })).json.content_type, type);
    assert.equal((await download(shaOf(bytes))).headers.get('content-type'), served);
  }
});

test('a download is resumed by ranges', async () => {
  const bytes = randomBytes(1_000_000);
  expectStatus(await upload(bytes), 201);
  const etag = `"${shaOf(bytes)}"`;
  const parts = [];
  for (let at = 0; at < bytes.length; at += 300_000) {
    const headers = { Range: `bytes=${at}-${at + 299_999}`, 'If-Range': etag };
    const got = await download(shaOf(bytes), { headers });
    assert.equal(got.status, 206);
    const last = Math.min(at + 300_000, bytes.length) - 1;
    assert.equal(got.headers.get('content-range'), `bytes ${at}-${last}/${bytes.length}`);
    parts.push(got.bytes);
  }
  assert.ok(Buffer.concat(parts).equals(bytes));
  const tail = await download(shaOf(bytes), { headers: { Range: 'bytes=-5' } });
  assert.ok(tail.bytes.equals(bytes.subarray(-5)));
  const beyond = await download(shaOf(bytes), { headers: { Range: 'bytes=1000000-' } });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers.get('content-range'), 'bytes */1000000');
  const changed =
    await download(shaOf(bytes), { headers: { Range: 'bytes=0-9', 'If-Range': '"other"' } });
  assert.equal(changed.status, 200);
  const known = await download(shaOf(bytes), { headers: { 'If-None-Match': etag } });
  assert.equal(known.status, 304);
  assert.equal(known.headers.get('etag'), etag);
});

test('one file of a form, streamed', async () => {
  const bytes = randomBytes(400_000);
  const form = new FormData();
  form.append('file', new Blob([bytes], { type: 'application/pdf' }), '../../etc/pässwd');
  const made = await fetch(`${server.url}/v1/files`,
    { method: 'POST', headers: { Authorization: `Bearer ${live}` }, body: form });
  assert.equal(made.status, 201);
  const record = await made.json();
  assert.equal(record.sha256, shaOf(bytes));
  assert.equal(record.content_type, 'application/pdf');
  assert.ok((await download(record.sha256)).bytes.equals(bytes));
  form.append('second', 'field');
  const refused = await fetch(`${server.url}/v1/files`,
    { method: 'POST', headers: { Authorization: `Bearer ${live}` }, body: form });
  assert.equal(refused.status, 400);
  assert.equal((await refused.json()).error, 'invalid_multipart');
});

test('what is wrong is refused and leaves nothing', async () => {
  const before = (await filesBelow(path.join(server.data, 'files'))).length;
  problem(assert, await upload('abc', { headers: { 'Content-Digest': digestOf('abd') } }), 400,
    'digest_mismatch');
  problem(assert, await upload('abc', { headers: { 'Content-Digest': 'sha-256=abc' } }), 400,
    'invalid_argument');
  problem(assert, await upload('abc', { type: 'multipart/mixed; boundary=x' }), 415,
    'unsupported_media_type');
  problem(assert, await upload('abc', { headers: { 'Content-Encoding': 'gzip' } }), 415,
    'unsupported_media_type');
  const large = await rawRequest(server.port,
    `POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${live}\r\n` +
    `Content-Length: ${400 * MIB}\r\n\r\n`);
  assert.equal(statusOf(large.text), 413);
  assert.match(large.text, /file_too_large/);
  // A client that leaves in the middle.
  await rawRequest(server.port,
    `POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${live}\r\n` +
    `Content-Length: 1000\r\n\r\nonly this`, 200);
  await eventually(async () =>
    (await filesBelow(path.join(server.data, 'files'))).length === before);
});

test('no parameter becomes a path', async () => {
  await writeFile(path.join(server.data, 'secret.txt'), 'top secret');
  const names = ['../../secret.txt', '..', '%2e%2e%2f%2e%2e%2fsecret.txt', '....//secret.txt',
    '/etc/passwd', `${'a'.repeat(63)}/`, `..%2f${'a'.repeat(60)}`, `${'a'.repeat(64)}%00`];
  for (const name of names) {
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const reply = await rawRequest(server.port,
        `${method} /v1/files/${name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${live}\r\n` +
        'Connection: close\r\n\r\n');
      assert.ok([400, 404, 405].includes(statusOf(reply.text)), `${method} ${name}`);
      assert.ok(!reply.text.includes('top secret'));
    }
  }
  expectStatus(await upload('named'), 201);
  for (const name of ['../x', 'a/b', 'a\\b', '..', 'a\r\nSet-Cookie: x', '\0']) {
    const reply =
      await download(shaOf('named'), { query: `?filename=${encodeURIComponent(name)}` });
    assert.equal(reply.status, 400, name);
  }
  const query = `?filename=${encodeURIComponent('é "x".txt')}`;
  const good = await download(shaOf('named'), { query });
  assert.equal(good.headers.get('content-disposition'),
    'attachment; filename="_ _x_.txt"; filename*=UTF-8\'\'%C3%A9%20%22x%22.txt');
  const cursor = await server.get('/v1/files?cursor=../../etc/passwd', { token: live });
  problem(assert, cursor, 400, 'invalid_cursor');
});

test('a tenant has its own files, and a right for each action', async () => {
  const bytes = randomBytes(1000);
  expectStatus(await upload(bytes), 201);
  const foreign = await server.get(`/v1/files/${shaOf(bytes)}`, { token: sandbox });
  const missing = await server.get(`/v1/files/${shaOf('nobody')}`, { token: sandbox });
  problem(assert, foreign, 404, 'not_found');
  assert.equal(foreign.json.message, missing.json.message);
  assert.equal((await server.delete(`/v1/files/${shaOf(bytes)}`, { token: sandbox })).status, 404);
  assert.deepEqual((await server.get('/v1/files', { token: sandbox })).json, []);
  expectStatus(await upload(bytes, { token: sandbox }), 201);
  expectStatus(await server.delete(`/v1/files/${shaOf(bytes)}`, { token: live }), 204);
  assert.equal((await download(shaOf(bytes))).status, 404);
  assert.ok((await download(shaOf(bytes), { token: sandbox })).bytes.equals(bytes));

  const reader = await server.account('reader@example.org');
  expectStatus(await upload('kept'), 201);
  assert.equal((await download(shaOf('kept'), { token: reader.token })).status, 200);
  problem(assert, await upload('more', { token: reader.token }), 403, 'permission_denied');
  problem(assert, await server.delete(`/v1/files/${shaOf('kept')}`, { token: reader.token }), 403,
    'permission_denied');
  assert.equal((await server.get('/v1/files')).status, 401);
  problem(assert, await server.get('/v1/files/maintenance', { token: reader.token }), 403,
    'permission_denied');
  const audit = await server.get('/v1/audit?action=file.delete', { token: live });
  assert.equal(audit.json[0].object, `file/${shaOf(bytes)}`);
});

test('lists newest first, in pages', async () => {
  const { token } = await server.login(admin.email, { environment: 'sandbox' });
  for (let i = 0; i < 5; ++i) {
    expectStatus(await upload(`page ${i}`, { token }), 201);
    await after(2);
  }
  const seen = [];
  let target = '/v1/files?limit=2';
  while (target) {
    const page = await server.get(target, { token });
    expectStatus(page, 200);
    seen.push(...page.json.map((file) => file.sha256));
    const cursor = page.headers.get('x-next-cursor');
    target = cursor && `/v1/files?limit=2&cursor=${encodeURIComponent(cursor)}`;
  }
  assert.deepEqual(seen.slice(0, 5), [4, 3, 2, 1, 0].map((i) => shaOf(`page ${i}`)));
  assert.equal(new Set(seen).size, seen.length);
});

test('bytes that nobody has are collected', async () => {
  const bytes = randomBytes(2000);
  expectStatus(await upload(bytes), 201);
  await stat(blobPath(shaOf(bytes)));
  expectStatus(await server.delete(`/v1/files/${shaOf(bytes)}`, { token: live }), 204);
  const run = await maintain('collect');
  assert.equal(run.state, 'done');
  assert.ok(run.removed >= 1);
  await assert.rejects(stat(blobPath(shaOf(bytes))));
  expectStatus(await upload(bytes), 201);
  assert.ok((await download(shaOf(bytes))).bytes.equals(bytes));
});

test('rotten bytes are reported and never served', async () => {
  const bytes = randomBytes(600_000);
  expectStatus(await upload(bytes), 201);
  const place = blobPath(shaOf(bytes));
  const file = await open(place, 'r+');
  await file.write(Buffer.from([bytes[400_000] ^ 1]), 0, 1, 400_000);
  await file.close();
  await assert.rejects(download(shaOf(bytes)), 'the answer breaks off before the damage');
  const reply = await server.get(`/v1/files/${shaOf(bytes)}`, { token: live });
  assert.equal(reply.status, 500);
  assert.ok(!reply.text.includes(server.data));
  const run = await maintain('verify');
  assert.equal(run.damaged, 1);
  assert.deepEqual(run.damaged_blobs, [shaOf(bytes)]);
  const metrics = (await server.get('/metrics')).text;
  assert.match(metrics, /^files_damaged_blobs 1$/m);
  expectStatus(await upload(bytes), 200, 'uploading again heals');
  assert.ok((await download(shaOf(bytes))).bytes.equals(bytes));
  assert.equal((await maintain('verify')).damaged, 0);
});

const rssOf = async (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

// Sends `size` bytes as a stream and answers the reply.
function stream(size, onPiece = () => {}) {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    const piece = randomBytes(MIB);
    const request = http.request(`${server.url}/v1/files`, {
      method: 'POST', headers: { Authorization: `Bearer ${live}`, 'Content-Type': 'video/mp4' },
    }, (reply) => {
      let text = '';
      reply.on('data', (bytes) => { text += bytes; });
      reply.on('end', () =>
        resolve({ status: reply.statusCode, json: JSON.parse(text), sha: hash.digest('hex') }));
    });
    request.on('error', reject);
    let sent = 0;
    const more = () => {
      while (sent < size) {
        piece.writeUInt32LE(sent / MIB, 0);
        hash.update(piece);
        sent += MIB;
        onPiece();
        if (!request.write(Buffer.from(piece))) {
          request.once('drain', more);
          return;
        }
      }
      request.end();
    };
    more();
  });
}

test('a large upload and download keep memory flat', async () => {
  const idle = await rssOf(server.pid);
  let most = 0;
  const timer = setInterval(async () => { most = Math.max(most, await rssOf(server.pid)); }, 20);
  const made = await stream(256 * MIB);
  assert.equal(made.status, 201);
  assert.equal(made.json.sha256, made.sha);
  const reply = await fetch(`${server.url}/v1/files/${made.sha}`,
    { headers: { Authorization: `Bearer ${live}` } });
  const hash = createHash('sha256');
  for await (const piece of reply.body) hash.update(piece);
  clearInterval(timer);
  assert.equal(hash.digest('hex'), made.sha);
  assert.ok(most - idle < 64 * MIB, `grew by ${(most - idle) / MIB} MiB`);
});

test('killed in the middle of uploads, every acknowledged file is whole', async () => {
  const acknowledged = new Map();
  for (let round = 0; round < 4; ++round) {
    let running = true;
    const work = Array.from({ length: 4 }, async () => {
      while (running) {
        const bytes = randomBytes(50_000 + Math.floor(Math.random() * 400_000));
        try {
          const reply = await upload(bytes);
          if (reply.status === 201) acknowledged.set(shaOf(bytes), bytes);
        } catch {
          running = false;
        }
      }
    });
    await after(150 + Math.random() * 250);
    await server.crashAndRestart();
    running = false;
    await Promise.all(work);
    assert.deepEqual(await filesBelow(path.join(server.data, 'files/tmp')), [],
      'temporary files are cleared');
  }
  assert.ok(acknowledged.size > 0);
  for (const [sha, bytes] of acknowledged) {
    const got = await download(sha);
    assert.equal(got.status, 200, sha);
    assert.ok(got.bytes.equals(bytes), sha);
  }
  const listed = new Set();
  let target = '/v1/files?limit=1000';
  while (target) {
    const page = await server.get(target, { token: live });
    page.json.forEach((file) => listed.add(file.sha256));
    const cursor = page.headers.get('x-next-cursor');
    target = cursor && `/v1/files?limit=1000&cursor=${encodeURIComponent(cursor)}`;
  }
  const run = await maintain('verify');
  assert.equal(run.damaged + run.missing, 0, JSON.stringify(run));
  assert.ok(run.blobs >= listed.size - 1, 'the ones listed are there');
});
