// What the server has promised, and what was asked without an answer.

// An asked change is acknowledged (it must be there), refused (it must not) or unknown (either, but
// whole). Everything of one kind is counted for the report.
export class Ledger {
  constructor() {
    this.counts = {}; // kind → {acknowledged, refused, unknown, unknownApplied}
    this.losses = []; // what must never happen, as text
    this.oddities = {}; // unexpected statuses → how often
  }

  of(kind) {
    this.counts[kind] ??= { acknowledged: 0, refused: 0, unknown: 0, unknownApplied: 0 };
    return this.counts[kind];
  }

  acknowledged(kind) {
    this.of(kind).acknowledged += 1;
  }

  refused(kind, answer) {
    this.of(kind).refused += 1;
    const what = `${kind}: ${answer.status} ${answer.body?.error ?? ''}`;
    this.oddities[what] = (this.oddities[what] ?? 0) + 1;
  }

  unknown(kind) {
    this.of(kind).unknown += 1;
  }

  // An unknown one turned out to be there.
  applied(kind) {
    this.of(kind).unknownApplied += 1;
  }

  loss(what) {
    this.losses.push(what);
  }

  // States that `actual` is what it has to be.
  must(holds, what) {
    if (!holds) this.loss(what);
    return holds;
  }
}

// Whether an error answer leaves the outcome open (http-api.md section 1.2).
export function isUnknown(status) {
  return status >= 500;
}
