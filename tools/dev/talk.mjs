// A conversation on the screen: each request, its answer, and what was checked about it.

import { isDeepStrictEqual } from 'node:util';

const SHOWN_MAX = 220;
const EXPECTED_MAX = 90;
const SECRETS = new Set(['password', 'access_token', 'refresh_token', 'key', 'token']);

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
const dim = (text) => paint(2, text);
const bold = (text) => paint(1, text);

function shortened(text, most) {
  const line = text.replaceAll('\n', '⏎').replaceAll('\r', '');
  if (line.length <= most) return line;
  return `${line.slice(0, most)}… (${text.length} characters)`;
}

// As JSON on one line, with secrets cut to their first characters.
function shown(value, most = SHOWN_MAX) {
  if (typeof value === 'string') return shortened(value, most);
  const masked = (key, inner) =>
    SECRETS.has(key) && typeof inner === 'string' ? `${inner.slice(0, 6)}…` : inner;
  return shortened(JSON.stringify(value, masked), most);
}

export class Talk {
  constructor() {
    this.url = null;
    this.right = 0;
    this.wrong = 0;
    this.steps = 0;
  }

  step(title) {
    this.steps += 1;
    console.log(`\n${bold(`${this.steps}. ${title}`)}`);
  }

  say(text) {
    console.log(`   ${text}`);
  }

  // what: what should hold. detail: what was found instead.
  check(what, holds, detail) {
    if (holds) {
      this.right += 1;
      console.log(`   ${paint(32, '✓')} ${what}`);
    } else {
      this.wrong += 1;
      console.log(`   ${paint(31, '✗')} ${what}${detail === undefined ? '' : `, but: ${detail}`}`);
    }
    return holds;
  }

  equal(what, actual, expected) {
    const text = `${what}: ${shown(expected, EXPECTED_MAX)}`;
    return this.check(text, isDeepStrictEqual(actual, expected), shown(actual ?? null));
  }

  // Sends one request and checks the status. Answers {status, headers, text, body}, with body the
  // parsed JSON of a JSON reply.
  // `raw` is a body that is no JSON: {type, bytes}.
  async request(method, path,
    { token, key, body, raw, accept, headers = {}, status = 200 } = {}) {
    const sent = { ...headers };
    if (token) sent.Authorization = `Bearer ${token}`;
    if (key) sent['X-API-Key'] = key;
    if (accept) sent.Accept = accept;
    if (body !== undefined) sent['Content-Type'] = 'application/json';
    if (raw) sent['Content-Type'] = raw.type;
    const note = accept ? `  ${dim(`Accept: ${accept}`)}` : '';
    const said = raw?.bytes ?? (body === undefined ? '' : body);
    console.log(`   → ${bold(method)} ${path}  ${shown(said)}${note}`);
    const reply = await fetch(this.url + path, {
      method,
      headers: sent,
      body: raw?.bytes ?? (body === undefined ? undefined : JSON.stringify(body)),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await reply.text();
    const type = reply.headers.get('content-type') ?? '';
    const answer = { status: reply.status, headers: reply.headers, text, body: undefined };
    if (/^application\/(?:[\w.-]+\+)?json\b/.test(type)) answer.body = JSON.parse(text);
    console.log(`   ← ${bold(String(reply.status))}  ${dim(shown(answer.body ?? text))}`);
    this.check(`status ${status}`, reply.status === status, reply.status);
    return answer;
  }

  get total() {
    return this.right + this.wrong;
  }
}
