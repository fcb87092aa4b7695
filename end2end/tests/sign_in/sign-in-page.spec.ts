// `/sign-in`: the form, its autofill, and passkeys from elsewhere.

import { overhear, withoutWebAuthn } from '../../browser.ts';
import { expect, expectSignedIn, hydrated, open, signInWithPassword, test, visit } from '../../fixtures.ts';

const OTHER_DEVICE = 'Use a passkey from another device';

test('a passkey chosen in the autofill signs in', async ({ page, passkeyOwner, database }) => {
  const asked = await overhear(page);
  // The virtual authenticator chooses as soon as there is something to choose.
  await page.goto('/sign-in?next=/cart');

  await expect(page).toHaveURL('/cart');
  await expectSignedIn(page, passkeyOwner);
  expect(asked).toEqual([{ mediation: 'conditional', signal: true, allowCredentials: 0 }]);
  expect(database.of(passkeyOwner.username, 'sessions')).toHaveLength(1);
});

test('an unknown passkey in the autofill is forgotten by the device', async ({ page, authenticator, mishaps }) => {
  mishaps.expect('404: POST /api/passkey/sign-in/finish');
  await authenticator.addStranger();
  await open(page, '/sign-in');

  await expect(page.getByRole('main').getByRole('status').first()).toContainText(
    'This store does not know that passkey, so your password manager was told',
  );
  await expect.poll(() => authenticator.credentials()).toEqual([]);
});

test('a password signs in', async ({ page, passwordOwner, database }) => {
  await visit(page, '/sign-in?next=/cart');
  await signInWithPassword(page, passwordOwner);

  await expect(page).toHaveURL('/cart');
  await expectSignedIn(page, passwordOwner);
  expect(database.of(passwordOwner.username, 'sessions')).toHaveLength(2); // one is its maker's
});

test('a wrong password is said to be wrong, and the username stays', async ({ page, passwordOwner, mishaps, database }) => {
  mishaps.expect('401: POST /sign-in', '401: POST /sign-in');
  await open(page, '/sign-in?next=/cart');
  await signInWithPassword(page, { ...passwordOwner, password: 'not this one' });

  await expect(page.getByRole('alert')).toHaveText('That username and password do not go together.');
  await expect(page.getByLabel('Username')).toHaveValue(passwordOwner.username);
  await expect(page.getByLabel('Password')).toHaveValue('');
  expect(database.of(passwordOwner.username, 'sessions')).toHaveLength(1);

  await hydrated(page);
  await signInWithPassword(page, passwordOwner);
  await expect(page).toHaveURL('/cart');
});

test('the header’s "Sign in" makes the waiting autofill step aside', async ({ page, authenticator }) => {
  expect(await authenticator.credentials()).toHaveLength(0);
  const asked = await overhear(page);
  await open(page, '/sign-in?next=/cart');
  await expect.poll(() => asked).toHaveLength(1);
  await page.getByRole('banner').getByRole('link', { name: 'Sign in' }).click();

  await expect.poll(() => asked.map((request) => request.uiMode ?? request.mediation)).toEqual([
    'conditional',
    'immediate',
    'conditional', // on the form, once more
  ]);
  await expect(page).toHaveURL('/sign-in?next=/cart');
});

test('without WebAuthn, there is no button for another device', async ({ page }) => {
  await withoutWebAuthn(page);
  await open(page, '/sign-in');
  await expect(page.getByRole('link', { name: OTHER_DEVICE })).toBeHidden();
  await expect(page.getByRole('main').getByText('This browser does not support passkeys.')).toBeVisible();
});

test('a refused dialog leaves a sentence, and the autofill waits again', async ({ page, authenticator }) => {
  expect(await authenticator.credentials()).toHaveLength(0);
  const asked = await overhear(page);
  await open(page, '/sign-in');
  await page.getByRole('link', { name: OTHER_DEVICE }).click();

  await expect(page.getByText('No passkey was used. You can try again, or sign in with a form.')).toBeVisible();
  await expect(page.getByRole('link', { name: OTHER_DEVICE })).toBeFocused();
  await expect.poll(() => asked.at(-1)?.mediation).toBe('conditional');
});

test.describe('with a phone', () => {
  test.use({ transport: 'hybrid' });

  test('the button for another device signs in', async ({ page, passkeyOwner, database }) => {
    const asked = await overhear(page);
    await open(page, '/sign-in?next=/cart');
    const finished = page.waitForRequest('/api/passkey/sign-in/finish');
    await page.getByRole('link', { name: OTHER_DEVICE }).click();

    const { credential } = (await finished).postDataJSON();
    expect(JSON.parse(credential)).toMatchObject({ authenticatorAttachment: 'cross-platform' });
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, passkeyOwner);
    // Nothing else: a phone is not offered in the autofill.
    expect(asked).toEqual([{ allowCredentials: 0 }]);
    expect(database.of(passkeyOwner.username, 'sessions')).toHaveLength(1);
  });
});
