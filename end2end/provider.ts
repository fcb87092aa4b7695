// Where people of the tests have an account besides the shop: an OpenID Connect provider, which
// also answers the browser's own dialog (FedCM). `playwright.config.ts` starts it as `globalSetup`.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Context } from 'koa';
import { Provider, type Configuration, type JWK } from 'oidc-provider';
import { forgetSecrets } from './log.ts';
import { ORIGIN, PROVIDER as ISSUER } from './shops.ts';

const CLIENT = {
  client_id: 'latchkey',
  client_secret: 'secret-of-the-tests',
  redirect_uris: [`${ORIGIN}/federated/example/callback`],
};
const HOUR = 3600;
// Cookies know no ports: the shop must not have one of these names.
const COOKIES = { session: 'example_session', interaction: 'example_interaction', resume: 'example_resume' };

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' } as JWK;

const provider = new Provider(ISSUER, configuration());
provider.use((ctx, next) => {
  const route = ROUTES[`${ctx.method} ${ctx.path}`];
  return route ? route(ctx) : next();
});

export default async function start() {
  forgetSecrets();
  const server = createServer(provider.callback());
  // Idle connections stay: a request could meet the end of one, and nothing sends it again.
  server.keepAliveTimeout = 0;
  server.listen(Number(new URL(ISSUER).port), '127.0.0.1');
  await once(server, 'listening');
  return () => server.close().closeAllConnections();
}

function configuration(): Configuration {
  return {
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
    clientBasedCORS: () => false,
    clients: [CLIENT],
    conformIdTokenClaims: false,
    cookies: { keys: ['of no use elsewhere'], names: COOKIES },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    findAccount: (_, login) => ({ accountId: login, claims: () => claims(login) }),
    interactions: { url: () => '/interaction' },
    jwks: { keys: [KEY] },
    loadExistingGrant: async ({ oidc }) => {
      const { clientId } = oidc.client!;
      const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session!.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    pkce: { required: () => true },
    ttl: { AccessToken: HOUR, Grant: HOUR, IdToken: HOUR, Interaction: HOUR, Session: HOUR },
  };
}

function claims(login: string) {
  const name = login.charAt(0).toUpperCase() + login.slice(1);
  return { sub: login, name, preferred_username: login, email: `${login}@example.com` };
}

const ROUTES: Record<string, (ctx: Context) => unknown> = {
  'GET /interaction': async (ctx) => {
    const { params } = await provider.interactionDetails(ctx.req, ctx.res);
    ctx.body = signInPage(params.login_hint);
  },
  'POST /interaction': async (ctx) => {
    const login = await enteredLogin(ctx);
    const result = login ? { login: { accountId: login } } : { error: 'access_denied' };
    if (login) ctx.set('Set-Login', 'logged-in');
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false }));
  },

  // Where the browser's dialog leads whoever is not signed in here. Tests may come here directly.
  'GET /sign-in': (ctx) => void (ctx.body = signInPage(ctx.query.login_hint)),
  'POST /sign-in': async (ctx) => {
    const login = await enteredLogin(ctx);
    if (login) await signIn(ctx, login);
    // Nothing to close where it was not the dialog that led here.
    ctx.body = page(`<p>${login ? 'Signed in' : 'Cancelled'}</p><script>IdentityProvider.close()</script>`);
  },
  'GET /sign-out': async (ctx) => {
    await (await provider.Session.get(ctx)).destroy();
    ctx.set('Set-Login', 'logged-out');
    ctx.body = page('<p>Signed out</p>');
  },

  'GET /.well-known/web-identity': (ctx) => {
    const { accounts_endpoint, login_url } = FEDCM;
    ctx.body = { provider_urls: [`${ISSUER}/fedcm/config.json`], accounts_endpoint, login_url };
  },
  'GET /fedcm/config.json': (ctx) => void (ctx.body = FEDCM),
  'GET /fedcm/client': (ctx) => {
    allowShop(ctx);
    ctx.body = {};
  },
  'GET /fedcm/accounts': async (ctx) => {
    const { sub, name, email } = claims(await signedIn(ctx));
    ctx.body = { accounts: [{ id: sub, name, email, login_hints: [sub, email] }] };
  },
  'POST /fedcm/token': async (ctx) => {
    allowShop(ctx);
    const { login, nonce } = await selected(ctx);
    const isRefused = login.startsWith('refused');
    ctx.body = isRefused ? { error: { code: 'access_denied' } } : { token: await token(login, nonce) };
  },
};

const FEDCM = {
  accounts_endpoint: `${ISSUER}/fedcm/accounts`,
  client_metadata_endpoint: `${ISSUER}/fedcm/client`,
  id_assertion_endpoint: `${ISSUER}/fedcm/token`,
  login_url: `${ISSUER}/sign-in`,
};

/** The one to whom the browser's own request belongs. A page cannot send such a request. */
async function signedIn(ctx: Context): Promise<string> {
  ctx.assert(ctx.get('Sec-Fetch-Dest') === 'webidentity', 400);
  const { accountId } = await provider.Session.get(ctx);
  ctx.assert(accountId, 401);
  return accountId;
}

/** The account that was selected in the browser's dialog, and the shop's nonce. */
async function selected(ctx: Context) {
  const login = await signedIn(ctx);
  const form = new URLSearchParams(await text(ctx.req));
  ctx.assert(ctx.get('Origin') === ORIGIN && form.get('client_id') === CLIENT.client_id, 400);
  ctx.assert(form.get('account_id') === login, 400);
  return { login, nonce: JSON.parse(form.get('params') ?? '{}').nonce };
}

async function signIn(ctx: Context, accountId: string) {
  const session = await provider.Session.get(ctx);
  session.loginAccount({ accountId });
  session.resetIdentifier();
  ctx.cookies.set(COOKIES.session, await session.save(HOUR), { httpOnly: true, sameSite: 'lax' });
  ctx.set('Set-Login', 'logged-in');
}

function allowShop(ctx: Context) {
  ctx.set({ 'Access-Control-Allow-Origin': ORIGIN, 'Access-Control-Allow-Credentials': 'true' });
}

/** As the token endpoint would sign it. */
async function token(login: string, nonce: unknown): Promise<string> {
  const token = new provider.IdToken({}, { client: await provider.Client.find(CLIENT.client_id) });
  for (const [name, value] of Object.entries({ ...claims(login), nonce })) token.set(name, value);
  return token.issue({ use: 'idtoken' });
}

/** Undefined after "Cancel". */
async function enteredLogin(ctx: Context): Promise<string | undefined> {
  const form = new URLSearchParams(await text(ctx.req));
  return form.has('cancel') ? undefined : form.get('login') || undefined;
}

function signInPage(hint: unknown) {
  return page(`<form method="post">
    <label>Login <input name="login" value="${escaped(String(hint ?? ''))}"></label>
    <button>Sign in</button> <button name="cancel">Cancel</button>
  </form>`);
}

function page(main: string) {
  const head = '<link rel="icon" href="data:,"><title>Example accounts</title>';
  return `<!DOCTYPE html><html lang="en">${head}<main>${main}</main></html>`;
}

function escaped(value: string) {
  return value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
