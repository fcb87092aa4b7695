// Signing in with an account elsewhere (OpenID Connect), by way of the provider's own pages.

import type { Page } from '@playwright/test';
import type { Database } from '../../database.ts';
import {
  askForPasskeyAfter,
  beAtProvider,
  chooseNames,
  continueWith,
  identities,
  linkByRequest,
  linked,
  overhearStored,
  signInThere,
  test,
  waysOfSessions,
  withoutFedCm,
} from '../../federation.ts';
import {
  addToCart,
  armed,
  expect,
  expectAccessible,
  expectSignedIn,
  hydrated,
  offer,
  open,
  painted,
  pressSignOut,
  signInByRequest,
  signInLink,
  visit,
  type Person,
} from '../../fixtures.ts';
import { ORIGIN, PROVIDER } from '../../stores.ts';

test.beforeEach(async ({ page }) => withoutFedCm(page));

const ANSWER = '400: GET /federated/example/callback';
const CANCELLED =
  'The provider says that this was declined or cancelled. You can try again, or choose another way.';

const cancelThere = (page: Page) => page.getByRole('button', { name: 'Cancel' }).click();

/** By the link of `/sign-in`. */
async function signInWithExample(page: Page, next: string) {
  await visit(page, `/sign-in?next=${next}`);
  await continueWith(page, 'Example').click();
}

/** The same without a page, for somebody who has an account and is signed in to the provider. */
async function signInByExample(page: Page, { name }: Person) {
  await expect(await page.request.get('/federated/example')).toBeOK();
  expect(await (await page.request.get('/account')).text()).toContain(name);
}

/** On `/confirm`: the provider asks, and the way goes on. */
async function confirmWithExample(page: Page, login: string) {
  await expect(page).toHaveURL(/\/confirm\?/);
  await page.getByRole('button', { name: 'Sign in with Example again' }).click();
  await signInThere(page, login);
}

/** What was done, in a sentence that has the focus. */
async function expectNotice(page: Page, sentence: string) {
  const notice = page.getByRole('main').locator('.notice');
  await expect(notice).toHaveText(sentence);
  await expect(notice).toBeFocused();
}

/** The page for signing in, with what went wrong, and as good as it ever was. */
async function expectOtherWays(page: Page, sentence: string, next: string) {
  await expect(page.getByRole('alert')).toHaveText(sentence);
  await expect(page.locator('form[action="/sign-in"] input[name=next]')).toHaveValue(next);
  const ways = {
    'Continue with Example': `/federated/example?next=${next}`,
    'Continue with Faraway': `/federated/faraway?next=${next}`,
    'Use a passkey from another device': `/one-button?next=${next}`,
    'Create an account': `/sign-up?next=${next}`,
    'Use a recovery code': `/recover?next=${next}`,
  };
  for (const [name, href] of Object.entries(ways)) {
    await expect(page.getByRole('main').getByRole('link', { name })).toHaveAttribute('href', href);
  }
}

