// What the password manager hears of an account. Its list of passkeys is the evidence.

import type { Page } from '@playwright/test';
import { Authenticator } from '../../authenticator.ts';
import {
  callsTo,
  creatingByItself,
  ignoringAllowCredentials,
  overhearSignals,
  withoutConditionalCreate,
  withoutSignals,
} from '../../browser.ts';
import { Credentials, forgetSignOut } from '../../credentials.ts';
import type { Database } from '../../database.ts';
import { continueWith, linkByRequest, test, withoutFedCm } from '../../federation.ts';
import {
  completed,
  expect,
  expectSignedIn,
  hydrated,
  makeCodes,
  offer,
  open,
  saved,
  signInByRequest,
  signInLink,
  signInWithPassword,
  signOut,
  signUp,
  visit,
  type Person,
} from '../../fixtures.ts';

const SIGNALS = ['signalAllAcceptedCredentials', 'signalCurrentUserDetails'];

const ids = async (authenticator: Authenticator) =>
  (await authenticator.credentials()).map(({ credentialId }) => Buffer.from(credentialId, 'base64').toString('base64url'));

const accountId = (database: Database, { username }: Person) => database.accounts(username)[0].id as string;

async function signIn(page: Page, person: Person) {
  await open(page, '/');
  await signInLink(page).click();
  await expectSignedIn(page, person);
}

/** By the form, for an account that asks for a passkey after its password. Nobody touches the autofill. */
async function givePassword(page: Page, person: Person) {
  await visit(page, '/sign-in?next=/cart');
  await signInWithPassword(page, person);
  await expect(page).toHaveURL('/second-factor?next=/cart');
  await hydrated(page);
}

const askForPasskey = async (page: Page) =>
  expect(await page.request.post('/account/second-factor', { form: { on: 'yes' } })).toBeOK();

const usePasskey = (page: Page) => page.getByRole('button', { name: 'Use a passkey' }).click();

type Signing = { page: Page; authenticator: Authenticator; person: Person; login: string };

