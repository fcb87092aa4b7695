// `/confirm`: proving to be the account’s owner.

import type { Page } from '@playwright/test';
import { addSecurityKey, test } from '../../account.ts';
import { Authenticator } from '../../authenticator.ts';
import { overhear } from '../../browser.ts';
import { expect, expectSignedIn, open, type Person } from '../../fixtures.ts';
import { signUpByRequest } from '../../passkeys.ts';

test.describe('confirming that it is you', () => {
  /** What the session of this browser remembers, under its new id. */
  function proved(session: Record<string, unknown>): number {
    return JSON.parse(String(session.data)).who.signed_in.proved;
  }

  test('asks for the passkeys of this account, in the dialog', async ({
    page,
    owner,
    authenticator,
    database,
  }) => {
    const asked = await overhear(page);
    await addSecurityKey(page, authenticator);
    const [before] = database.of(owner.username, 'sessions');
    await open(page, '/confirm?next=/account/password');
    await page.getByRole('button', { name: 'Use a passkey' }).click();

    await expect(page).toHaveURL('/account/password');
    // Not immediate, not conditional, and no other passkey will do.
    expect(asked).toEqual([{ allowCredentials: 2 }]);
    const [after, ...others] = database.of(owner.username, 'sessions');
    expect(others).toEqual([]);
    expect(after.id).not.toBe(before.id);
    expect(proved(after)).toBeGreaterThan(proved(before));
  });

  test('takes the password as well', async ({ page, ownerWithPassword, database }) => {
    const [before] = database.of(ownerWithPassword.username, 'sessions');
    await open(page, '/confirm?next=/account/recovery-codes');
    await page.getByLabel('Password').fill(ownerWithPassword.password);
    await page.getByRole('button', { name: 'Use the password' }).click();

    await expect(page).toHaveURL('/account/recovery-codes');
    const [after] = database.of(ownerWithPassword.username, 'sessions');
    expect(after.id).not.toBe(before.id);
    expect(proved(after)).toBeGreaterThan(proved(before));
  });

  test('refuses a wrong password beside it, and still goes on to where it was going', async ({
    page,
    ownerWithPassword,
    database,
    mishaps,
  }) => {
    mishaps.expect('401: POST /confirm');
    const [before] = database.of(ownerWithPassword.username, 'sessions');
    await open(page, '/confirm?next=/account/recovery-codes');
    const password = page.getByLabel('Password');
    await password.fill('what it used to be');
    await page.getByRole('button', { name: 'Use the password' }).click();

    await expect(password).toHaveAccessibleDescription('That is not the password.');
    await expect(password).toBeFocused();
    await expect(password).toHaveValue('');
    expect(database.of(ownerWithPassword.username, 'sessions')).toMatchObject([{ id: before.id }]);

    await password.fill(ownerWithPassword.password);
    await page.getByRole('button', { name: 'Use the password' }).click();
    await expect(page).toHaveURL('/account/recovery-codes');
  });

  test('offers only what the account has', async ({ page, owner }) => {
    await open(page, '/confirm');
    await expectSignedIn(page, owner);
    await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeVisible();
    await expect(page.getByLabel('Password')).toHaveCount(0);
  });

  test('is no open redirect', async ({ page, owner }) => {
    await open(page, '/confirm?next=//example.com/');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await expect(page).toHaveURL('/');
    await expectSignedIn(page, owner);
  });

  test.describe('with another account’s security key only', () => {
    test.use({ transport: 'usb' });

    /** Signed in, with a passkey on a key that is lost. */
    const other = async (page: Page, { username, name, password }: Person, device: Authenticator) => {
      const person = { username: `${username}-2`, name, password };
      const lost = await Authenticator.attach(page, 'usb');
      await signUpByRequest(page.request, lost, 'usb', person);
      expect(await lost.credentials()).toHaveLength(1);
      expect(await device.credentials()).toHaveLength(1);
      await lost.detach();
      return person;
    };

    test('finds none', async ({ page, passkeyOwner, authenticator, database }) => {
      const { username } = await other(page, passkeyOwner, authenticator);
      const [before] = database.of(username, 'sessions');
      await open(page, '/confirm?next=/account/password');
      const button = page.getByRole('button', { name: 'Use a passkey' });
      await button.click();

      await expect(page.getByRole('main').getByRole('status')).toHaveText('No passkey was used. You can try again.');
      await expect(button).toBeFocused();
      await expect(page).toHaveURL('/confirm?next=/account/password');
      expect(database.of(username, 'sessions')).toMatchObject([{ id: before.id }]);
    });

    test('is refused, even if the browser offers that one', async ({
      page,
      passkeyOwner,
      authenticator,
      database,
      mishaps,
    }) => {
      mishaps.expect('400: POST /api/passkey/reauthentication/finish');
      await page.addInitScript(() => {
        const get = navigator.credentials.get.bind(navigator.credentials);
        navigator.credentials.get = (options) => {
          if (location.pathname === '/confirm') delete options?.publicKey?.allowCredentials;
          return get(options);
        };
      });
      const { username } = await other(page, passkeyOwner, authenticator);
      const [before] = database.of(username, 'sessions');
      await open(page, '/confirm?next=/account/password');
      await page.getByRole('button', { name: 'Use a passkey' }).click();

      await expect(page.getByRole('main').getByRole('status')).toHaveText(
        'That passkey could not be verified. Please try again.',
      );
      expect(database.of(username, 'sessions')).toMatchObject([{ id: before.id }]);
      expect(database.of(passkeyOwner.username, 'sessions')).toEqual([]);
      // It still opens its own account.
      expect(await authenticator.credentials()).toHaveLength(1);
    });
  });
});
