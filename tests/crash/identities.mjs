// Accounts, sessions and API keys: after the crash what was handed out works, what was ended does
// not.

import { Unanswered } from './client.mjs';
import { isUnknown } from './ledger.mjs';

const PASSWORD = 'correct horse battery 9';
const USERS_MAX = 40;
const SESSIONS_PER_USER_MAX = 10; // the server ends the oldest of more than 20

export class IdentityWriter {
  constructor(ledger, random, number) {
    Object.assign(this, { ledger, random, number, users: [], sessions: [], keys: [] });
    this.signUps = 0;
  }

  async step(client) {
    const dice = this.random.next();
    const open = this.sessions.filter((session) => session.state === 'open');
    const keys = this.keys.filter((key) => key.state === 'good');
    if (this.users.length === 0 || (dice < 0.15 && this.users.length < USERS_MAX)) {
      return this.#signUp(client);
    }
    if (open.length === 0 || dice < 0.35) return this.#logIn(client);
    if (dice < 0.75) return this.#refresh(client, this.random.pick(open));
    if (dice < 0.85) return this.#makeKey(client, this.random.pick(open));
    if (dice < 0.92 && keys.length > 0) return this.#revoke(client, this.random.pick(keys));
    return this.#logOut(client, this.random.pick(open));
  }

