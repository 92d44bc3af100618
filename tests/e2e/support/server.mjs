// Starts a zserver with data of its own on a free loopback port, talks to it and ends it by its
// pid.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const LISTENING = /^zserver listening on (http:\/\/127\.0\.0\.1:(\d+))$/;
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
const LOG_LINES_MAX = 300;

export const binary = path.resolve(process.env.ZSERVER_BINARY ?? 'build/release/zserver');

// No limit that many sign-ins from one address would meet; a test of a limit sets its own.
const RELAXED = {
  ZRATE_LIMIT_PER_MINUTE: '0',
  ZRATE_LIMIT_USER_PER_MINUTE: '0',
  ZAUTH_LOGIN_PER_ACCOUNT: '0',
  ZAUTH_LOGIN_PER_IP: '0',
  ZAUTH_SIGNUP_PER_IP: '0',
  ZAUTH_REFRESH_PER_IP: '0',
  ZOBS_METRICS_ADDR: '127.0.0.1:0',
};

function environment(extra) {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ'].filter((name) => process.env[name]);
  return {
    ...Object.fromEntries(kept.map((name) => [name, process.env[name]])),
    ...RELAXED,
    ...extra
  };
}

export class Server {
  // `env` adds to the environment, `args` to the flags; `data` is kept when it is given.
  static async start({ env = {}, args = [], data } = {}) {
    const server = new Server();
    server.data = data ?? await mkdtemp(path.join(tmpdir(), 'zserver-e2e-'));
    server.ownsData = data === undefined;
    server.env = env;
    server.args = args;
    await server.#spawn();
    return server;
  }

  async #spawn() {
    this.log = [];
    const flags =
      [ 'server', '--host', '127.0.0.1', '--port', '0', '--data', this.data, ...this.args ];
    this.child = spawn(binary, flags, {
      cwd: this.data, stdio: ['ignore', 'pipe', 'pipe'],
      env: environment({ ZWORKER_TEMP_DIR: path.join(this.data, 'worker'), ...this.env }),
    });
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ error }));
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    const remember = (line) => {
      this.log.push(line);
      if (this.log.length > LOG_LINES_MAX) this.log.shift();
    };
    readline.createInterface({ input: this.child.stderr }).on('line', remember);
    const listening = new Promise((resolve) => {
      readline.createInterface({ input: this.child.stdout }).on('line', (line) => {
        remember(line);
        const found = LISTENING.exec(line);
        if (found) resolve({ url: found[1], port: Number(found[2]) });
      });
    });
    const outcome = await Promise.race([listening, this.exited, after(START_MS_MAX)]);
    if (!outcome?.url) {
      this.child.kill('SIGKILL');
      throw new Error(
        `the server did not start: ${JSON.stringify(outcome)}\n${this.log.join('\n')}`);
    }
    this.url = outcome.url;
    this.port = outcome.port;
    this.pid = this.child.pid;
  }

  // SIGTERM; answers the exit. Removes the data unless the caller gave it.
  async stop() {
    this.child.kill('SIGTERM');
    const exit = await Promise.race([this.exited, after(STOP_MS_MAX)]);
    if (exit === undefined) this.child.kill('SIGKILL');
    if (this.ownsData) await rm(this.data, { recursive: true, force: true });
    return exit ?? { code: null, signal: 'SIGKILL' };
  }

  // SIGKILL, then the same data again.
  async crashAndRestart() {
    this.child.kill('SIGKILL');
    await this.exited;
    await this.#spawn();
  }

  // One request. `body` is JSON unless it is text, bytes or a stream. Answers status, headers, text
  // and, when the reply is JSON, its value.
  async request(method, target, { token, headers = {}, body } = {}) {
    const sent = { ...headers };
    if (token) sent.Authorization ??= `Bearer ${token}`;
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    if (body !== undefined && !raw) sent['Content-Type'] ??= 'application/json';
    const reply = await fetch(this.url + target, {
      method, headers: sent, redirect: 'manual',
      body: body === undefined || raw ? body : JSON.stringify(body),
    });
    const text = await reply.text();
    const type = reply.headers.get('content-type') ?? '';
    const json = type.startsWith('application/json') && text !== '' ? JSON.parse(text) : undefined;
    return { status: reply.status, headers: reply.headers, text, json };
  }

  get(target, options) { return this.request('GET', target, options); }
  post(target, body, options) { return this.request('POST', target, { ...options, body }); }
  put(target, body, options) { return this.request('PUT', target, { ...options, body }); }
  delete(target, options) { return this.request('DELETE', target, options); }

  // A new account, signed in. The first account of a server is its administrator.
  async account(email, { password = 'correct horse 9', environment: env = 'live' } = {}) {
    const signup = await this.post('/v1/auth/signup', { email, password });
    expectStatus(signup, 201);
    return {
      ...await this.login(email, { password, environment: env }),
      user_id: signup.json.user_id
    };
  }

  async login(email, { password = 'correct horse 9', environment: env = 'live' } = {}) {
    const login = await this.post('/v1/auth/login', { email, password, environment: env });
    expectStatus(login, 200);
    return { email, password, token: login.json.access_token, bundle: login.json };
  }

  // A statement that must succeed.
  async sql(token, sql, params) {
    const reply = await this.post('/v1/sql', { sql, params }, { token });
    expectStatus(reply, 200, sql);
    return reply.json;
  }
}

export function expectStatus(reply, status, what = '') {
  if (reply.status === status) return;
  throw new Error(`expected ${status}, got ${reply.status} ${what}: ${reply.text.slice(0, 500)}`);
}

// The body of an error of this status and code, checked for its shape.
export function problem(assert, reply, status, code) {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.json?.error, code, reply.text);
  assert.ok(reply.json.message.length > 0);
  assert.equal(reply.json.request_id, reply.headers.get('x-request-id'));
  return reply.json;
}

export function after(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms).unref(); });
}

// Asks until `ready` answers something true; fails after `ms`.
export async function eventually(ready, ms = 5000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await ready();
    if (value) return value;
    if (Date.now() > end) throw new Error(`still not so after ${ms} ms: ${ready}`);
    await after(20);
  }
}
