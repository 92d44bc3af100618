// Sign-up, sign-in, refresh, sessions, API keys: http-api.md section 2.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { after, problem, Server } from './support/server.mjs';

let server;
let admin;
before(async () => {
  server = await Server.start();
  admin = await server.account('admin@example.org');
});
afterAll(() => server?.stop());

const whoami = (token) => server.get('/v1/whoami', { token });

test('the first account is the administrator, the next a reader', async () => {
  const reader = await server.account('reader@example.org');
  assert.deepEqual((await whoami(admin.token)).json.roles, ['admin']);
  const me = (await whoami(reader.token)).json;
  assert.deepEqual(me.roles, ['reader']);
  assert.equal(me.env_slug, 'live');
  assert.equal(me.token_kind, 'access');
  assert.equal(me.org_id, 'default');
});

test('sign-up refuses bad addresses, weak passwords and taken addresses', async () => {
  const signup = (email, password) => server.post('/v1/auth/signup', { email, password });
  problem(assert, await signup('nobody', 'correct horse 9'), 400, 'invalid_email');
  problem(assert, await signup('x@localhost', 'correct horse 9'), 400, 'invalid_email');
  problem(assert, await signup('w@example.org', 'short'), 400, 'weak_password');
  problem(assert, await signup('w@example.org', 'password'), 400, 'weak_password');
  problem(assert, await signup('w@example.org', 'x'.repeat(129)), 400, 'weak_password');
  problem(assert, await signup(' ADMIN@Example.org ', 'correct horse 9'), 409, 'conflict');
  const missing = await server.post('/v1/auth/signup', { email: 'w@example.org' });
  assert.equal(problem(assert, missing, 422, 'unprocessable').details.field, 'password');
});

test('a wrong password and an unknown address look the same', async () => {
  const login = (email, password) => server.post('/v1/auth/login', { email, password });
  const wrong = await login('admin@example.org', 'not the password');
  const unknown = await login('ghost@example.org', 'not the password');
  problem(assert, wrong, 401, 'invalid_credentials');
  problem(assert, unknown, 401, 'invalid_credentials');
  assert.equal(wrong.json.message, unknown.json.message);
  assert.equal(wrong.headers.get('www-authenticate'), 'Bearer');
});

test('login chooses the environment', async () => {
  const sandbox = await server.login('admin@example.org', { environment: 'sandbox' });
  assert.equal((await whoami(sandbox.token)).json.env_slug, 'sandbox');
  const unknown = await server.post('/v1/auth/login', {
    email: admin.email, password: admin.password, environment: 'moon',
  });
  problem(assert, unknown, 400, 'unknown_environment');
});

test('tokens never rest in caches', async () => {
  const reply =
    await server.post('/v1/auth/login', { email: admin.email, password: admin.password });
  assert.equal(reply.headers.get('cache-control'), 'no-store');
});

const refresh = (refresh_token) => server.post('/v1/auth/refresh', { refresh_token });

test('a refresh token works once, and twice within the grace', async () => {
  const { bundle } = await server.login(admin.email);
  const first = await refresh(bundle.refresh_token);
  assert.equal(first.status, 200, first.text);
  const again = await refresh(bundle.refresh_token);
  assert.equal(again.status, 200, again.text);
  assert.equal(again.json.refresh_token, first.json.refresh_token, 'the same successor');
  assert.equal((await whoami(first.json.access_token)).status, 200);
});

test('an access token is not a refresh token, and garbage is nothing', async () => {
  problem(assert, await refresh(admin.token), 401, 'invalid_refresh_token');
  problem(assert, await refresh('garbage'), 401, 'invalid_refresh_token');
  const { bundle } = await server.login(admin.email);
  assert.equal((await whoami(bundle.refresh_token)).status, 401);
});