test.describe('the first time', () => {
  test('one chooses a username, has an account, and goes on', async ({ page, login, person, database }) => {
    await signInWithExample(page, '/products/umbrella-stand');
    await signInThere(page, login);

    await expect(page).toHaveURL('/sign-up/provider?next=/products/umbrella-stand');
    await expect(page.getByText(`Example (${login}) says that it is you.`)).toBeVisible();
    await expect(page.getByLabel('Username')).toHaveValue(login);
    await expect(page.getByLabel('Your name')).toHaveValue(`C${login.slice(1)}`);
    await expect(signInLink(page)).toBeVisible();
    await chooseNames(page, person);

    await expect(page).toHaveURL('/products/umbrella-stand');
    await expectSignedIn(page, person);
    expect(database.accounts(person.username)).toMatchObject([{ display_name: person.name }]);
    expect(identities(database, person.username)).toMatchObject([{ issuer: PROVIDER, subject: login, label: login }]);
    expect(waysOfSessions(database, person.username)).toEqual([{ provider: 'Example' }]);
  });

  test('what the provider calls one will do', async ({ page, login, database }) => {
    await signInWithExample(page, '/cart');
    await signInThere(page, login);
    await page.getByRole('button', { name: 'Create account' }).click();

    await expect(page).toHaveURL('/cart');
    expect(database.accounts(login)).toMatchObject([{ display_name: `C${login.slice(1)}` }]);
  });

  test('it is the same from the page for new accounts', async ({ page, login, person }) => {
    await open(page, '/sign-up?next=/cart');
    await continueWith(page, 'Example').click();
    await signInThere(page, login);
    await chooseNames(page, person);

    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, person);
  });

  test('a username that is taken is said to be, and what was entered stays', async ({
    page,
    login,
    person,
    passwordOwner,
    mishaps,
    database,
  }) => {
    mishaps.expect('409: POST /sign-up/provider');
    await signInWithExample(page, '/cart');
    await signInThere(page, login);
    await chooseNames(page, { ...passwordOwner, name: 'Augusta King' });

    const username = page.getByLabel('Username');
    await expect(username).toHaveAccessibleDescription(/That username is taken\. Please choose another\.$/);
    await expect(username).toBeFocused();
    await expect(username).toHaveValue(passwordOwner.username);
    await expect(page.getByLabel('Your name')).toHaveValue('Augusta King');
    await username.fill(`${person.username}-2`);
    await page.getByRole('button', { name: 'Create account' }).click();

    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, { ...person, name: 'Augusta King' });
    expect(identities(database, passwordOwner.username)).toEqual([]);
    expect(identities(database, `${person.username}-2`)).toMatchObject([{ subject: login }]);
  });

  test('a username that is taken is not suggested, and its account not opened', async ({
    page,
    passwordOwner,
    database,
  }) => {
    await signInWithExample(page, '/cart');
    await signInThere(page, passwordOwner.username);

    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    await expect(page.getByLabel('Username')).toHaveValue('');
    expect(identities(database, passwordOwner.username)).toEqual([]);
  });

  test('nobody chooses a username without having been at a provider', async ({ page }) => {
    await page.goto('/sign-up/provider?next=/cart');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await expect(page.locator('form[action="/sign-in"] input[name=next]')).toHaveValue('/cart');
  });

  test('the cart and the checkout survive the way', async ({ page, authenticator, login, person }) => {
    expect(await authenticator.credentials()).toHaveLength(0);
    await addToCart(page, 'lantern');
    await hydrated(page);
    const ready = armed(page);
    await page.getByRole('link', { name: 'Check out' }).click();
    await expect(page).toHaveURL('/sign-in?next=/checkout');
    await ready;
    await continueWith(page, 'Example').click();
    await signInThere(page, login);
    await chooseNames(page, person);

    await expect(page).toHaveURL('/checkout');
    await expect(page.getByLabel('Name')).toHaveValue(person.name);
    await expect(page.getByRole('main')).toContainText('Wall lantern');
  });
});