  // Sends and counts. `onLost` runs when the outcome is unknown. Answers the body of a success.
  async #send(kind, statuses, onLost, client, method, path, options) {
    let answer;
    try {
      answer = await client.request(method, path, options);
    } catch (error) {
      if (error instanceof Unanswered) {
        this.ledger.unknown(kind);
        onLost();
      }
      throw error;
    }
    if (!statuses.includes(answer.status)) {
      if (isUnknown(answer.status)) onLost();
      this.ledger.refused(kind, answer);
      return null;
    }
    this.ledger.acknowledged(kind);
    return answer.body ?? {};
  }

  async #signUp(client) {
    this.signUps += 1;
    const email = `user${this.signUps}.writer${this.number}@example.com`;
    const user = { email, id: null, state: 'unchecked', sessions: 0 };
    const lost = () => this.users.push({ ...user, state: 'unknown' });
    const body = { email, password: PASSWORD };
    const made = await this.#send('sign-up', [201], lost, client, 'POST', '/v1/auth/signup',
      { body });
    if (made) this.users.push({ ...user, id: made.user_id });
  }

  async #logIn(client) {
    const known = this.users.filter((user) => user.id && user.sessions < SESSIONS_PER_USER_MAX);
    if (known.length === 0) return;
    const user = this.random.pick(known);
    user.sessions += 1; // also when no answer comes
    const body = { email: user.email, password: PASSWORD };
    const bundle = await this.#send('login', [200], () => {}, client, 'POST', '/v1/auth/login',
      { body });
    if (bundle) this.sessions.push({ user, ...tokensOf(bundle), state: 'open', changed: true });
  }

  async #refresh(client, session) {
    session.changed = true; // a lost one is asked again with the same token, as a client would
    const body = { refresh_token: session.refresh };
    const bundle = await this.#send('refresh', [200], () => {}, client, 'POST', '/v1/auth/refresh',
      { body });
    if (bundle) Object.assign(session, tokensOf(bundle));
  }

  async #logOut(client, session) {
    const lost = () => Object.assign(session, { state: 'maybe closed', changed: true });
    const body = { refresh_token: session.refresh };
    const done = await this.#send('logout', [204], lost, client, 'POST', '/v1/auth/logout',
      { body });
    if (!done) return;
    Object.assign(session, { state: 'closed', changed: true });
    session.user.sessions -= 1;
  }

  async #makeKey(client, session) {
    if (this.keys.filter((key) => key.user === session.user).length >= 40) return;
    const made = await this.#send('api key', [201], () => {}, client, 'POST', '/v1/api-keys',
      { token: session.access, body: { name: 'crash' } });
    if (!made) return;
    const { user } = session;
    this.keys.push({ user, id: made.id, text: made.key, state: 'good', changed: true });
  }

  async #revoke(client, key) {
    const session = this.sessions.find((each) => each.user === key.user && each.state === 'open');
    if (!session) return;
    const lost = () => Object.assign(key, { state: 'maybe revoked', changed: true });
    const done = await this.#send('key revocation', [200], lost, client, 'DELETE',
      `/v1/api-keys/${key.id}`, { token: session.access });
    if (done) Object.assign(key, { state: 'revoked', changed: true });
  }

  async verify(client) {
    for (const user of this.users) {
      if (user.state !== 'checked') await this.#verifyUser(client, user);
    }
    this.users = this.users.filter((user) => user.id);
    for (const session of this.sessions.filter((each) => each.changed)) {
      await this.#verifySession(client, session);
    }
    for (const key of this.keys.filter((each) => each.changed)) await this.#verifyKey(client, key);
  }

  async #verifyUser(client, user) {
    const body = { email: user.email, password: PASSWORD };
    const login = await client.request('POST', '/v1/auth/login', { body });
    if (user.state === 'unknown' && login.status === 401) {
      // Not applied: then nothing of it may be in the way of a second try.
      const again = await client.request('POST', '/v1/auth/signup', { body });
      this.ledger.must(again.status === 201, `half a sign-up of ${user.email}: ${again.status}`);
      user.id = again.body?.user_id ?? null;
    } else if (this.ledger.must(login.status === 200, `login of ${user.email}: ${login.status}`)) {
      if (user.state === 'unknown') this.ledger.applied('sign-up');
      this.ledger.must(user.id === null || login.body.user.id === user.id, `id of ${user.email}`);
      user.id = login.body.user.id;
      user.sessions += 1;
    }
    user.state = 'checked';
  }

  async #verifySession(client, session) {
    session.changed = false;
    const who = `session of ${session.user.email}`;
    const whoami = await client.request('GET', '/v1/whoami', { token: session.access });
    const body = { refresh_token: session.refresh };
    const refresh = await client.request('POST', '/v1/auth/refresh', { body });
    const statuses = `whoami ${whoami.status}, refresh ${refresh.status}`;
    if (session.state === 'maybe closed') {
      session.state = refresh.status === 200 ? 'open' : 'closed';
      if (session.state === 'closed') this.ledger.applied('logout');
    }
    if (session.state === 'closed') {
      this.ledger.must(whoami.status === 401 && refresh.status === 401,
        `closed ${who}: ${statuses}`);
      return;
    }
    this.ledger.must(whoami.status === 200, `open ${who}: ${statuses}`);
    if (this.ledger.must(refresh.status === 200, `open ${who}: ${statuses}`)) {
      this.ledger.must(whoami.body?.user_id === session.user.id, `${who} is somebody else's`);
      Object.assign(session, tokensOf(refresh.body));
    }
  }

  async #verifyKey(client, key) {
    key.changed = false;
    const { status } = await client.request('GET', '/v1/whoami', { token: key.text });
    if (key.state === 'maybe revoked') {
      key.state = status === 200 ? 'good' : 'revoked';
      if (key.state === 'revoked') this.ledger.applied('key revocation');
    }
    const wanted = key.state === 'good' ? 200 : 401;
    this.ledger.must(status === wanted, `${key.state} key of ${key.user.email}: ${status}`);
  }

  // Everything of all crashes once more. Access tokens may have expired meanwhile, so only what
  // lasts is asked for.
  async verifyAll(client) {
    for (const session of this.sessions) {
      const body = { refresh_token: session.refresh };
      const { status } = await client.request('POST', '/v1/auth/refresh', { body });
      this.ledger.must(status === (session.state === 'open' ? 200 : 401),
        `${session.state} session of ${session.user.email} at the end: ${status}`);
    }
    for (const key of this.keys) await this.#verifyKey(client, key);
  }
}

function tokensOf(bundle) {
  return { access: bundle.access_token, refresh: bundle.refresh_token };
}
