// Signing in with an account elsewhere (OpenID Connect), by way of the provider’s own pages.

import type { Page } from '@playwright/test';
import {
  ANSWER,
  askForPasskeyAfter,
  beAtProvider,
  CANCELLED,
  cancelThere,
  chooseNames,
  continueWith,
  identities,
  signInThere,
  signInWithExample,
  test,
  waysOfSessions,
  withoutFedCm,
} from '../../federation.ts';
import {
  addToCart,
  armed,
  expect,
  expectSignedIn,
  hydrated,
  open,
  painted,
  signInLink,
  visit,
} from '../../fixtures.ts';
import { ORIGIN, PROVIDER } from '../../shops.ts';

test.beforeEach(async ({ page }) => withoutFedCm(page));

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

  test('a replayed answer opens nothing, and ends nothing', async ({ page, exampleOwner, mishaps, database }) => {
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

  test('login CSRF with an answer in another browser opens nothing', async ({ page, request, login, exampleOwner, database }) => {
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