test.describe('with an account', () => {
  test('one press signs in and goes on', async ({ page, exampleOwner, database }) => {
    await signInWithExample(page, '/products/coat-hook');

    await expect(page).toHaveURL('/products/coat-hook');
    await expectSignedIn(page, exampleOwner);
    expect(waysOfSessions(database, exampleOwner.username)).toEqual([{ provider: 'Example' }]);
    await page.goto('/account');
    const events = page.getByRole('region', { name: 'Security events' }).getByRole('link');
    await expect(events.first()).toHaveText('Signed in with Example');
  });

  test('it is the same from the page for new accounts', async ({ page, exampleOwner }) => {
    await open(page, '/sign-up?next=/cart');
    await continueWith(page, 'Example').click();
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, exampleOwner);
  });

  test('the keyboard alone will do', async ({ page, person, login }) => {
    const tab = () => page.keyboard.press('Tab');
    await visit(page, '/sign-in?next=/cart');
    for (const stop of ['Skip to content', 'Latchkey', 'Catalogue', 'Cart', 'Sign in', '', '', 'Sign in', 'Continue with Example']) {
      await tab();
      await expect(page.locator(':focus')).toHaveText(stop);
    }
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`${PROVIDER}/interaction`);
    await painted(page);
    await tab();
    await expect(page.getByLabel('Login')).toBeFocused();
    await page.keyboard.type(login);
    await page.keyboard.press('Enter');

    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    await hydrated(page);
    const prefetched = armed(page, '/sign-up/provider');
    for (const stop of ['Skip to content', 'Latchkey', 'Catalogue', 'Cart', 'Sign in', '']) {
      await tab();
      await expect(page.locator(':focus')).toHaveText(stop);
    }
    await expect(page.getByLabel('Username')).toBeFocused();
    await page.keyboard.type(person.username); // in place of what was suggested
    await tab();
    await page.keyboard.type(person.name);
    await prefetched; // when the focus was on "Sign in"
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, person);
  });

  test('a second factor is asked for after the provider', async ({
    page,
    authenticator,
    login,
    ownerWithPassword,
    database,
  }) => {
    await askForPasskeyAfter(page, login);
    await authenticator.answers(false);
    await signInWithExample(page, '/cart');

    await expect(page).toHaveURL('/second-factor?next=/cart');
    await expect(page.getByRole('heading', { name: 'One more step' })).toBeVisible();
    await expect(signInLink(page)).toBeVisible();
    expect(database.of(ownerWithPassword.username, 'sessions')).toEqual([]);
    await hydrated(page);
    await authenticator.answers(true);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, ownerWithPassword);
    await page.goto('/account');
    const events = page.getByRole('region', { name: 'Security events' }).getByRole('link');
    await expect(events.nth(0)).toHaveText('Signed in with Example and a passkey');
    await expect(events.nth(1)).toHaveText('The second factor was asked for after Example');
  });
});

test.describe('when it comes to nothing', () => {
  test('"Cancel" leads back to all the other ways', async ({ page, login, person, mishaps }) => {
    mishaps.expect(ANSWER);
    await signInWithExample(page, '/checkout');
    const ready = armed(page, '/federated/example/callback');
    await cancelThere(page);

    await expectOtherWays(page, CANCELLED, '/checkout');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in to check out');
    await ready;
    // And again, from there.
    await continueWith(page, 'Example').click();
    await signInThere(page, login);
    await chooseNames(page, person);
    await expectSignedIn(page, person);
  });

  test('a provider that does not answer is said not to', async ({ page, mishaps }) => {
    mishaps.expect('502: GET /federated/faraway');
    await visit(page, '/sign-in?next=/cart');
    const ready = armed(page, '/federated/faraway');
    await continueWith(page, 'Faraway').click();

    await expectOtherWays(
      page,
      'That provider does not answer at the moment. Please try again later, or choose another way.',
      '/cart',
    );
    await ready;
  });

  test('an answer that was used before opens nothing, and ends nothing', async ({ page, exampleOwner, mishaps, database }) => {
    mishaps.expect(ANSWER);
    const answered = page.waitForRequest((request) => request.url().startsWith(`${ORIGIN}/federated/example/callback`));
    await signInWithExample(page, '/cart');
    await expectSignedIn(page, exampleOwner);
    const sessions = database.of(exampleOwner.username, 'sessions').map((session) => session.id);
    const ready = armed(page, '/federated/example/callback');
    await page.goto((await answered).url());

    await expectOtherWays(
      page,
      'That sign-in took too long, was answered before, or was begun in another browser. Please try again.',
      '/',
    );
    await expectSignedIn(page, exampleOwner);
    await ready;
    expect(database.of(exampleOwner.username, 'sessions').map((session) => session.id)).toEqual(sessions);
  });

  test('an answer is of no use in another browser', async ({ page, request, login, exampleOwner, database }) => {
    await signInWithExample(page, '/cart');
    await expectSignedIn(page, exampleOwner);
    // A way to the provider that was begun here, and is finished there.
    const begun = await page.request.get('/federated/example', { maxRedirects: 0 });
    await beAtProvider(request, login);
    const finished = await request.get(begun.headers().location);

    expect(finished.status()).toBe(400);
    expect(await finished.text()).toContain('was begun in another browser');
    expect(database.of(exampleOwner.username, 'sessions')).toHaveLength(1);
  });
});

