// What the password manager hears of an account. Its list of passkeys is the evidence.

import type { Page } from '@playwright/test';
import { Authenticator } from '../authenticator.ts';
import { callsTo, overhearSignals, withoutSignals } from '../browser.ts';
import type { Database } from '../database.ts';
import {
  expect,
  expectSignedIn,
  open,
  signInElsewhere,
  signInLink,
  signInWithPassword,
  signUp,
  test,
  type Person,
} from '../fixtures.ts';

const SIGNALS = ['signalAllAcceptedCredentials', 'signalCurrentUserDetails'];

const ids = async (authenticator: Authenticator) =>
  (await authenticator.credentials()).map(({ credentialId }) => Buffer.from(credentialId, 'base64').toString('base64url'));

const accountId = (database: Database, { username }: Person) => database.accounts(username)[0].id as string;

async function signIn(page: Page, person: Person) {
  await open(page, '/');
  await signInLink(page).click();
  await expectSignedIn(page, person);
}

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
    await authenticator.answers(false);
    await authenticator.addStranger(accountId(database, passwordOwner));
    await open(page, '/sign-in');
    await signInWithPassword(page, passwordOwner);

    await expectSignedIn(page, passwordOwner);
    await expect.poll(() => ids(authenticator)).toEqual([]);
  });

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

  test('after it was deleted here', async ({ page, authenticator, ownerOfBoth, database }) => {
    await signIn(page, ownerOfBoth);
    expect(await authenticator.credentials()).toHaveLength(1);
    await page.goto('/account');
    await page.getByRole('link', { name: /^Delete (?!this account)/ }).click();
    await page.getByRole('button', { name: 'Delete this passkey' }).click();

    await expect(page).toHaveURL('/account');
    await expect.poll(() => ids(authenticator)).toEqual([]);
    expect(database.of(ownerOfBoth.username, 'passkeys')).toEqual([]);
  });

  test('after it was deleted in another browser', async ({ page, authenticator, ownerOfBoth, request, database }) => {
    await signIn(page, ownerOfBoth);
    const [own] = await ids(authenticator);
    await signInElsewhere(request, ownerOfBoth);
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
    await signInElsewhere(request, ownerOfBoth);
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
  const message = (page: Page) => page.getByRole('main').getByRole('status');

  test('at a sign-up that is refused', async ({ page, authenticator, person, mishaps, database }) => {
    mishaps.expect('400: POST /api/passkey/sign-up/finish');
    const given = await overhearSignals(page);
    await page.route('/api/passkey/sign-up/finish', (route) => route.fulfill(refusal));
    await open(page, '/sign-up');
    await signUp(page, person);

    await expect(message(page)).toHaveText(SENTENCE);
    expect(given).toEqual(['signalUnknownCredential']);
    expect(await ids(authenticator)).toEqual([]);
    expect(database.accounts(person.username)).toEqual([]);
  });

  test('at a sign-up that never reached the server', async ({ page, authenticator, person, mishaps, database }) => {
    mishaps.expect('net::ERR_CONNECTION_FAILED: POST /api/passkey/sign-up/finish');
    await page.route('/api/passkey/sign-up/finish', (route) => route.abort('connectionfailed'));
    await open(page, '/sign-up');
    await signUp(page, person);

    await expect(message(page)).toHaveText(UNREACHABLE);
    expect(database.accounts(person.username)).toEqual([]);
    await expect.poll(() => ids(authenticator)).toEqual([]);
  });

  test('at an addition that is refused', async ({ page, authenticator, passwordOwner, mishaps, database }) => {
    mishaps.expect('400: POST /api/passkey/addition/finish');
    await page.route('/api/passkey/addition/finish', (route) => route.fulfill(refusal));
    await open(page, '/sign-in?next=/account/passkeys/new');
    await signInWithPassword(page, passwordOwner);
    await page.waitForResponse('/api/passkey/signalled'); // so that it is not this signal that does it
    const given = await overhearSignals(page);
    await open(page, '/account/passkeys/new');
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(message(page)).toHaveText(SENTENCE);
    expect(given).toEqual(['signalUnknownCredential']);
    expect(await ids(authenticator)).toEqual([]);
    expect(database.of(passwordOwner.username, 'passkeys')).toEqual([]);
  });

  test('at an addition that never reached the server', async ({ page, authenticator, passwordOwner, mishaps }) => {
    mishaps.expect('net::ERR_CONNECTION_FAILED: POST /api/passkey/addition/finish');
    await page.route('/api/passkey/addition/finish', (route) => route.abort('connectionfailed'));
    await open(page, '/sign-in?next=/account/passkeys/new');
    await signInWithPassword(page, passwordOwner);
    await page.waitForResponse('/api/passkey/signalled');
    await open(page, '/account/passkeys/new');
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(message(page)).toHaveText(UNREACHABLE);
    await expect.poll(() => ids(authenticator)).toEqual([]);
  });
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

test('nothing is told to anybody’s password manager before the sign-in', async ({ page, authenticator, passwordOwner, database }) => {
  const given = await overhearSignals(page);
  await authenticator.answers(false);
  await authenticator.addStranger(accountId(database, passwordOwner));
  for (const path of ['/', '/sign-in', '/sign-up', '/goodbye']) await open(page, path);

  expect(given).toEqual([]);
  expect(await authenticator.credentials()).toHaveLength(1);
});

test('a browser without signals misses nothing else', async ({ page, authenticator, passkeyOwner }) => {
  await withoutSignals(page);
  const told = page.waitForResponse('/api/passkey/signalled');
  await signIn(page, passkeyOwner);
  await told;
  await page.goto('/account/delete');
  await page.getByRole('button', { name: 'Delete my account' }).click();

  await expect(page.getByRole('heading', { name: 'Your account is deleted' })).toBeVisible();
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
