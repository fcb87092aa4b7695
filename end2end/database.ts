// What the shop keeps, read straight from its database.

import { fileURLToPath } from 'node:url';
import Sqlite from 'libsql';

/** Made anew for each run, and left for a look afterwards. */
export const DATABASE = inTarget('end2end.db');
/** Of the shops in `attestation.spec.ts`. */
export const ATTESTATION_DATABASE = inTarget('end2end-attestation.db');
export const OTHER_MODELS_DATABASE = inTarget('end2end-other-models.db');

function inTarget(name: string): string {
  return fileURLToPath(new URL(`../target/${name}`, import.meta.url));
}

type Row = Record<string, string | number | null>;

export class Database {
  readonly #sqlite;

  constructor(file = DATABASE) {
    this.#sqlite = new Sqlite(file, { timeout: 5000 });
    this.#sqlite.pragma('query_only = ON');
  }

  /** At most one: usernames are unique. */
  accounts(username: string): Row[] {
    return this.#rows('SELECT * FROM accounts WHERE username = ?', username);
  }

  /** What belongs to the account, of one of the tables that know accounts. */
  of(username: string, table: 'passwords' | 'passkeys' | 'sessions' | 'orders' | 'events' | 'recovery_codes' | 'identities'): Row[] {
    return this.#rows(
      `SELECT ${table}.* FROM ${table} JOIN accounts ON accounts.id = ${table}.account_id
       WHERE accounts.username = ?`,
      username,
    );
  }

  /** Also one whose account is gone. */
  order(number: string): Row[] {
    return this.#rows('SELECT * FROM orders WHERE number = ?', number);
  }

  orderLines(number: string): Row[] {
    return this.#rows(
      'SELECT slug, quantity FROM order_lines WHERE order_number = ? ORDER BY position',
      number,
    );
  }

  close() {
    this.#sqlite.close();
  }

  #rows(sql: string, value: string): Row[] {
    return this.#sqlite.prepare(sql).all(value) as Row[];
  }
}
