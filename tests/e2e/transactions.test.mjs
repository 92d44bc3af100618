// Transactions over REST: http-api.md section 5.

import assert from 'node:assert/strict';
import { after as afterAll, before, beforeEach, test } from 'node:test';

import { eventually, problem, Server } from './support/server.mjs';

let server;
let admin;
let token;
before(async () => {
  server = await Server.start({ env: { ZTX_LOCK_WAIT_MS: '500', ZTX_WRITE_IDLE_MS: '1500' } });
  admin = await server.account('admin@example.org');
  token = admin.token;
  await server.sql(
    token, 'CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)');
});
beforeEach(async () => {
  await server.sql(token, 'DELETE FROM accounts');
  await server.sql(token, 'INSERT INTO accounts VALUES (1, 100), (2, 0)');
});
afterAll(() => server?.stop());

async function begin(body = {}, who = token) {
  const reply = await server.post('/v1/transactions/begin', body, { token: who });
  assert.equal(reply.status, 201, reply.text);
  const id = reply.json.transaction_id;
  const post = (action, content) =>
    server.request('POST', `/v1/transactions/${id}/${action}`, { token: who, body: content });
  return {
    id,
    begun: reply.json,
    execute: (sql, params) => post('execute', { sql, params }),
    commit: () => post('commit'),
    rollback: () => post('rollback'),
    status: () => server.get(`/v1/transactions/${id}/status`, { token: who }),
  };
}
const balances = async () => (await server.sql(token, 'SELECT balance FROM accounts ORDER BY id'))
                               .rows.map((row) => row.balance);

test('a committed transfer is there, and before that nobody sees it', async () => {
  const transaction = await begin({ isolation_level: 'read_committed' });
  assert.equal(transaction.begun.isolation_level, 'serializable');
  assert.equal(
    (await transaction.execute('UPDATE accounts SET balance = balance - 30 WHERE id = 1'))
      .json.affected_rows,
    1);
  await transaction.execute('UPDATE accounts SET balance = balance + 30 WHERE id = ?', [2]);
  assert.deepEqual(
    (await transaction.execute('SELECT sum(balance) AS s FROM accounts')).json.rows, [ { s: 100} ]);
  assert.deepEqual(await balances(), [100, 0]);
  const committed = await transaction.commit();
  assert.equal(committed.status, 200, committed.text);
  assert.equal(committed.json.operations_count, 3);
  assert.deepEqual(await balances(), [70, 30]);
  problem(assert, await transaction.commit(), 409, 'transaction_not_active');
  assert.equal((await transaction.status()).json.status, 'committed');
});

test('rollback undoes everything, without a body on begin too', async () => {
  const begun = await server.request('POST', '/v1/transactions/begin', { token });
  assert.equal(begun.status, 201, begun.text);
  const transaction = await begin();
  await transaction.execute('DELETE FROM accounts');
  const back = await transaction.rollback();
  assert.equal(back.status, 200);
  assert.ok(back.json.rolled_back_at);
  assert.deepEqual(await balances(), [100, 0]);
  await server.request('POST', `/v1/transactions/${begun.json.transaction_id}/rollback`, { token });
});

test('a failed statement undoes only itself', async () => {
  const transaction = await begin();
  await transaction.execute('INSERT INTO accounts VALUES (3, 3)');
  problem(assert, await transaction.execute('INSERT INTO accounts VALUES (4, 4), (3, 5)'), 409,
    'constraint_violation');
  assert.equal((await transaction.status()).json.status, 'active');
  assert.equal((await transaction.commit()).status, 200);
  assert.deepEqual(await balances(), [100, 0, 3]);
});

test('a transaction reads its snapshot', async () => {
  const reader = await begin({ read_only: true });
  const read = async () =>
    (await reader.execute('SELECT balance FROM accounts WHERE id = 1')).json.rows[0].balance;
  assert.equal(await read(), 100);
  await server.sql(token, 'UPDATE accounts SET balance = 1 WHERE id = 1');
  assert.equal(await read(), 100);
  problem(assert, await reader.execute('DELETE FROM accounts'), 403, 'read_only_transaction');
  assert.equal((await reader.commit()).status, 200);
});

test('a write after another commit is a serialization failure', async () => {
  const transaction = await begin();
  await transaction.execute('SELECT * FROM accounts');
  await server.sql(token, 'UPDATE accounts SET balance = 7 WHERE id = 2');
  problem(assert, await transaction.execute('UPDATE accounts SET balance = 0 WHERE id = 2'), 409,
    'serialization_failure');
  assert.equal((await transaction.status()).json.status, 'aborted');
  problem(assert, await transaction.execute('SELECT 1'), 409, 'transaction_not_active');
  assert.equal((await transaction.rollback()).status, 200);
});