test.describe('on the account page', () => {
  const link = (page: Page, provider = 'Example') => page.getByRole('button', { name: `Link ${provider}` });

  /** What the session of this browser remembers, under its new id. */
  function proved(database: Database, { username }: Person) {
    const [{ id, data }] = database.of(username, 'sessions');
    return { id, at: JSON.parse(String(data)).proved };
  }

  test('a provider can be linked, and signs in to the same account', async ({ page, login, ownerWithPassword, database }) => {
    await open(page, '/account');
    await link(page).click();
    await signInThere(page, login);

    await expect(page).toHaveURL('/account');
    await expectNotice(page, 'Example is linked. You can sign in with it.');
    await expect(linked(page)).toHaveText(new RegExp(`^Example\\s*${login} · Linked .* UTC\\s*Unlink Example$`));
    await expect(link(page)).toHaveCount(0);
    await expect(link(page, 'Faraway')).toBeVisible();
    expect(identities(database, ownerWithPassword.username)).toMatchObject([{ subject: login, label: login }]);
    const events = page.getByRole('region', { name: 'Security events' }).getByRole('link');
    await expect(events.first()).toHaveText('Linked Example');

    await pressSignOut(page);
    await page.request.get(`${PROVIDER}/sign-out`);
    await page.goto('/sign-up?next=/cart'); // without an autofill that would be faster
    await continueWith(page, 'Example').click();
    await signInThere(page, login);
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, ownerWithPassword);
    expect(waysOfSessions(database, ownerWithPassword.username)).toEqual([{ provider: 'Example' }]);
  });

  test('linking asks for a fresh proof first', async ({ page, login, passwordOwner, database }) => {
    // Signed in by the browser, without anybody's doing: that proves nothing.
    const { username, password } = passwordOwner;
    const form = { username, password, automatic: 'yes' };
    await expect(await page.request.post('/sign-in', { form })).toBeOK();
    await open(page, '/account');
    await link(page).click();

    await expect(page).toHaveURL(/\/confirm\?next=\/account\b/);
    expect(identities(database, username)).toEqual([]);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Use the password' }).click();
    await expect(page).toHaveURL('/account');
    await link(page).click();
    await signInThere(page, login);
    await expectNotice(page, 'Example is linked. You can sign in with it.');
    expect(identities(database, username)).toHaveLength(1);
  });

  test('"Cancel" leads back to it', async ({ page, ownerWithPassword, mishaps, database }) => {
    mishaps.expect(ANSWER);
    await open(page, '/account');
    await link(page).click();
    await cancelThere(page);

    await expect(page.getByRole('alert')).toHaveText(CANCELLED);
    await expectSignedIn(page, ownerWithPassword);
    await expect(link(page)).toBeVisible();
    expect(identities(database, ownerWithPassword.username)).toEqual([]);
  });

  test('a provider that does not answer is not linked', async ({ page, ownerWithPassword, mishaps }) => {
    mishaps.expect('502: POST /account/providers/faraway/link');
    await open(page, '/account');
    await link(page, 'Faraway').click();
    await expect(page.getByRole('alert')).toContainText('That provider does not answer at the moment.');
    await expectSignedIn(page, ownerWithPassword);
  });

  test('what belongs to another account is not linked', async ({ page, login, exampleOwner, mishaps, database }) => {
    mishaps.expect('409: GET /federated/example/callback');
    const other = { ...exampleOwner, username: `${exampleOwner.username}-2` };
    const form = { username: other.username, display_name: other.name, password: other.password, way: 'password' };
    await expect(await page.request.post('/sign-up', { form })).toBeOK();
    await open(page, '/account');
    await link(page).click();

    await expect(page.getByRole('alert')).toHaveText('That identity is linked to another account of this store.');
    await expectSignedIn(page, other);
    expect(identities(database, other.username)).toEqual([]);
    expect(identities(database, exampleOwner.username)).toMatchObject([{ subject: login }]);
  });

  test('a provider can be unlinked, and knows nobody here any more', async ({ page, login, ownerWithPassword, database }) => {
    await linkByRequest(page.request, login);
    await open(page, '/account');
    await page.getByRole('link', { name: 'Unlink Example' }).click();
    await expect(page.getByText(`Example (${login}) will not sign in to this account any more.`)).toBeVisible();
    await page.getByRole('button', { name: 'Unlink Example' }).click();

    await expect(page).toHaveURL('/account');
    await expectNotice(page, 'Example is unlinked, and does not sign in to this account any more.');
    await expect(linked(page)).toHaveCount(0);
    await expect(link(page)).toBeVisible();
    expect(identities(database, ownerWithPassword.username)).toEqual([]);

    await pressSignOut(page);
    await page.goto('/sign-up?next=/cart');
    await continueWith(page, 'Example').click();
    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
  });

  test('the last way in stays, with an explanation', async ({ page, login, exampleOwner, database }) => {
    await signInByExample(page, exampleOwner);
    await open(page, '/account');
    await page.getByRole('link', { name: 'Unlink Example' }).click();
    await confirmWithExample(page, login);

    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Unlink Example');
    await expect(page.getByText('It is the only way to sign in to this account.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Unlink' })).toHaveCount(0);
    const refused = await page.request.post(page.url());
    expect(refused.status()).toBe(409);
    expect(identities(database, exampleOwner.username)).toHaveLength(1);

    await page.getByRole('link', { name: 'Set a password' }).click();
    await page.getByLabel('New password').fill(exampleOwner.password);
    await page.getByRole('button', { name: 'Set password' }).click();
    await page.getByRole('link', { name: 'Unlink Example' }).click();
    await page.getByRole('button', { name: 'Unlink Example' }).click();
    await expectNotice(page, 'Example is unlinked, and does not sign in to this account any more.');
    expect(identities(database, exampleOwner.username)).toEqual([]);
  });

  test('a passkey is offered, and created once the provider has asked again', async ({
    page,
    login,
    exampleOwner,
    authenticator,
    mishaps,
    database,
  }) => {
    mishaps.expect('403: POST /api/passkey/addition/start');
    await signInByExample(page, exampleOwner);
    await open(page, '/cart');
    await offer(page).getByRole('button', { name: 'Create a passkey' }).click();
    await expect(offer(page)).toContainText('First confirm that it is you.');
    await offer(page).getByRole('link', { name: 'Add it on your account page' }).click();
    await confirmWithExample(page, login);
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(page).toHaveURL('/account');
    expect(await authenticator.credentials()).toHaveLength(1);
    expect(database.of(exampleOwner.username, 'passkeys')).toHaveLength(1);
  });

  test.describe('confirming that it is you', () => {
    const again = (page: Page) => page.getByRole('button', { name: 'Sign in with Example again' });

    test('takes a new sign-in with the provider', async ({ page, login, exampleOwner, database }) => {
      await signInByExample(page, exampleOwner);
      const before = proved(database, exampleOwner);
      await open(page, '/confirm?next=/account/password');
      await expect(page.getByRole('button', { name: 'Use a passkey' })).toHaveCount(0);
      await expect(page.getByLabel('Password')).toHaveCount(0);
      await again(page).click();

      // Signed in there or not, it asks.
      await expect(page).toHaveURL(`${PROVIDER}/interaction`);
      await expect(page.getByLabel('Login')).toHaveValue(login);
      expect(proved(database, exampleOwner)).toEqual(before);
      await signInThere(page, login);
      await expect(page).toHaveURL('/account/password');
      await expectSignedIn(page, exampleOwner);
      const after = proved(database, exampleOwner);
      expect(after.id).not.toBe(before.id);
      // The sign-in before was none: the provider had asked for nothing.
      expect(before.at).toBeUndefined();
      expect(after.at).toBeGreaterThan(0);
    });

    test('refuses somebody else, and still goes on to where it was going', async ({
      page,
      login,
      exampleOwner,
      mishaps,
      database,
    }) => {
      mishaps.expect(ANSWER);
      await signInByExample(page, exampleOwner);
      const before = proved(database, exampleOwner);
      await open(page, '/confirm?next=/account/password');
      await again(page).click();
      await signInThere(page, `mallory-${login}`);

      await expect(page.getByRole('alert')).toContainText('That is somebody else’s identity');
      expect(proved(database, exampleOwner)).toEqual(before);
      await again(page).click();
      await signInThere(page, login);
      await expect(page).toHaveURL('/account/password');
    });

    test('can be cancelled there', async ({ page, exampleOwner, mishaps }) => {
      mishaps.expect(ANSWER);
      await signInByExample(page, exampleOwner);
      await open(page, '/confirm?next=/account/password');
      await again(page).click();
      await cancelThere(page);
      await expect(page.getByRole('alert')).toBeVisible();
      await expect(page.locator('form[action="/confirm/example"] input[name=next]')).toHaveValue('/account/password');
      await expectSignedIn(page, exampleOwner);
    });

    test('is not enough with a provider where a second factor is asked for', async ({
      page,
      login,
      ownerWithPassword,
    }) => {
      await linkByRequest(page.request, login);
      await expect(await page.request.post('/account/second-factor', { form: { on: 'yes' } })).toBeOK();
      await open(page, '/confirm');
      await expectSignedIn(page, ownerWithPassword);
      await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeVisible();
      await expect(again(page)).toHaveCount(0);
    });
  });
});

