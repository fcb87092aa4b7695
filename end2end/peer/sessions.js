// Where express-session keeps its sessions: a row each.

import session from 'express-session';

const DAY = 24 * 60 * 60 * 1000;

/** Of every session's cookie, as express-session takes it. */
export const COOKIE = { maxAge: 30 * DAY, httpOnly: true, sameSite: 'lax', path: '/' };

export class Sessions extends session.Store {
  constructor(db) {
    super();
    this.db = db;
    const sweep = () => call(() => db.run('deleteExpired', Date.now()), warn);
    setInterval(sweep, DAY / 24).unref();
  }

  get(id, done) {
    call(() => this.db.row('session', id, Date.now()), (error, row) => {
      if (!row) return done(error);
      done(null, { ...JSON.parse(row.data), keptUntil: row.expires_at });
    });
  }

  set(id, session, done) {
    const data = JSON.stringify({ ...session, keptUntil: undefined });
    call(() => this.db.run('setSession', id, data, session.cookie.expires.getTime()), done);
  }

  /** Whoever comes back has the session for longer. A day or more at once, or every page that
   * somebody looks at would write. */
  touch(id, session, done) {
    const until = session.cookie.expires.getTime();
    if (until - session.keptUntil < DAY) return done();
    call(() => this.db.run('touchSession', until, id), done);
  }

  destroy(id, done) {
    call(() => this.db.run('deleteSession', id), done);
  }
}

function warn(error) {
  if (error) console.error(error);
}

/** Calls back at once where the database answers at once: express-session then sends an answer in
 * one piece, and otherwise keeps back its last byte until the session is written. */
function call(ask, done) {
  let answer;
  try {
    answer = ask();
  } catch (error) {
    return done(error);
  }
  if (answer instanceof Promise) answer.then((value) => done(null, value), done);
  else done(null, answer);
}