/** What each needs of somebody who is signed in, and what signs in afterwards. Passkeys answer only if asked to. */
const MEANS: Record<string, (signing: Signing) => Promise<() => Promise<void>>> = {
  'a recovery code': async ({ page, person }) => {
    const [code] = await makeCodes(page.request);
    return async () => {
      await open(page, '/recover?next=/cart');
      await page.getByLabel('Username').fill(person.username);
      await page.getByLabel('Recovery code').fill(code);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
  },
  'a password and then a passkey': async ({ page, authenticator, person }) => {
    await askForPasskey(page);
    return async () => {
      await givePassword(page, person);
      await authenticator.answers(true);
      await usePasskey(page);
    };
  },
  'a password and then a recovery code': async ({ page, person }) => {
    await askForPasskey(page);
    const [code] = await makeCodes(page.request);
    return async () => {
      await givePassword(page, person);
      await page.getByText('Use a recovery code instead').click();
      await page.getByLabel('Recovery code').fill(code);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
  },
  'what the browser brings by itself': async ({ page, person }) => {
    const credentials = await Credentials.play(page);
    return async () => {
      await forgetSignOut(page);
      credentials.bring(person);
      await page.goto('/cart');
    };
  },
  'an account elsewhere': async ({ page, login }) => {
    await withoutFedCm(page);
    await linkByRequest(page.request, login);
    return async () => {
      await visit(page, '/sign-in?next=/cart');
      await continueWith(page, 'Example').click();
    };
  },
};

test.describe('a passkey that the account does not have is forgotten', () => {
  test('after a sign-in with another passkey, which stays', async ({ page, authenticator, passkeyOwner, database }) => {
    const [own] = await ids(authenticator);
    const phone = await Authenticator.attach(page, 'hybrid');
    await phone.addStranger(accountId(database, passkeyOwner));
    await phone.answers(false);
    await signIn(page, passkeyOwner);

    await expect.poll(() => ids(phone)).toEqual([]);
    expect(await ids(authenticator)).toEqual([own]);
  });

  test('after a sign-in with a password', async ({ page, authenticator, passwordOwner, database }) => {
    await authenticator.addStranger(accountId(database, passwordOwner));
    await signInByRequest(page.request, passwordOwner);
    await page.goto('/');

    await expectSignedIn(page, passwordOwner);
    await expect.poll(() => ids(authenticator)).toEqual([]);
  });

  for (const [how, prepare] of Object.entries(MEANS)) {
    test(`after a sign-in with ${how}`, async ({ page, authenticator, ownerWithPassword: person, login, database }) => {
      const given = await overhearSignals(page);
      const [own] = await ids(authenticator);
      const signIn = await prepare({ page, authenticator, person, login });
      await signOut(page);
      await authenticator.answers(false);
      // A device holds one passkey of an account at most.
      const phone = await Authenticator.attach(page, 'hybrid');
      await phone.addStranger(accountId(database, person));
      await phone.answers(false);
      await signIn();

      await expectSignedIn(page, person);
      await expect.poll(() => given).toEqual(SIGNALS);
      await expect.poll(() => ids(phone)).toEqual([]);
      expect(await ids(authenticator)).toEqual([own]);
    });
  }

  test('but not one of another account', async ({ page, authenticator, passkeyOwner }) => {
    await page.route('/api/passkey/sign-in/finish', async (route) => {
      await authenticator.addStranger();
      await route.continue();
    });
    const told = page.waitForResponse('/api/passkey/signalled');
    await signIn(page, passkeyOwner);

    await told;
    expect(await authenticator.credentials()).toHaveLength(2);
  });

  test('after the offer of another was taken, on the same page', async ({ page, authenticator, passwordOwner, database }) => {
    await withoutConditionalCreate(page);
    const given = await overhearSignals(page);
    // On the device that creates one, the new one would take its place.
    const phone = await Authenticator.attach(page, 'hybrid');
    await phone.answers(false);
    await signInByRequest(page.request, passwordOwner);
    const told = page.waitForResponse('/api/passkey/signalled');
    await open(page, '/cart');
    await told; // so that it is not this signal that does it
    await phone.addStranger(accountId(database, passwordOwner));
    await offer(page).getByRole('button', { name: 'Create a passkey' }).click();

    await expect(saved(page)).toBeVisible();
    await expect.poll(() => given).toEqual([...SIGNALS, ...SIGNALS]);
    await expect.poll(() => ids(phone)).toEqual([]);
    expect(await ids(authenticator)).toHaveLength(1);
    await expect(page).toHaveURL('/cart');
  });

  test('after it was deleted here', async ({ page, authenticator, ownerWithPassword, database }) => {
    await page.goto('/account');
    expect(await authenticator.credentials()).toHaveLength(1);
    await page.getByRole('link', { name: /^Delete (?!this account)/ }).click();
    await page.getByRole('button', { name: 'Delete this passkey' }).click();

    await expect(page).toHaveURL('/account');
    await expect.poll(() => ids(authenticator)).toEqual([]);
    expect(database.of(ownerWithPassword.username, 'passkeys')).toEqual([]);
  });

  test('after it was deleted in another browser', async ({ page, authenticator, ownerOfBoth, request, database }) => {
    await signIn(page, ownerOfBoth);
    const [own] = await ids(authenticator);
    await signInByRequest(request, ownerOfBoth);
    await expect(await request.post(`/account/passkeys/${own}/delete`)).toBeOK();
    expect(database.of(ownerOfBoth.username, 'passkeys')).toEqual([]);
    expect(await ids(authenticator)).toEqual([own]);

    await page.goto('/cart');
    await expect.poll(() => ids(authenticator)).toEqual([]);
  });

  test('and so are all of them after the account was deleted', async ({ page, authenticator, passkeyOwner, database }) => {
    await signIn(page, passkeyOwner);
    expect(await authenticator.credentials()).toHaveLength(1);
    await page.goto('/account/delete');
    await page.getByRole('button', { name: 'Delete my account' }).click();

    await expect(page).toHaveURL('/goodbye');
    await expect.poll(() => ids(authenticator)).toEqual([]);
    expect(database.accounts(passkeyOwner.username)).toEqual([]);
  });
});

test.describe('new names of the account are the passkey’s', () => {
  test('after it was renamed here', async ({ page, authenticator, passkeyOwner }) => {
    const renamed = { ...passkeyOwner, username: `${passkeyOwner.username}-2`, name: 'Countess of Lovelace' };
    await signIn(page, passkeyOwner);
    await page.goto('/account');
    await page.getByText('Change your name or username').click();
    await page.getByLabel('Your name').fill(renamed.name);
    await page.getByLabel('Username').fill(renamed.username);
    await page.getByRole('button', { name: 'Save name and username' }).click();

    await expectSignedIn(page, renamed);
    await expect
      .poll(() => authenticator.credentials())
      .toMatchObject([{ userName: renamed.username, userDisplayName: renamed.name }]);
  });

  test('after it was renamed in another browser', async ({ page, authenticator, ownerOfBoth, request }) => {
    const { username } = ownerOfBoth;
    const name = 'Countess of Lovelace';
    await signIn(page, ownerOfBoth);
    await signInByRequest(request, ownerOfBoth);
    const form = { username: `${username}-2`, display_name: name };
    await expect(await request.post('/account/name', { form })).toBeOK();
    expect(await authenticator.credentials()).toMatchObject([{ userName: username }]);

    await page.goto('/cart');
    await expect
      .poll(() => authenticator.credentials())
      .toMatchObject([{ userName: `${username}-2`, userDisplayName: name }]);
  });
});

test.describe('a new passkey that the server did not take is forgotten', () => {
  const SENTENCE = 'That took too long, or was answered before. Please try again.';
  const refusal = { status: 400, json: { code: 'challenge_unknown', message: SENTENCE } };
  const UNREACHABLE = 'The store could not be reached. Please check your connection and try again.';
  const message = (page: Page) => page.getByRole('main').getByRole('status').first();

  test('at a sign-up that is refused', async ({ page, authenticator, person, mishaps, database }) => {
    mishaps.expect('400: POST /api/passkey/sign-up/finish');
    const given = await overhearSignals(page);
    await page.route('/api/passkey/sign-up/finish', (route) => route.fulfill(refusal));
    await open(page, '/sign-up');
    await signUp(page, person);

    await expect(message(page)).toHaveText(SENTENCE);
    await expect.poll(() => given).toEqual(['signalUnknownCredential']);
    await expect.poll(() => ids(authenticator)).toEqual([]);
    expect(database.accounts(person.username)).toEqual([]);
  });

  test('at a sign-up that never reached the server', async ({ page, authenticator, person, mishaps, database }) => {
    mishaps.expect('net::ERR_CONNECTION_FAILED: POST /api/passkey/sign-up/finish');
    await page.route('/api/passkey/sign-up/finish', (route) => route.abort('connectionfailed'));
    const asked = page.waitForResponse('/api/passkey/known');
    await open(page, '/sign-up');
    await signUp(page, person);

    expect(await (await asked).json()).toBe(false);
    await expect(message(page)).toHaveText(UNREACHABLE);
    expect(database.accounts(person.username)).toEqual([]);
    await expect.poll(() => ids(authenticator)).toEqual([]);
  });

  test('at a sign-up that is never answered', async ({ page, authenticator, person, mishaps, database }) => {
    mishaps.expect('net::ERR_ABORTED: POST /api/passkey/sign-up/finish');
    await page.addInitScript(() => {
      // Nobody wants to wait for a minute.
      AbortSignal.timeout = () => {
        const minute = new AbortController();
        (window as any).minuteIsOver = () => minute.abort(new DOMException('', 'TimeoutError'));
        return minute.signal;
      };
    });
    await page.route('/api/passkey/sign-up/finish', () => {});
    const unanswered = page.waitForRequest('/api/passkey/sign-up/finish');
    await open(page, '/sign-up');
    await signUp(page, person);
    await unanswered;
    await page.evaluate(() => (window as any).minuteIsOver());

    await expect(message(page)).toHaveText(UNREACHABLE);
    await expect.poll(() => ids(authenticator)).toEqual([]);
    expect(database.accounts(person.username)).toEqual([]);
  });

  test('at an addition that is refused', async ({ page, authenticator, passwordOwner, mishaps, database }) => {
    mishaps.expect('400: POST /api/passkey/addition/finish');
    await page.route('/api/passkey/addition/finish', (route) => route.fulfill(refusal));
    const given = await overhearSignals(page);
    await signInByRequest(page.request, passwordOwner);
    const told = page.waitForResponse('/api/passkey/signalled');
    await open(page, '/account/passkeys/new');
    await told; // so that it is not this signal that does it
    expect(given).toEqual(SIGNALS);
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(message(page)).toHaveText(SENTENCE);
    await expect.poll(() => given).toEqual([...SIGNALS, 'signalUnknownCredential']);
    await expect.poll(() => ids(authenticator)).toEqual([]);
    expect(database.of(passwordOwner.username, 'passkeys')).toEqual([]);
  });

  test('where the browser created it by itself', async ({ page, authenticator, passwordOwner, mishaps, database }) => {
    mishaps.expect('400: POST /api/passkey/addition/finish');
    const given = await overhearSignals(page);
    const created = await creatingByItself(page);
    await signInByRequest(page.request, passwordOwner);
    const told = page.waitForResponse('/api/passkey/signalled');
    await page.route('/api/passkey/addition/finish', async (route) => {
      await told; // so that it is not this signal that does it
      await authenticator.add({ ...created[0], signCount: 0 });
      await route.fulfill(refusal);
    });
    await page.goto('/cart');

    await expect(offer(page)).toBeVisible();
    await expect(offer(page).getByRole('status')).toBeEmpty(); // nobody asked for it
    await expect.poll(() => given).toEqual([...SIGNALS, 'signalUnknownCredential']);
    await expect.poll(() => ids(authenticator)).toEqual([]);
    expect(created).toHaveLength(1);
    expect(database.of(passwordOwner.username, 'passkeys')).toEqual([]);
  });

  test('at an addition after which the server is not to be reached at all', async ({
    page,
    authenticator,
    passwordOwner,
    mishaps,
  }) => {
    for (const path of ['/api/passkey/addition/finish', '/api/passkey/known']) {
      mishaps.expect(`net::ERR_CONNECTION_FAILED: POST ${path}`);
      await page.route(path, (route) => route.abort('connectionfailed'));
    }
    await signInByRequest(page.request, passwordOwner);
    const told = page.waitForResponse('/api/passkey/signalled');
    await open(page, '/account/passkeys/new');
    await told;
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(message(page)).toHaveText(UNREACHABLE);
    await expect.poll(() => ids(authenticator)).toEqual([]);
  });

  test('and nothing waits for that', async ({ page, person, authenticator, mishaps }) => {
    mishaps.expect('400: POST /api/passkey/sign-up/finish');
    await page.addInitScript(() => {
      (PublicKeyCredential as any).signalUnknownCredential = (details: unknown) => {
        (window as any).signalled = details;
        return new Promise(() => {});
      };
    });
    await page.route('/api/passkey/sign-up/finish', (route) => route.fulfill(refusal));
    await open(page, '/sign-up');
    await signUp(page, person);

    await expect(message(page)).toHaveText(SENTENCE);
    const [id] = await ids(authenticator);
    await expect
      .poll(() => page.evaluate(() => (window as any).signalled))
      .toEqual({ rpId: 'localhost', credentialId: id });
    // And the page is at work again.
    await page.unroute('/api/passkey/sign-up/finish');
    await page.getByRole('button', { name: 'Create account with a passkey' }).click();
    await expectSignedIn(page, person);
  });
});

test.describe('a passkey that the shop does not know, where the browser offers it all the same, is forgotten', () => {
  const FORGOTTEN =
    'This store does not know that passkey, so your password manager was told not to offer it here any more.';

  test.beforeEach(async ({ page, mishaps }) => {
    mishaps.expect('404: POST /api/passkey/reauthentication/finish');
    await ignoringAllowCredentials(page);
  });

  async function expectForgotten(page: Page, authenticator: Authenticator) {
    await expect(page.getByRole('main').getByRole('status')).toHaveText(FORGOTTEN);
    await expect.poll(() => ids(authenticator)).toEqual([]);
  }

  test('where it is to prove who is there', async ({ page, authenticator, ownerWithPassword, database }) => {
    const given = await overhearSignals(page);
    const told = page.waitForResponse('/api/passkey/signalled');
    await open(page, '/confirm?next=/account/password');
    await told; // so that it is not this signal that does it
    await authenticator.forgetAll();
    await authenticator.addStranger(accountId(database, ownerWithPassword));
    await usePasskey(page);

    await expectForgotten(page, authenticator);
    expect(given).toEqual([...SIGNALS, 'signalUnknownCredential']);
    await expect(page).toHaveURL('/confirm?next=/account/password');
  });

  test('where it is to be the second factor', async ({ page, authenticator, ownerWithPassword, database }) => {
    const given = await overhearSignals(page);
    await askForPasskey(page);
    await signOut(page);
    await authenticator.forgetAll();
    await givePassword(page, ownerWithPassword);
    await authenticator.addStranger(accountId(database, ownerWithPassword));
    await usePasskey(page);

    await expectForgotten(page, authenticator);
    expect(given).toEqual(['signalUnknownCredential']);
    expect(database.of(ownerWithPassword.username, 'sessions')).toEqual([]);
  });
});

test('a new passkey of which only the answer got lost stays, and signs in', async ({
  page,
  context,
  authenticator,
  person,
  mishaps,
  database,
}) => {
  mishaps.expect('net::ERR_CONNECTION_FAILED: POST /api/passkey/sign-up/finish');
  const given = await overhearSignals(page);
  const asked = callsTo(page, 'known');
  await page.route('/api/passkey/sign-up/finish', async (route) => {
    // The server hears it. Of its answer, the browser gets nothing, no cookie either.
    const cookies = await context.cookies();
    const answer = await route.fetch();
    expect(answer.status()).toBe(200);
    await context.clearCookies();
    await context.addCookies(cookies);
    await route.abort('connectionfailed');
  });
  await open(page, '/sign-up');
  await signUp(page, person);

  await expect(page.getByRole('main').getByRole('status').first()).toHaveText(
    'Your passkey was created, but the answer got lost. Please sign in with it.',
  );
  const [id, ...others] = await ids(authenticator);
  expect(others).toEqual([]);
  expect(database.of(person.username, 'passkeys')).toMatchObject([{ id }]);
  expect(asked.map((request) => request.postDataJSON())).toEqual([{ credential_id: id }]);
  expect(given).toEqual([]);

  await signIn(page, person);
  await expect.poll(() => given).toEqual(SIGNALS);
  expect(await ids(authenticator)).toEqual([id]);
});

test('one that was added, of which only the answer got lost, counts as added', async ({
  page,
  authenticator,
  passwordOwner,
  mishaps,
  database,
}) => {
  mishaps.expect('net::ERR_CONNECTION_FAILED: POST /api/passkey/addition/finish');
  await withoutConditionalCreate(page);
  const given = await overhearSignals(page);
  await page.route('/api/passkey/addition/finish', async (route) => {
    expect((await route.fetch()).status()).toBe(200);
    await route.abort('connectionfailed');
  });
  await signInByRequest(page.request, passwordOwner);
  await open(page, '/cart');
  await offer(page).getByRole('button', { name: 'Create a passkey' }).click();

  await expect(saved(page)).toContainText('A passkey was saved.');
  const created = await ids(authenticator);
  expect(database.of(passwordOwner.username, 'passkeys')).toMatchObject([{ id: created[0] }]);
  expect(given).not.toContain('signalUnknownCredential');
});

test('everything is told once, and again when it has changed', async ({ page, passkeyOwner }) => {
  const given = await overhearSignals(page);
  const calls = callsTo(page, 'signalled');
  const told = page.waitForResponse('/api/passkey/signalled');
  await signIn(page, passkeyOwner);
  await told;
  for (const path of ['/', '/cart', '/products/lantern', '/account']) await open(page, path);
  expect(given).toEqual(SIGNALS);
  expect(calls).toHaveLength(1);

  await page.getByText('Change your name or username').click();
  await page.getByLabel('Your name').fill('Countess of Lovelace');
  const again = page.waitForResponse('/api/passkey/signalled');
  await page.getByRole('button', { name: 'Save name and username' }).click();
  await again;
  await open(page, '/');
  expect(given).toEqual([...SIGNALS, ...SIGNALS]);
  expect(calls).toHaveLength(2);
});

test('no signal waits for another', async ({ page, authenticator, passkeyOwner }) => {
  await page.addInitScript(() => {
    (PublicKeyCredential as any).signalAllAcceptedCredentials = () => new Promise(() => {});
  });
  await signIn(page, passkeyOwner);
  await expect(page.request.post('/account/name', {
    form: { username: passkeyOwner.username, display_name: 'Countess of Lovelace' },
  })).resolves.toBeOK();
  await open(page, '/');
  await expect
    .poll(async () => (await authenticator.credentials())[0].userDisplayName)
    .toBe('Countess of Lovelace');
});

test('nothing is told to anybody’s password manager before the sign-in', async ({ page, authenticator, passwordOwner, database }) => {
  const given = await overhearSignals(page);
  await authenticator.answers(false);
  await authenticator.addStranger(accountId(database, passwordOwner));
  for (const path of ['/', '/sign-in', '/sign-up', '/goodbye']) await visit(page, path);

  expect(given).toEqual([]);
  expect(await authenticator.credentials()).toHaveLength(1);
});

test('a browser without signals misses nothing else', async ({ page, authenticator, passkeyOwner }) => {
  await withoutSignals(page);
  const told = page.waitForResponse('/api/passkey/signalled');
  await signIn(page, passkeyOwner);
  await told;
  await page.goto('/account/delete');
  const toldAgain = completed(page, 'signalled', '/goodbye');
  await page.getByRole('button', { name: 'Delete my account' }).click();

  await expect(page.getByText('Your account is deleted.')).toBeVisible();
  await toldAgain; // as late as anything would happen there
  expect(await authenticator.credentials()).toHaveLength(1); // nobody could tell it
});

test('a server that never hears of it keeps nobody waiting, and the next page tells again', async ({
  page,
  passkeyOwner,
}) => {
  const given = await overhearSignals(page);
  await page.route('/api/passkey/signalled', () => {}); // never answered
  await signIn(page, passkeyOwner);
  await expect.poll(() => given).toEqual(SIGNALS);
  await page.getByRole('banner').getByRole('link', { name: 'Cart' }).click();
  await expect(page).toHaveURL('/cart');
  await expect.poll(() => given).toEqual([...SIGNALS, ...SIGNALS]);

  await page.getByRole('banner').getByRole('link', { name: 'Catalogue' }).click();
  await expect(page).toHaveURL('/');
  await expectSignedIn(page, passkeyOwner);
});
