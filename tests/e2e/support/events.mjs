// Clients of events: the npm `ws` client with a queue in front, and a reader of event streams.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const require = createRequire(path.join(root, 'deps/package.json'));
export const WebSocket = require('ws');

const WAIT_MS = 10_000;

export class Socket {
  // `token` goes into the subprotocol unless `how` says header, query or none.
  static async open(server, { token, how = 'protocol', headers = {}, options = {} } = {}) {
    const socket = new Socket(server, { token, how, headers, options });
    await socket.opened;
    return socket;
  }

  constructor(server, { token, how = 'protocol', headers = {}, options = {} } = {}) {
    const query = token && how === 'query' ? `?token=${encodeURIComponent(token)}` : '';
    const protocols = token && how === 'protocol' ? ['bearer', token] : [];
    const sent = { ...headers };
    if (token && how === 'header') sent.Authorization = `Bearer ${token}`;
    this.frames = [];
    this.waiting = [];
    this.last = 0;
    this.raw = new WebSocket(`ws://127.0.0.1:${server.port}/ws${query}`, protocols,
      { headers: sent, perMessageDeflate: false, ...options });
    this.raw.on('message', (data) => this.#arrived(JSON.parse(data.toString())));
    this.closed = new Promise((resolve) => {
      this.raw.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        for (const waiting of this.waiting.splice(0)) waiting.reject(new Error(`closed: ${code}`));
      });
    });
    this.opened = new Promise((resolve, reject) => {
      this.raw.on('open', resolve);
      this.raw.on('error', reject);
      this.raw.on('unexpected-response', (request, response) => {
        reject(Object.assign(new Error(`HTTP ${response.statusCode}`),
          { status: response.statusCode, headers: response.headers }));
        request.destroy();
      });
    });
    this.opened.catch(() => {});
  }

  #arrived(frame) {
    const at = this.waiting.findIndex((waiting) => waiting.wanted(frame));
    if (at >= 0) this.waiting.splice(at, 1)[0].resolve(frame);
    else this.frames.push(frame);
  }

  say(message) { this.raw.send(JSON.stringify(message)); }

  // The first frame, come or still to come, that is wanted.
  next(wanted = () => true, ms = WAIT_MS) {
    const at = this.frames.findIndex(wanted);
    if (at >= 0) return Promise.resolve(this.frames.splice(at, 1)[0]);
    return new Promise((resolve, reject) => {
      const waiting = { wanted, resolve, reject };
      this.waiting.push(waiting);
      setTimeout(() => {
        this.waiting = this.waiting.filter((one) => one !== waiting);
        reject(new Error(`no such frame in ${ms} ms: ${wanted}`));
      }, ms).unref();
    });
  }

  event(topic, type) {
    return this.next((frame) => frame.topic === topic && (!type || frame.type === type));
  }

  // The answer to a message, found by its id.
  ask(message) {
    const id = ++this.last;
    this.say({ ...message, id });
    return this.next((frame) => frame.id === id);
  }

  async subscribe(topic, more = {}) {
    const answer = await this.ask({ action: 'subscribe', topic, ...more });
    assert.equal(answer.type, 'subscribed', JSON.stringify(answer));
    return answer;
  }

  close() {
    this.raw.close();
    return this.closed;
  }
}

// Server-sent events over fetch; next() answers {event, id, data} with data as JSON.
export async function openStream(server, target, { token, headers = {} } = {}) {
  const abort = new AbortController();
  const sent = { ...headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const reply = await fetch(server.url + target, { headers: sent, signal: abort.signal });
  const decoder = new TextDecoder();
  const reader = reply.body.getReader();
  let text = '';
  const next = async () => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += decoder.decode(value, { stream: true });
        continue;
      }
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const fields = Object.fromEntries(block.split('\n').filter((line) => !line.startsWith(':'))
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
      if (fields.data === undefined) continue;
      return { event: fields.event, id: fields.id, data: JSON.parse(fields.data) };
    }
  };
  return { reply, next, close: () => abort.abort() };
}