test('a transaction that takes the lock at begin cannot fail so', async () => {
  const transaction = await begin({ write: true });
  await transaction.execute('SELECT * FROM accounts');
  const other = await server.post('/v1/transactions/begin', { write: true }, { token });
  problem(assert, other, 409, 'serialization_failure');
  assert.equal(
    (await transaction.execute('UPDATE accounts SET balance = 5 WHERE id = 1')).status, 200);
  assert.equal((await transaction.commit()).status, 200);
  assert.deepEqual(await balances(), [5, 0]);
});

test('an idle lock holder is rolled back', async () => {
  const transaction = await begin({ write: true });
  await transaction.execute('UPDATE accounts SET balance = 5 WHERE id = 1');
  await eventually(async () => (await transaction.status()).json.status !== 'active', 5000);
  const late = problem(assert, await transaction.commit(), 409, 'transaction_not_active');
  assert.equal(late.details.reason, 'idle');
  assert.deepEqual(await balances(), [100, 0]);
});

test('time runs out within a second', async () => {
  const transaction = await begin({ timeout_seconds: 1 });
  await transaction.execute('UPDATE accounts SET balance = 5 WHERE id = 1');
  await eventually(async () => (await transaction.status()).json.status === 'expired', 4000);
  problem(assert, await transaction.execute('SELECT 1'), 410, 'transaction_expired');
  problem(assert, await transaction.commit(), 410, 'transaction_expired');
  assert.deepEqual(await balances(), [100, 0]);
  for (const timeout_seconds of [0, 3601]) {
    const refused = await server.post('/v1/transactions/begin', { timeout_seconds }, { token });
    problem(assert, refused, 400, 'invalid_argument');
  }
});

test('one statement at a time', async () => {
  const transaction = await begin();
  const slowly = () =>
    transaction.execute(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
        SELECT count(*) FROM n`);
  // Either may come first; the other one is refused, never queued.
  await eventually(async () => {
    const replies = await Promise.all([slowly(), transaction.execute('SELECT 1')]);
    const refused = replies.find((reply) => reply.status !== 200);
    if (refused) problem(assert, refused, 409, 'transaction_busy');
    assert.ok(replies.some((reply) => reply.status === 200));
    return refused;
  }, 20_000);
  await transaction.rollback();
});

test('the number of open ones is limited, per principal', async () => {
  const open = [];
  for (let i = 0; i < 10; ++i) open.push(await begin({ read_only: true }));
  const eleventh = await server.post('/v1/transactions/begin', {}, { token });
  problem(assert, eleventh, 429, 'too_many_transactions');
  const listed = (await server.get('/v1/transactions?status=active', { token })).json;
  assert.equal(listed.length, 10);
  assert.equal(listed[0].transaction_id, open.at(-1).id, 'newest first');
  for (const one of open) await one.rollback();
  await (await begin()).rollback();
});

test('others get 404', async () => {
  const other = await server.account('other@example.org');
  const transaction = await begin();
  for (const [method, action] of [['POST', 'commit'], ['POST', 'rollback'], ['GET', 'status']]) {
    const reply = await server.request(method, `/v1/transactions/${transaction.id}/${action}`,
      { token: other.token });
    problem(assert, reply, 404, 'transaction_not_found');
  }
  const sandbox = await server.login(admin.email, { environment: 'sandbox' });
  problem(assert,
    await server.get(`/v1/transactions/${transaction.id}/status`, { token: sandbox.token}), 404,
    'transaction_not_found');
  await transaction.rollback();
});

test('logging out rolls back', async () => {
  const session = await server.login(admin.email);
  const transaction = await begin({}, session.token);
  await transaction.execute('UPDATE accounts SET balance = 5 WHERE id = 1');
  await server.post('/v1/auth/logout', { refresh_token: session.bundle.refresh_token });
  await eventually(async () => (await server.post('/v1/sql',
                                  { sql: 'UPDATE accounts SET balance = balance' }, { token }))
                                 .status === 200);
  assert.deepEqual(await balances(), [100, 0]);
});

test('transaction words inside are refused', async () => {
  const transaction = await begin();
  problem(assert, await transaction.execute('COMMIT'), 400, 'transaction_control');
  assert.equal((await transaction.status()).json.status, 'active');
  await transaction.rollback();
});
