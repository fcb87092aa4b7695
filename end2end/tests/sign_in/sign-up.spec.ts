// `/sign-up`

import { holdBack, withoutWebAuthn } from '../../browser.ts';
import { expect, expectSignedIn, hydrated, open, signUp, test } from '../../fixtures.ts';

test('a passkey makes the account', async ({ page, authenticator, person, database }) => {
  await open(page, '/sign-up?next=/account');
  await signUp(page, person);

  await expect(page).toHaveURL('/account');
  await expectSignedIn(page, person);
  await expect(page.getByText(`Username: ${person.username}`)).toBeVisible();
  await expect(page.getByText('This device only')).toBeVisible();
  await expect(page.getByText('This account has no password')).toBeVisible();

  const [credential, ...others] = await authenticator.credentials();
  expect(others).toEqual([]);
  expect(credential).toMatchObject({
    isResidentCredential: true,
    rpId: 'localhost',
    userName: person.username,
    userDisplayName: person.name,
  });
  const id = Buffer.from(credential.credentialId, 'base64').toString('base64url');
  expect(database.accounts(person.username)).toMatchObject([{ display_name: person.name }]);
  expect(database.of(person.username, 'passkeys')).toMatchObject([{ id, transports: '["internal"]' }]);
  expect(database.of(person.username, 'passwords')).toEqual([]);
  expect(database.of(person.username, 'sessions')).toHaveLength(1);
});

test('a dialog that was closed makes no account, and loses nothing', async ({ page, authenticator, person, database }) => {
  await authenticator.confirms(false);
  await open(page, '/sign-up');
  await signUp(page, person);

  await expect(page.getByRole('main').getByRole('status').first()).toHaveText(
    'No passkey was created. You can try again.',
  );
  const button = page.getByRole('button', { name: 'Create account with a passkey' });
  await expect(button).toBeFocused();
  await expect(page.getByLabel('Username')).toHaveValue(person.username);
  expect(database.accounts(person.username)).toEqual([]);

  await authenticator.confirms(true);
  await button.click();
  await expectSignedIn(page, person);
});

test('a username that is taken is said so beside it, before any dialog', async ({
  page,
  authenticator,
  passwordOwner,
  mishaps,
  database,
}) => {
  mishaps.expect('409: POST /api/passkey/sign-up/start', '409: POST /sign-up');
  await open(page, '/sign-up?next=/cart');
  await signUp(page, { ...passwordOwner, username: passwordOwner.username.toUpperCase() });

  const username = page.getByLabel('Username');
  await expect(username).toHaveAccessibleDescription(/That username is taken\. Please choose another\./);
  await expect(username).toHaveAttribute('aria-invalid', 'true');
  await expect(username).toBeFocused();
  await expect(page.getByLabel('Your name')).toHaveValue(passwordOwner.name);
  expect(await authenticator.credentials()).toEqual([]);

  const another = { ...passwordOwner, username: `${passwordOwner.username}-2` };
  await hydrated(page);
  await signUp(page, another);
  await expect(page).toHaveURL('/cart');
  expect(database.accounts(another.username)).toHaveLength(1);
});

test('a password makes an account too', async ({ page, person, database }) => {
  await open(page, '/sign-up?next=/account');
  await page.getByLabel('Username').fill(person.username);
  await page.getByLabel('Your name').fill(person.name);
  await page.getByText('Use a password instead').click();
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Create account with a password' }).click();

  await expect(page).toHaveURL('/account');
  await expectSignedIn(page, person);
  await expect(page.getByText('This account has none.')).toBeVisible();
  expect(database.of(person.username, 'passwords')).toHaveLength(1);
  expect(database.of(person.username, 'passkeys')).toEqual([]);
});

test('a password that is easily guessed is refused', async ({ page, person, mishaps, database }) => {
  mishaps.expect('422: POST /sign-up', '422: POST /sign-up');
  await open(page, '/sign-up');
  await page.getByLabel('Username').fill(person.username);
  await page.getByLabel('Your name').fill(person.name);
  await page.getByText('Use a password instead').click();
  await page.getByLabel('Password').fill('Summer2025!!');
  await page.getByRole('button', { name: 'Create account with a password' }).click();

  await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/That password is easily guessed/);
  await expect(page.getByLabel('Username')).toHaveValue(person.username);
  expect(database.accounts(person.username)).toEqual([]);
});

test('a browser without WebAuthn offers a password only', async ({ page, person }) => {
  await withoutWebAuthn(page);
  await open(page, '/sign-up');

  await expect(page.getByRole('main').getByRole('status').first()).toHaveText('This browser does not support passkeys.');
  await expect(page.getByRole('button', { name: 'Create account with a passkey' })).toBeHidden();
  await page.getByLabel('Username').fill(person.username);
  await page.getByLabel('Your name').fill(person.name);
  await page.getByText('Use a password instead').click();
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Create account with a password' }).click();
  await expectSignedIn(page, person);
});

test('a press before the page is at work says what to do, and loses nothing', async ({ page, person, mishaps }) => {
  mishaps.expect('422: POST /sign-up');
  const arrive = await holdBack(page, '**/latchkey.*.wasm');
  await page.goto('/sign-up?next=/cart');
  await signUp(page, person);

  await expect(page.getByRole('alert')).toContainText('If the page was still loading, please press the button again');
  arrive();
  await hydrated(page);
  await expect(page.getByLabel('Username')).toHaveValue(person.username);
});
