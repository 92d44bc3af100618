// Events: a WebSocket hears of a change as it happens, a second one resumes after a cut, and an
// event stream shows the same to clients without WebSocket.

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const WebSocket = createRequire(path.join(root, 'deps/package.json'))('ws');
const PATIENCE_MS = 10_000;

// Frames as they come; next() waits for the first that is wanted.
class Listener {
  constructor(url, token) {
    this.frames = [];
    this.wake = () => {};
    this.raw = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['bearer', token]);
    this.raw.on('message', (data) => {
      this.frames.push(JSON.parse(data.toString()));
      this.wake();
    });
    this.opened = new Promise((resolve, reject) => {
      this.raw.on('open', resolve);
      this.raw.on('error', reject);
    });
  }

  async next(wanted) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.frames.findIndex(wanted);
      if (at >= 0) return this.frames.splice(at, 1)[0];
      if (Date.now() > end) throw new Error('no such frame came over the WebSocket');
      await new Promise((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, 200).unref();
      });
    }
  }

  ask(talk, message) {
    const text = JSON.stringify({ ...message, id: message.action });
    talk.say(`→ ${text}`);
    this.raw.send(text);
    return this.next((frame) => frame.id === message.action);
  }
}

export async function walkEvents(talk, world) {
  const token = world.admin.access;
  const execute = (text) => talk.request('POST', '/v1/sql', { token, body: { sql: text } });

  talk.step('A WebSocket listens to a table, and hears of a change when it is committed');
  await execute('CREATE TABLE visits (id INTEGER PRIMARY KEY, page TEXT)');
  const first = new Listener(talk.url, token);
  await first.opened;
  talk.equal('subscribed', (await first.ask(talk, { action: 'subscribe', topic: 'tables/visits' }))
    .type, 'subscribed');
  await execute("INSERT INTO visits (page) VALUES ('/'), ('/books')");
  const change = await first.next((frame) => frame.topic === 'tables/visits');
  talk.equal('event', [change.type, change.data.operation, change.data.count],
    ['change', 'insert', 2]);

  talk.step('The connection breaks; whoever comes back asks for what it missed');
  first.raw.terminate();
  await execute("INSERT INTO visits (page) VALUES ('/missed')");
  const second = new Listener(talk.url, token);
  await second.opened;
  const resumed =
    await second.ask(talk, { action: 'resume', seq: change.seq, topics: ['tables/visits'] });
  talk.equal('replayed, complete', [resumed.data.replayed, resumed.data.complete], [1, true]);
  const missed = await second.next((frame) => frame.topic === 'tables/visits');
  talk.check('it comes after the last one seen', missed.seq > change.seq, missed.seq);
  second.raw.close();

  talk.step('The same as an event stream, for clients without WebSocket');
  const abort = new AbortController();
  const stream = await fetch(`${talk.url}/v1/events?topic=tables/visits&from_seq=${change.seq}`,
    { headers: { Authorization: `Bearer ${token}` }, signal: abort.signal });
  talk.equal('type', stream.headers.get('content-type'), 'text/event-stream');
  const reader = stream.body.getReader();
  let text = '';
  while (!text.includes(`id: ${missed.seq}\n`)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += Buffer.from(value).toString();
  }
  talk.check('it begins with the missed event', text.includes(`id: ${missed.seq}\ndata: {`), text);
  abort.abort();
}
