// Many WebSockets on one server: most read, some do not, some are cut off and come back. Counts
// events that anybody missed without having been told.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { WebSocket } from '../e2e/support/events.mjs';
import { eventually, Server } from '../e2e/support/server.mjs';

const NARROW = 'tables/narrow'; // small events, which everybody hears
const WIDE = 'tables/wide'; // large ones, which fill the way to those that do not read
const OPENED_AT_ONCE = 200;
// Together more than the kernel keeps for a socket, and less than the server keeps for a resume.
const WIDE_BYTES = 24_000;
const WIDE_PER_NARROW = 4;
const SEQ = /"seq":(\d+)/;

// What one socket of the crowd has seen; it parses no more of a frame than it must.
class Listener {
  constructor(server, token) {
    this.server = server;
    this.token = token;
    this.seqs = [];
    this.gaps = 0;
    this.incomplete = 0;
  }

  async open(topics, resumeFrom) {
    this.topics = topics;
    this.raw = new WebSocket(`ws://127.0.0.1:${this.server.port}/ws`, ['bearer', this.token],
      { perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      this.raw.once('open', resolve);
      this.raw.once('error', reject);
    });
    this.raw.on('error', () => {});
    let left = resumeFrom === undefined ? topics.length : 1;
    await new Promise((resolve) => {
      this.raw.on('message', (data) => {
        if (this.#take(data.toString()) && --left === 0) resolve();
      });
      if (resumeFrom === undefined)
        for (const topic of topics) this.say({ action: 'subscribe', topic });
      else this.say({ action: 'resume', seq: resumeFrom, topics });
    });
    return this;
  }

  say(message) { this.raw.send(JSON.stringify(message)); }

  // Answers whether it was an answer to a request.
  #take(text) {
    const seq = Number(SEQ.exec(text)[1]);
    if (seq !== 0) {
      this.seqs.push(seq);
      this.onEvent?.(seq);
      return false;
    }
    const frame = JSON.parse(text);
    if (frame.type === 'dropped') {
      this.gaps += 1;
      this.say({ action: 'resume', seq: frame.data.last_seq, topics: this.topics });
    } else if (frame.type === 'resumed' && !frame.data.complete) {
      this.incomplete += 1;
    }
    return ['subscribed', 'resumed'].includes(frame.type);
  }

  // Whether it has seen each of these, told twice or not.
  has(seqs) {
    const seen = new Set(this.seqs);
    return seqs.every((seq) => seen.has(seq));
  }
}

const residentMib = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function openMany(server, token, count, topics) {
  const all = [];
  while (all.length < count) {
    const some = Math.min(OPENED_AT_ONCE, count - all.length);
    all.push(...await Promise.all(Array.from({ length: some }, () =>
      new Listener(server, token).open(topics))));
  }
  return all;
}

function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * part)];
}

// Inserts rows; half-way, `halfWay` runs. Answers how long each event took to the last reader.
async function publish(server, token, quick, events, halfWay) {
  const took = [];
  const filler = randomBytes(WIDE_BYTES).toString('hex');
  for (let i = 0; i < events; ++i) {
    if (i === events / 2) halfWay();
    const readers = quick.filter((one) => !one.isCut);
    let left = readers.length;
    const heard = new Promise((resolve) => {
      for (const one of readers) one.onEvent = () => { if (--left === 0) resolve(); };
    });
    for (let n = 0; n < WIDE_PER_NARROW; ++n)
      await server.sql(token, 'INSERT INTO wide (filler) VALUES (?)', [filler]);
    const began = performance.now();
    await server.sql(token, 'INSERT INTO narrow VALUES (?)', [i]);
    await heard;
    took.push(performance.now() - began);
  }
  return took;
}

// `sockets` in all, of which `slow` do not read and `cut` are cut off half-way.
export async function runCrowd({ sockets, slow, cut, events }) {
  const server = await Server.start({ env: { ZWS_QUEUE: '32', ZWS_RATE: '0' } });
  try {
    const { token } = await server.account('admin@example.org');
    await server.sql(token, 'CREATE TABLE narrow (id INTEGER PRIMARY KEY)');
    await server.sql(token, 'CREATE TABLE wide (id INTEGER PRIMARY KEY, filler TEXT)');
    const before = residentMib(server.pid);
    const witness = await new Listener(server, token).open([NARROW, WIDE]);
    const quick = await openMany(server, token, sockets - slow - 1, [NARROW]);
    const idle = residentMib(server.pid);
    const slowOnes = await openMany(server, token, slow, [NARROW, WIDE]);
    for (const one of slowOnes) one.raw._socket.pause();
    const cutOnes = quick.slice(0, cut);
    const took = await publish(server, token, quick, events, () => {
      for (const one of cutOnes) {
        one.isCut = true;
        one.raw.terminate();
      }
    });
    await eventually(() => witness.seqs.length === (1 + WIDE_PER_NARROW) * events, 30_000);
    const busy = residentMib(server.pid);
    const all = witness.seqs;
    const narrow = quick.at(-1).seqs;
    for (const one of slowOnes) one.raw._socket.resume();
    for (const one of cutOnes) {
      const again = await new Listener(server, token).open([NARROW], one.seqs.at(-1));
      one.incomplete = again.incomplete;
      one.rest = again;
    }
    const whole = (one) => ({ has: (seqs) => new Set([...one.seqs, ...one.rest.seqs]).size
      === seqs.length && one.seqs.length + one.rest.seqs.length === seqs.length });
    await eventually(() => slowOnes.every((one) => one.has(all)), 60_000).catch(() => {});
    await eventually(() => cutOnes.every((one) => whole(one).has(narrow)), 30_000).catch(() => {});
    const metrics = (await server.get('/v1/metrics/ws', { token })).json;
    const sorted = (one) => one.seqs.every((seq, i) => i === 0 || one.seqs[i - 1] < seq);
    const still = quick.slice(cut);
    for (const one of [witness, ...quick, ...slowOnes, ...cutOnes.map(({ rest }) => rest)])
      one.raw.terminate();
    return {
      sockets, slow, cut, events,
      readers_that_missed: still.filter((one) => !one.has(narrow)).length,
      readers_out_of_order: still.filter((one) => !sorted(one)).length,
      slow_told_of_a_gap: slowOnes.filter((one) => one.gaps > 0).length,
      slow_that_missed: slowOnes.filter((one) => !one.has(all)).length,
      cut_that_missed: cutOnes.filter((one) => !whole(one).has(narrow)).length,
      incomplete: [...slowOnes, ...cutOnes].filter((one) => one.incomplete > 0).length,
      events_dropped: metrics.dropped_total,
      to_the_last_reader_ms_p50: percentile(took, 0.5),
      to_the_last_reader_ms_max: percentile(took, 1),
      idle_kib_per_socket: (idle - before) * 1024 / (sockets - slow),
      busy_mib: busy, idle_mib: idle,
    };
  } finally {
    await server.stop();
  }
}