test('a reused token revokes the family, access tokens too', { timeout: 30_000 }, async () => {
  const { bundle } = await server.login(admin.email);
  const second = (await refresh(bundle.refresh_token)).json;
  await after(10_500);  // the grace of security.md, which no clock of the test can move
  problem(assert, await refresh(bundle.refresh_token), 401, 'invalid_refresh_token');
  problem(assert, await refresh(second.refresh_token), 401, 'invalid_refresh_token');
  assert.equal((await whoami(second.access_token)).status, 401);
  assert.equal((await whoami(admin.token)).status, 200, 'another session lives on');
});

test('switching gives tokens of the other environment', async () => {
  for (const path of ['/v1/auth/switch-environment', '/v1/auth/switch']) {
    const { bundle } = await server.login(admin.email);
    const other = await server.post(path, {
      refresh_token: bundle.refresh_token, environment: 'sandbox',
    });
    assert.equal(other.status, 200, other.text);
    assert.equal(other.json.environment.slug, 'sandbox');
    assert.equal((await whoami(other.json.access_token)).json.env_slug, 'sandbox');
    const unknown = await server.post(path, {
      refresh_token: other.json.refresh_token, environment: 'moon',
    });
    problem(assert, unknown, 400, 'unknown_environment');
  }
});

test('logout ends the session within a second', async () => {
  const { token, bundle } = await server.login(admin.email);
  const out = await server.post('/v1/auth/logout', { refresh_token: bundle.refresh_token });
  assert.equal(out.status, 204);
  assert.equal(out.text, '');
  await after(1000);
  assert.equal((await whoami(token)).status, 401);
  problem(assert, await refresh(bundle.refresh_token), 401, 'invalid_refresh_token');
});

test('logout works by the access token alone, and not without any', async () => {
  const { token } = await server.login(admin.email);
  assert.equal((await server.request('POST', '/v1/auth/logout', { token })).status, 204);
  await after(1000);
  assert.equal((await whoami(token)).status, 401);
  assert.equal((await server.request('POST', '/v1/auth/logout')).status, 401);
});

test('sessions are listed and ended one by one', async () => {
  const user = await server.account('sessions@example.org');
  const other = await server.login(user.email);
  const sessions = (await server.get('/v1/auth/sessions', { token: user.token })).json;
  assert.equal(sessions.length, 2);
  assert.equal(sessions.filter((session) => session.current).length, 1);
  const id = sessions.find((session) => !session.current).id;
  problem(assert, await server.delete(`/v1/auth/sessions/${id}`, { token: admin.token }), 404,
    'not_found');
  assert.equal((await server.delete(`/v1/auth/sessions/${id}`, { token: user.token })).status, 204);
  await after(1000);
  assert.equal((await whoami(other.token)).status, 401);
});

test('a new password ends the other sessions', async () => {
  const user = await server.account('password@example.org');
  const other = await server.login(user.email);
  const change = (current_password, new_password) =>
    server.post('/v1/auth/password', { current_password, new_password }, { token: user.token });
  problem(assert, await change('wrong wrong', 'another horse 8'), 401, 'invalid_credentials');
  problem(assert, await change(user.password, 'short'), 400, 'weak_password');
  assert.equal((await change(user.password, 'another horse 8')).status, 204);
  await after(1000);
  assert.equal((await whoami(user.token)).status, 200);
  assert.equal((await whoami(other.token)).status, 401);
  await server.login(user.email, { password: 'another horse 8' });
});

test('a disabled user is told so only after the right password', async () => {
  const user = await server.account('disabled@example.org');
  const disabled = await server.put(`/v1/users/${user.user_id}`, { status: 'disabled' },
    { token: admin.token });
  assert.equal(disabled.status, 200, disabled.text);
  assert.equal(disabled.json.status, 'disabled');
  await after(1000);
  assert.equal((await whoami(user.token)).status, 401);
  const login = (password) => server.post('/v1/auth/login', { email: user.email, password });
  problem(assert, await login(user.password), 403, 'account_disabled');
  problem(assert, await login('wrong password'), 401, 'invalid_credentials');
});

