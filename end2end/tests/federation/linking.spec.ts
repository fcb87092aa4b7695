// Providers on `/account`: linking and unlinking one, and confirming with it.

import type { Page } from '@playwright/test';
import type { Database } from '../../database.ts';
import {
  ANSWER,
  CANCELLED,
  cancelThere,
  confirmWithExample,
  continueWith,
  identities,
  linkByRequest,
  linked,
  signInByExample,
  signInThere,
  test,
  waysOfSessions,
  withoutFedCm,
} from '../../federation.ts';
import { expect, expectSignedIn, offer, open, pressSignOut, type Person } from '../../fixtures.ts';
import { PROVIDER } from '../../shops.ts';

test.beforeEach(async ({ page }) => withoutFedCm(page));

/** What was done, in a sentence that has the focus. */
async function expectNotice(page: Page, sentence: string) {
  const notice = page.getByRole('main').locator('.notice');
  await expect(notice).toHaveText(sentence);
  await expect(notice).toBeFocused();
}

test.describe('on the account page', () => {
  const link = (page: Page, provider = 'Example') => page.getByRole('button', { name: `Link ${provider}` });

  /** What the session of this browser remembers, under its new id. */
  function proved(database: Database, { username }: Person) {
    const [{ id, data }] = database.of(username, 'sessions');
    return { id, at: JSON.parse(String(data)).who.signed_in.proved };
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
