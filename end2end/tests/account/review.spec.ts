// `/account/review`, after a new password.

import type { Page } from '@playwright/test';
import { cards, expectNotice, expectSignedOut, test } from '../../account.ts';
import { Authenticator } from '../../authenticator.ts';
import {
  expect,
  expectAccessible,
  expectSignedIn,
  hydrated,
  makeCodes,
  open,
  signInByRequest,
} from '../../fixtures.ts';

const kind = (page: Page, name: string) => page.getByRole('group', { name });
const keep = (page: Page) => page.getByRole('button', { name: 'Keep what has a tick' });

async function changePassword(page: Page, password: string) {
  await open(page, '/account/password');
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page).toHaveURL('/account/review');
}

test.describe('after a new password', () => {
  test('what an intruder left is thrown out in one press', async ({
    page,
    ownerWithPassword,
    elsewhere,
    database,
  }) => {
    const { username, password } = ownerWithPassword;
    const intruder = await Authenticator.attach(elsewhere, 'internal');
    await signInByRequest(elsewhere.request, ownerWithPassword);
    await open(elsewhere, '/account/passkeys/new');
    await elsewhere.getByRole('button', { name: 'Create a passkey' }).click();
    await expectNotice(elsewhere, 'Your new passkey is ready.');
    await makeCodes(elsewhere.request);
    expect(await intruder.credentials()).toHaveLength(1);

    await changePassword(page, `${password}, and one white`);
    await expectNotice(page, 'Your password is changed. All other sessions have ended.');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Is all of this yours?');
    const passkeys = kind(page, 'Passkeys').getByRole('checkbox');
    await expect(passkeys).toHaveCount(2);
    await expect(passkeys.first()).toBeChecked();
    await expect(passkeys.last()).not.toBeChecked();
    await expect(passkeys.last()).toHaveAccessibleDescription(/^Since .* UTC · Firefox on Windows$/);
    await expect(kind(page, 'Recovery codes').getByRole('checkbox')).not.toBeChecked();
    await hydrated(page);
    await expectAccessible(page);
    await keep(page).click();

    await expectNotice(page, 'What is not yours is thrown out, and opens nothing any more.');
    await expect(page).toHaveURL('/account');
    await expect(cards(page)).toHaveCount(1);
    expect(database.of(username, 'passkeys')).toHaveLength(1);
    expect(database.of(username, 'recovery_codes')).toEqual([]);
    await expectSignedOut(elsewhere);
    await expectSignedIn(page, ownerWithPassword);
  });

  test('what is ticked after all is kept, and the rest is not', async ({ page, ownerWithPassword, database }) => {
    await makeCodes(page.request);
    await changePassword(page, `${ownerWithPassword.password}, and one white`);
    const codes = kind(page, 'Recovery codes').getByRole('checkbox', { name: '10 recovery codes' });
    await expect(codes).toBeChecked();
    await codes.uncheck();
    await keep(page).click();

    await expect(page).toHaveURL('/account');
    expect(database.of(ownerWithPassword.username, 'passkeys')).toHaveLength(1);
    expect(database.of(ownerWithPassword.username, 'recovery_codes')).toEqual([]);
  });

  test('there is nothing to look through where the password is all', async ({ page, ownerWithoutPasskey }) => {
    await open(page, '/account/password');
    await page.getByLabel('New password').fill(`${ownerWithoutPasskey.password}, and one white`);
    await page.getByRole('button', { name: 'Change password' }).click();
    await expect(page).toHaveURL('/account');
    await expectNotice(page, 'Your password is changed. All other sessions have ended.');
  });
});