test('the second family adds token, and renews an access token without rotation', async () => {
  const registered = await server.post('/api/v1/auth/register',
    { email: 'api@example.org', password: 'correct horse 9', name: 'Api' });
  assert.equal(registered.status, 201, registered.text);
  assert.equal(registered.json.token, registered.json.access_token);
  const token = registered.json.token;
  const me = (await server.get('/api/v1/auth/me', { token })).json;
  assert.equal(me.id, me.user_id);
  assert.equal(me.name, 'Api');
  assert.equal(me.environment.slug, 'live');
  const renewed = await server.request('POST', '/api/v1/auth/refresh', { token });
  assert.equal(renewed.status, 200, renewed.text);
  assert.equal(renewed.json.token, renewed.json.access_token);
  assert.equal(renewed.json.refresh_token, undefined);
  assert.equal((await whoami(renewed.json.token)).status, 200);
  assert.equal((await refresh(registered.json.refresh_token)).status, 200, 'still unspent');
  const login = await server.post('/api/v1/auth/login',
    { email: 'api@example.org', password: 'correct horse 9' });
  assert.equal(login.json.token, login.json.access_token);
  assert.equal((await server.post('/api/v1/auth/logout',
    { refresh_token: login.json.refresh_token })).status, 204);
});

test('cookie mode keeps the refresh token from scripts and from other origins', async () => {
  const same = { 'Sec-Fetch-Site': 'same-origin' };
  const wish = { email: admin.email, password: admin.password, cookie: true };
  problem(assert, await server.post('/v1/auth/login', wish,
    { headers: { 'Sec-Fetch-Site': 'cross-site' } }), 403, 'permission_denied');
  const login = await server.post('/v1/auth/login', wish, { headers: same });
  assert.equal(login.status, 200, login.text);
  assert.equal(login.json.refresh_token, null);
  const set = login.headers.get('set-cookie');
  for (const part of ['__Host-', 'Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/']) {
    assert.ok(set.includes(part), `${part} in ${set}`);
  }
  const cookie = set.split(';')[0];
  const elsewhere = await server.get('/v1/whoami', { headers: { ...same, Cookie: cookie } });
  assert.equal(elsewhere.status, 401,
    'no other route reads it');
  const foreign = { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' };
  problem(assert, await server.post('/v1/auth/refresh', {}, { headers: foreign }), 403,
    'permission_denied');
  const form = { Cookie: cookie, ...same, 'Content-Type': 'text/plain' };
  assert.equal((await server.post('/v1/auth/refresh', '{}', { headers: form })).status, 415);
  const renewed =
    await server.post('/v1/auth/refresh', {}, { headers: { Cookie: cookie, ...same } });
  assert.equal(renewed.status, 200, renewed.text);
  assert.equal(renewed.json.refresh_token, null);
  const next = renewed.headers.get('set-cookie').split(';')[0];
  assert.notEqual(next, cookie);
  const out = await server.post('/v1/auth/logout', {}, { headers: { Cookie: next, ...same } });
  assert.equal(out.status, 204);
  assert.match(out.headers.get('set-cookie'), /Max-Age=0/);
});

test('API keys act as their maker, narrowed by scopes, until revoked', async () => {
  const made = await server.post('/v1/api-keys',
    { name: 'ci', scopes: ['tables:read'], expires_in_days: 1 }, { token: admin.token });
  assert.equal(made.status, 201, made.text);
  const { id, key } = made.json;
  assert.ok(key.startsWith('zs_'));
  assert.equal(made.json.key_prefix, key.slice(0, 12));
  for (const headers of [{ 'X-API-Key': key }, { Authorization: `bearer ${key}` }]) {
    const me = (await server.get('/v1/whoami', { headers })).json;
    assert.equal(me.token_kind, 'api_key');
    assert.equal(me.token_id, id);
  }
  const effective = (await server.get('/v1/permissions/effective', { token: key })).json;
  assert.deepEqual(effective.tables, ['read']);
  assert.deepEqual(effective.permissions, []);
  problem(assert,
    await server.post('/v1/sql', { sql: 'CREATE TABLE no (id INTEGER)' }, { token: key }), 403,
    'permission_denied');
  const listed = (await server.get('/v1/api-keys', { token: admin.token })).json;
  assert.ok(listed.some((one) => one.id === id));
  assert.ok(!JSON.stringify(listed).includes(key), 'never shown again');
  const changed = await server.put(`/v1/api-keys/${id}`, { name: 'ci2' }, { token: admin.token });
  assert.equal(changed.json.name, 'ci2');
  const revoked = await server.delete(`/v1/api-keys/${id}`, { token: admin.token });
  assert.equal(revoked.status, 200);
  assert.ok(revoked.json.message);
  assert.equal((await whoami(key)).status, 401, 'at once');
  assert.equal((await server.get(`/v1/api-keys/${id}`, { token: admin.token })).status, 410);
});

test('a rotated key lives through its grace only', async () => {
  const made = (await server.post('/api/v1/api-keys', {}, { token: admin.token })).json;
  const rotate = (grace_secs) =>
    server.post(`/v1/api-keys/${made.id}/rotate`, { grace_secs }, { token: admin.token });
  const graceful = (await rotate(60)).json;
  assert.notEqual(graceful.key, made.key);
  assert.equal((await whoami(made.key)).status, 200);
  assert.equal((await whoami(graceful.key)).status, 200);
  const hard = (await rotate(0)).json;
  assert.equal((await whoami(graceful.key)).status, 401);
  assert.equal((await whoami(hard.key)).status, 200);
});

test('keys of others do not exist, except for administrators', async () => {
  const user = await server.account('keys@example.org');
  const other = await server.account('other@example.org');
  const made = (await server.post('/v1/api-keys', {}, { token: user.token })).json;
  const seen = await server.get(`/v1/api-keys/${made.id}`, { token: other.token });
  assert.ok([403, 404].includes(seen.status), seen.text);
  assert.equal((await server.get(`/v1/api-keys/${made.id}`, { token: admin.token })).status, 200);
  problem(assert, await server.get('/v1/api-keys/nonsense', { token: user.token }), 400,
    'invalid_argument');
});

test('two different credentials in one request are refused', async () => {
  const made = (await server.post('/v1/api-keys', {}, { token: admin.token })).json;
  const both = { Authorization: `Bearer ${admin.token}`, 'X-API-Key': made.key };
  assert.equal((await server.get('/v1/whoami', { headers: both })).status, 400);
});

test('the environments are listed with the current one', async () => {
  const environments = (await server.get('/v1/environments', { token: admin.token })).json;
  assert.deepEqual(environments.map((one) => one.slug).sort(), ['live', 'sandbox']);
  assert.equal(environments.find((one) => one.current).slug, 'live');
});

test('sign-ups can be closed, but for the first', async () => {
  const closed = await Server.start({ env: { ZAUTH_SIGNUP: 'closed' } });
  try {
    await closed.account('first@example.org');
    const second = await closed.post('/v1/auth/signup',
      { email: 'second@example.org', password: 'correct horse 9' });
    problem(assert, second, 403, 'signup_closed');
  } finally {
    await closed.stop();
  }
});

test('too many failed logins are slowed down', async () => {
  const strict = await Server.start({
    env: { ZAUTH_LOGIN_PER_ACCOUNT: '3', ZAUTH_LOGIN_PER_IP: '1000' },
  });
  try {
    await strict.account('slow@example.org');
    const tries = [];
    for (let i = 0; i < 8; ++i) {
      tries.push(
        await strict.post('/v1/auth/login', { email: 'slow@example.org', password: 'wrong one' }));
    }
    const last = tries.at(-1);
    problem(assert, last, 429, 'too_many_attempts');
    assert.ok(Number(last.headers.get('retry-after')) >= 1);
  } finally {
    await strict.stop();
  }
});
