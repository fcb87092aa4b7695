// SQLite and PostgreSQL behind the same few functions. Those of SQLite answer at once, those of
// PostgreSQL with a promise; `await` takes both.

import Database from 'better-sqlite3';
import pg from 'pg';

const STATEMENTS = {
  products: 'SELECT * FROM products ORDER BY id',
  product: 'SELECT * FROM products WHERE slug = ?',
  cart: `SELECT p.*, c.quantity FROM cart_lines c JOIN products p ON p.id = c.product_id
    WHERE c.account_id = ? ORDER BY p.id`,
  visitor: `SELECT display_name, (SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT)
    FROM cart_lines WHERE account_id = accounts.id) AS pieces FROM accounts WHERE id = ?`,
  passkey: `SELECT p.*, a.username FROM passkeys p JOIN accounts a ON a.id = p.account_id
    WHERE p.id = ?`,
  usePasskey: 'UPDATE passkeys SET counter = ?, backed_up = ?, last_used_at = ? WHERE id = ?',
  addEvent: 'INSERT INTO events (account_id, kind, browser, at) VALUES (?, ?, ?, ?)',
  session: 'SELECT data, expires_at FROM sessions WHERE id = ? AND expires_at > ?',
  setSession: `INSERT INTO sessions (id, data, expires_at) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`,
  touchSession: 'UPDATE sessions SET expires_at = ? WHERE id = ?',
  deleteSession: 'DELETE FROM sessions WHERE id = ?',
  deleteExpired: 'DELETE FROM sessions WHERE expires_at <= ?',
};

/** Opens `sqlite:<path>` or `postgres://…`, the latter with so many connections. */
export function open(url, connections = 1) {
  if (url.startsWith('sqlite:')) return sqlite(url.slice('sqlite:'.length));
  return postgres(url, connections);
}

function sqlite(path) {
  const db = new Database(path, { timeout: 5000 });
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL'); // better-sqlite3 has NORMAL otherwise
  db.pragma('foreign_keys = ON');
  const prepared = {};
  const statement = (name) => (prepared[name] ??= db.prepare(STATEMENTS[name]));
  const useAndTell = db.transaction((use, event) => {
    statement('usePasskey').run(use);
    statement('addEvent').run(event);
  });
  const insert = db.transaction((table, rows) => {
    const columns = Object.keys(rows[0]);
    const values = columns.map(() => '?');
    const one = db.prepare(`INSERT INTO ${table} (${columns}) VALUES (${values})`);
    for (const row of rows) one.run(Object.values(row));
  });
  return {
    rows: (name, ...values) => statement(name).all(values),
    row: (name, ...values) => statement(name).get(values),
    run: (name, ...values) => statement(name).run(values),
    /** Keeps that a passkey was used, and the event that its owner may see: both or nothing. */
    usePasskey: (use, event) => useAndTell.immediate(use, event),
    /** For seed.js, which begins anew if it is interrupted. */
    hurry: () => {
      db.pragma('synchronous = OFF');
      db.pragma('cache_size = -1000000'); // KiB
    },
    script: (sql) => db.exec(sql.replace('BIGSERIAL', 'INTEGER')),
    insert: (table, rows) => insert.immediate(table, rows),
    close: () => db.close(),
  };
}

function postgres(url, connections) {
  pg.types.setTypeParser(pg.types.builtins.INT8, Number); // none here is too large for it
  const pool = new pg.Pool({ connectionString: url, max: connections });
  pool.on('error', (error) => console.error(error)); // an idle connection broke
  // In one statement, so in one way to the database and back.
  const useAndTell = `WITH used AS (${STATEMENTS.usePasskey}) ${STATEMENTS.addEvent}`;
  const statements = Object.entries({ ...STATEMENTS, useAndTell });
  const texts = Object.fromEntries(statements.map(([name, text]) => [name, numbered(text)]));
  // With a name, a connection prepares it once.
  const query = (name, values) => pool.query({ name, text: texts[name], values });
  return {
    rows: async (name, ...values) => (await query(name, values)).rows,
    row: async (name, ...values) => (await query(name, values)).rows[0],
    run: (name, ...values) => query(name, values),
    usePasskey: (use, event) => query('useAndTell', [...use, ...event]),
    hurry: () => {},
    script: (sql) => pool.query(sql),
    insert: (table, rows) =>
      pool.query(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`, [
        JSON.stringify(rows),
      ]),
    close: () => pool.end(),
  };
}

/** PostgreSQL's placeholders have numbers. */
function numbered(text) {
  let last = 0;
  return text.replace(/\?/g, () => `$${++last}`);
}