test.describe('the browser remembers the provider', () => {
  const remembered = (login: string, { name }: Person) => ({
    kind: 'FederatedCredential',
    type: 'federated',
    id: login,
    name,
    provider: PROVIDER,
    iconURL: `${ORIGIN}/favicon.svg`,
  });

  test('after a sign-in, once', async ({ page, login, exampleOwner }) => {
    const stored = await overhearStored(page);
    await signInWithExample(page, '/cart');
    await expectSignedIn(page, exampleOwner);
    await expect.poll(() => stored).toEqual([remembered(login, exampleOwner)]);

    for (const path of ['/products/lantern', '/account', '/']) await open(page, path);
    expect(stored).toHaveLength(1);
  });

  test('after a first sign-in, once there is an account', async ({ page, login, person }) => {
    const stored = await overhearStored(page);
    await signInWithExample(page, '/cart');
    await signInThere(page, login);
    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    await hydrated(page);
    expect(stored).toEqual([]);
    await chooseNames(page, person);
    await expect.poll(() => stored).toEqual([remembered(login, person)]);
  });

  test('and a browser that remembers nothing misses nothing', async ({ page, exampleOwner, database }) => {
    await page.addInitScript(() => {
      delete (window as any).FederatedCredential;
      delete (CredentialsContainer.prototype as any).preventSilentAccess;
    });
    await signInWithExample(page, '/cart');
    await expectSignedIn(page, exampleOwner);
    await pressSignOut(page);
    await hydrated(page);
    await expect(signInLink(page)).toBeVisible();
    expect(database.of(exampleOwner.username, 'sessions')).toEqual([]);
  });

  test('not after a sign-in that came to nothing', async ({ page, mishaps }) => {
    mishaps.expect(ANSWER);
    const stored = await overhearStored(page);
    await signInWithExample(page, '/cart');
    const ready = armed(page, '/federated/example/callback');
    await cancelThere(page);
    await ready;
    await open(page, '/cart');
    expect(stored).toEqual([]);
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('it is the same, from the button to the account and back again', async ({ page, login, person, database }) => {
    await page.goto('/sign-in?next=/account');
    await continueWith(page, 'Example').click();
    await signInThere(page, login);
    await chooseNames(page, person);
    await expect(page).toHaveURL('/account');
    await expectSignedIn(page, person);
    await expect(linked(page)).toContainText(login);
    expect(identities(database, person.username)).toMatchObject([{ subject: login }]);

    await pressSignOut(page);
    await signInLink(page).click();
    await continueWith(page, 'Example').click();
    await expectSignedIn(page, person);
  });

  test('a provider is linked, and unlinked', async ({ page, login, passwordOwner, database }) => {
    await signInByRequest(page.request, passwordOwner);
    await page.goto('/account');
    await page.getByRole('button', { name: 'Link Example' }).click();
    // The page in between leads on by itself.
    await signInThere(page, login);
    await expect(page.getByText('Example is linked. You can sign in with it.')).toBeVisible();
    expect(identities(database, passwordOwner.username)).toMatchObject([{ subject: login }]);

    await page.getByRole('link', { name: 'Unlink Example' }).click();
    await page.getByRole('button', { name: 'Unlink Example' }).click();
    await expect(page.getByText('Example is unlinked, and does not sign in to this account any more.')).toBeVisible();
    expect(identities(database, passwordOwner.username)).toEqual([]);
  });

  test('the page that leads on has a link as well', async ({ page, login, passwordOwner, database }) => {
    await staying(page);
    await signInByRequest(page.request, passwordOwner);
    await page.goto('/account');
    await page.getByRole('button', { name: 'Link Example' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('On to Example');
    await page.getByRole('link', { name: 'Continue' }).click();
    await signInThere(page, login);
    await expect(page).toHaveURL('/account');
    expect(identities(database, passwordOwner.username)).toMatchObject([{ subject: login }]);
  });

  test('it is the provider that confirms', async ({ page, login, exampleOwner }) => {
    await signInByExample(page, exampleOwner);
    await page.goto('/confirm?next=/account/password');
    await page.getByRole('button', { name: 'Sign in with Example again' }).click();
    await signInThere(page, login);
    await expect(page).toHaveURL('/account/password');
  });
});

/** A browser in which the page that leads on to the provider does not do so by itself. */
async function staying(page: Page) {
  await page.route('**/account/providers/example/link', async (route) => {
    const response = await route.fetch();
    const { refresh: _, ...headers } = response.headers();
    await route.fulfill({ response, headers });
  });
}

test.describe('in light and in dark colours', () => {
  test('the way of a stranger is accessible', async ({ page, login, mishaps }) => {
    test.slow();
    mishaps.expect('502: GET /federated/faraway');
    await open(page, '/sign-up');
    await expect(continueWith(page, 'Example')).toBeVisible();
    await expectAccessible(page);
    await visit(page, '/sign-in?next=/');
    await expect(continueWith(page, 'Example')).toBeVisible();
    await expectAccessible(page);
    const ready = armed(page, '/federated/faraway');
    await continueWith(page, 'Faraway').click();
    await expect(page.getByRole('alert')).toBeVisible();
    await ready;
    await expectAccessible(page);

    await continueWith(page, 'Example').click();
    await signInThere(page, login);
    await expect(page).toHaveURL('/sign-up/provider?next=/');
    await expectAccessible(page);
  });

  test('a username that is taken is said so accessibly', async ({ page, login, passwordOwner, mishaps }) => {
    mishaps.expect('409: POST /sign-up/provider');
    await signInWithExample(page, '/cart');
    await signInThere(page, login);
    await chooseNames(page, passwordOwner);
    await expect(page.getByLabel('Username')).toHaveAttribute('aria-invalid', 'true');
    await expectAccessible(page);
  });

  test('the pages of an account are accessible', async ({ page, login, exampleOwner, database }) => {
    test.slow();
    await signInByExample(page, exampleOwner);
    await open(page, '/confirm?next=/account');
    await confirmWithExample(page, login);
    await expect(page).toHaveURL('/account');
    const [{ id }] = identities(database, exampleOwner.username);
    const paths = ['/account', `/account/identities/${id}/unlink`, '/confirm?next=/account'];
    for (const path of paths) {
      await open(page, path);
      await expectAccessible(page);
    }
    const form = { action: 'set', password: exampleOwner.password };
    await expect(await page.request.post('/account/password', { form })).toBeOK();
    await open(page, `/account/identities/${id}/unlink`);
    await expect(page.getByRole('button', { name: 'Unlink Example' })).toBeVisible();
    await expectAccessible(page);
  });

  test('the page that leads on is accessible', async ({ page, ownerWithPassword }) => {
    await staying(page);
    await open(page, '/account');
    await expectSignedIn(page, ownerWithPassword);
    await page.getByRole('button', { name: 'Link Example' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('On to Example');
    await expectAccessible(page);
  });
});
