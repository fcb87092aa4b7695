// What the benchmark measures Latchkey against: the catalogue, a product, the cart and the sign-in
// with a passkey, as a good Express engineer builds them.
//
// Nothing here is slow on purpose, and nothing is left out that would make it faster: production
// mode, in which compiled views are kept, prepared statements, indexes, pooled connections to
// PostgreSQL, and as many processes as are asked for. What is written survives a power cut, and the
// pages say the same behind the same headers, as with Latchkey. They are not compressed, because
// those who measure do not ask for it. The rest is as the documentation of Express,
// express-session, SimpleWebAuthn, better-sqlite3 and pg shows it. So
//
// * a sign-in is four commits: the session with the challenge, the end of that session, the use of
//   the passkey together with the event, and the new session;
// * two answers at once to one challenge may both be accepted, because express-session cannot take
//   something out of a session for one request only. Latchkey accepts one.
//
// seed.js makes the tables. Then: PORT=4000 DATABASE_URL=sqlite:peer.db node server.js

import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server';
import express from 'express';
import session from 'express-session';
import helmet from 'helmet';
import morgan from 'morgan';
import { open } from './database.js';
import { COOKIE, Sessions } from './sessions.js';

process.env.NODE_ENV ??= 'production';

const {
  PORT = '4000',
  ORIGIN = `http://localhost:${PORT}`,
  DATABASE_URL = 'sqlite:peer.db',
  SESSION_SECRET = 'peer',
} = process.env;
const WORKERS = Number(process.env.WORKERS ?? 1);
const { hostname: rpID, protocol } = new URL(ORIGIN);
const secure = protocol === 'https:';
/** To PostgreSQL, of all workers together. Latchkey has as many. */
const CONNECTIONS = 16;
/** Up to this many pieces are counted; more are simply "In stock". */
const FEW = 5;

/** How pages say it. */
const words = {
  money: (cents) => `€\u{a0}${(cents / 100).toFixed(2)}`,
  total: (lines) => lines.reduce((sum, { price, quantity }) => sum + price * quantity, 0),
  stockLevel: ({ stock }) => (stock <= 0 ? 'none' : stock <= FEW ? 'few' : 'plenty'),
  stockWords: ({ stock }) =>
    stock <= 0 ? 'Sold out' : stock <= FEW ? `${stock} left` : 'In stock',
};

/** Starts the workers, and ends with any of them. */
async function fork() {
  const workers = Array.from({ length: WORKERS }, () => cluster.fork());
  process.on('SIGTERM', () => process.exit()); // workers end when they lose it
  cluster.on('exit', () => process.exit(1));
  await Promise.all(workers.map((worker) => once(worker, 'listening')));
  console.log('ready');
}

async function serve() {
  const db = open(DATABASE_URL, Math.ceil(CONNECTIONS / WORKERS));
  const server = shop(db).listen(Number(PORT), '127.0.0.1');
  server.keepAliveTimeout = 60_000; // as proxies keep connections
  process.on('exit', () => db.close());
  process.on('SIGTERM', () => process.exit());
  await once(server, 'listening');
  if (cluster.isPrimary) console.log('ready');
}

function shop(db) {
  const app = express();
  app.set('views', new URL('views', import.meta.url).pathname);
  app.set('view engine', 'ejs');
  app.set('etag', false); // no page is like another: each has a nonce
  app.set('trust proxy', secure && 'loopback'); // which then ends TLS
  Object.assign(app.locals, words);

  app.use(morgan('combined'));
  app.use(headers());
  app.use(
    session({
      secret: SESSION_SECRET,
      store: new Sessions(db),
      cookie: { ...COOKIE, secure },
      resave: false,
      saveUninitialized: false,
    }),
  );

  app.post('/sign-in/start', async (req, res) => {
    const options = await generateAuthenticationOptions({
      rpID,
      userVerification: 'required',
      allowCredentials: [],
    });
    req.session.challenge = options.challenge;
    res.json(options);
  });

  app.post('/sign-in/finish', express.json(), async (req, res, next) => {
    const { challenge } = req.session;
    // It is good once: express-session saves the session without it, whatever is answered.
    delete req.session.challenge;
    const passkey = await db.row('passkey', String(req.body?.id));
    const { error, authenticationInfo } = await verify(req.body, challenge, passkey);
    if (error) return res.status(400).json({ error });
    const { newCounter, credentialBackedUp } = authenticationInfo;
    const now = Date.now();
    await db.usePasskey(
      [newCounter, Number(credentialBackedUp), now, passkey.id],
      [passkey.account_id, 'sign_in', req.get('user-agent') ?? '', now],
    );
    // Against session fixation. express-session saves the new one before the answer is complete.
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.account = passkey.account_id;
      res.json({ username: passkey.username });
    });
  });

  const visitor = async (req, res, next) => {
    const { account } = req.session;
    res.locals.visitor = account && (await db.row('visitor', account));
    res.locals.path = req.path;
    res.set('Cache-Control', 'no-store'); // pages show who is signed in
    next();
  };
  app.get('/', visitor, async (req, res) => {
    res.render('catalogue', { products: await db.rows('products') });
  });
  app.get('/products/:slug', visitor, async (req, res, next) => {
    const product = await db.row('product', req.params.slug);
    if (!product) return next();
    res.render('product', { product });
  });
  app.get('/cart', visitor, async (req, res) => {
    const { account } = req.session;
    res.render('cart', { lines: account ? await db.rows('cart', account) : [] });
  });
  return app;
}

/** What is wrong with an answer, or what it says. */
async function verify(response, challenge, passkey) {
  if (!challenge) return { error: 'There is no challenge to answer.' };
  if (!passkey) return { error: 'The passkey is not known.' };
  if (response.response?.userHandle !== handle(passkey.account_id)) {
    return { error: 'The passkey belongs to somebody else.' };
  }
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: ORIGIN,
      expectedRPID: rpID,
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: Buffer.from(passkey.public_key, 'base64url'),
        counter: passkey.counter,
      },
    });
    return verified ? { authenticationInfo } : { error: 'The signature is wrong.' };
  } catch ({ message }) {
    return { error: message };
  }
}

/** What WebAuthn calls the user handle: the bytes of the account's id, as in Latchkey. */
function handle(account) {
  return Buffer.from(account.replaceAll('-', ''), 'hex').toString('base64url');
}

/** What browsers are told with every answer, as by Latchkey (server/src/http/render.rs and
 * middleware/guard.rs). */
function headers() {
  const permissions =
    'publickey-credentials-get=(self), publickey-credentials-create=(self), ' +
    'identity-credentials-get=(self), accelerometer=(), autoplay=(), camera=(), ' +
    'display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), ' +
    'hid=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), ' +
    'picture-in-picture=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()';
  const beforehand = (req, res, next) => {
    res.locals.nonce = randomBytes(16).toString('base64');
    res.set('Permissions-Policy', permissions);
    next();
  };
  const others = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: [(req, res) => `'nonce-${res.locals.nonce}'`, "'strict-dynamic'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
      },
    },
    strictTransportSecurity: secure && { maxAge: 63_072_000 },
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
  return [beforehand, others];
}

if (cluster.isPrimary && WORKERS > 1) await fork();
else await serve();
