// The demo as a judge: a wrong answer, or a server that does not start, must not pass.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Talk } from './talk.mjs';

const DEMO = fileURLToPath(new URL('./demo.mjs', import.meta.url));

// Runs the demo on a program that is this text; answers {status, stdout, left behind}.
function demoOf(program) {
  const folder = mkdtempSync(path.join(tmpdir(), 'zserver-demo-test-'));
  const binary = path.join(folder, 'zserver');
  writeFileSync(binary, program);
  chmodSync(binary, 0o755);
  const env = { ...process.env, TMPDIR: path.join(folder) };
  const done = spawnSync(process.execPath, [DEMO, '--binary', binary, '--once'],
    { env, encoding: 'utf8', timeout: 60_000 });
  const left = readdirSync(folder).filter((name) => name.startsWith('zserver-demo-'));
  rmSync(folder, { recursive: true });
  return { ...done, left };
}

test('a server that ends at once fails the demo, and its last words are shown', () => {
  const { status, stdout, left } = demoOf('#!/bin/sh\necho "no such key: colour" >&2\nexit 3\n');
  assert.equal(status, 1);
  assert.match(stdout, /no such key: colour/);
  assert.match(stdout, /"code":3/);
  assert.match(stdout, /the demo FAILED\n$/);
  assert.deepEqual(left, [], 'the data directory stayed behind');
});

test('a server that answers nonsense fails the demo', () => {
  const { status, stdout, left } = demoOf(`#!/usr/bin/env node
const server = require('node:http').createServer((request, reply) => reply.end('{}'));
server.listen(0, '127.0.0.1', () =>
  console.log('zserver listening on http://127.0.0.1:' + server.address().port));
`);
  assert.equal(status, 1, stdout);
  assert.match(stdout, /✗ status 201, but: 200/);
  assert.deepEqual(left, [], 'the data directory stayed behind');
});

test('a talk counts every check, and shows no secret', async () => {
  const server = http.createServer((request, reply) => {
    reply.setHeader('Content-Type', 'application/json');
    reply.end(JSON.stringify({ access_token: 'abcdefghij', roles: ['admin'] }));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const talk = new Talk();
  talk.url = `http://127.0.0.1:${server.address().port}`;
  const printed = [];
  const log = console.log;
  console.log = (line) => printed.push(line);
  try {
    const answer = await talk.request('POST', '/x', { body: { password: 'correct horse 9' } });
    talk.equal('roles', answer.body.roles, ['admin']);
    talk.equal('roles', answer.body.roles, ['reader']);
    await talk.request('GET', '/x', { status: 404 });
  } finally {
    console.log = log;
    server.closeAllConnections?.();
    server.close();
  }
  assert.deepEqual([talk.right, talk.wrong], [2, 2]);
  assert.doesNotMatch(printed.join('\n'), /abcdefghij|correct horse 9/);
});
