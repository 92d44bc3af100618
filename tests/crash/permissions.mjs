// Permission records: the last acknowledged set of rights is the one that holds.

import { Unanswered } from './client.mjs';
import { isUnknown } from './ledger.mjs';

const RIGHTS = ['create', 'read', 'update', 'delete'];
const RESOURCES = ['tables', 'files', 'jobs'];
const LABELS = 6;

// One writer owns the labels `w<number>-0` … so that it alone decides what is expected.
export class PermissionWriter {
  constructor(ledger, random, number) {
    Object.assign(this, { ledger, random, number });
    this.records = new Map(); // "label resource" → {id, allow}
    this.unknown = new Map(); // "label resource" → allow that may hold, null for deleted
  }

  async step(client, token) {
    const label = `w${this.number}-${this.random.between(0, LABELS - 1)}`;
    const resource = this.random.pick(RESOURCES);
    const key = `${label} ${resource}`;
    const record = this.records.get(key);
    if (record && this.random.chance(0.2)) return this.#remove(client, token, key, record);
    const allow = RIGHTS.filter(() => this.random.chance(0.5));
    const principal = { kind: 'label', id: label };
    const body = { principal, resource, allow };
    const answer = await this.#send(key, allow, client, 'PUT', '/v1/permissions', { token, body });
    if (answer?.status === 200) this.records.set(key, { id: answer.body.id, allow });
    return undefined;
  }

  async #remove(client, token, key, record) {
    const path = `/v1/permissions/${record.id}`;
    const answer = await this.#send(key, null, client, 'DELETE', path, { token });
    if (answer?.status === 204) this.records.delete(key);
  }

  async #send(key, after, client, method, path, options) {
    this.unknown.set(key, after);
    let answer;
    try {
      answer = await client.request(method, path, options);
    } catch (error) {
      if (error instanceof Unanswered) this.ledger.unknown('permission');
      throw error;
    }
    if (!isUnknown(answer.status)) this.unknown.delete(key);
    if (answer.status < 300) this.ledger.acknowledged('permission');
    else this.ledger.refused('permission', answer);
    return answer;
  }

  async verify(client, token) {
    const path = '/v1/permissions?kind=label&limit=1000';
    const list = await client.expect(200, 'GET', path, { token });
    const found = new Map();
    for (const { id, principal, resource, allow } of list) {
      if (principal.id.startsWith(`w${this.number}-`)) {
        found.set(`${principal.id} ${resource}`, { id, allow });
      }
    }
    for (const key of new Set([...this.records.keys(), ...found.keys(), ...this.unknown.keys()])) {
      this.#verifyRecord(key, found.get(key));
    }
    this.records = found;
    this.unknown.clear();
  }

  #verifyRecord(key, found) {
    const text = (allow) => (allow ? [...allow].sort().join(' ') : 'none');
    const actual = text(found?.allow);
    const expected = text(this.records.get(key)?.allow);
    if (actual === expected) return;
    const maybe = this.unknown.has(key) ? text(this.unknown.get(key)) : expected;
    if (this.ledger.must(actual === maybe, `permission ${key} is '${actual}', not '${expected}'`)) {
      this.ledger.applied('permission');
    }
  }

  async verifyAll(client, token) {
    await this.verify(client, token);
  }
}
