// `/account/recovery-codes`, and `/recover`, where they sign in.

import type { Page } from '@playwright/test';
import { cards, expectNotice, part, test } from '../../account.ts';
import { Authenticator } from '../../authenticator.ts';
import { expect, expectSignedIn, hydrated, makeCodes, open, setPassword, signOut, type Person } from '../../fixtures.ts';

/** On `/account/recovery-codes`. */
async function pressForCodes(page: Page): Promise<string[]> {
  await page.getByRole('button', { name: 'Make ten recovery codes' }).click();
  const codes = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
  await expect(codes).toHaveCount(10);
  return codes.allTextContents();
}

/** On `/recover`. */
async function recover(page: Page, { username }: Person, code: string) {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test.describe('recovery codes', () => {
  test('are shown once, and never kept as they are', async ({ page, owner, database }) => {
    await page.getByRole('link', { name: 'Make recovery codes' }).click();
    await expect(page).toHaveURL('/account/recovery-codes');
    const codes = await pressForCodes(page);
    for (const code of codes) expect(code).toMatch(/^([2-9A-HJKMNP-Z]{4}-){5}[2-9A-HJKMNP-Z]{4}$/);
    expect(new Set(codes).size).toBe(10);
    await expect(page.getByText('Shown only this once:')).toBeVisible();

    const rows = database.of(owner.username, 'recovery_codes');
    expect(rows).toHaveLength(10);
    for (const code of codes) expect(JSON.stringify(rows)).not.toContain(code);
    await page.goto('/account/recovery-codes');
    await expect(page.getByText('You have 10 of 10 left.')).toBeVisible();
    await expect(page.getByRole('list', { name: 'Recovery codes' })).toHaveCount(0);
    for (const code of codes) await expect(page.getByText(code)).toHaveCount(0);
  });

  test('sign in once, and lead to a new passkey', async ({ page, owner, elsewhere, database }) => {
    const [code] = await makeCodes(page.request);
    const newDevice = await Authenticator.attach(elsewhere, 'internal');
    await open(elsewhere, '/recover');
    await recover(elsewhere, owner, code.toLowerCase().replaceAll('-', ' '));

    await expectNotice(elsewhere, 'You are signed in. That recovery code is used up now.');
    await expect(elsewhere.getByRole('heading', { level: 1 })).toHaveText('Add a passkey');
    expect(database.of(owner.username, 'recovery_codes')).toHaveLength(9);
    await hydrated(elsewhere);
    await elsewhere.getByRole('button', { name: 'Create a passkey' }).click();
    await expectNotice(elsewhere, 'Your new passkey is ready.');
    await expect(elsewhere).toHaveURL('/account');
    await expect(cards(elsewhere)).toHaveCount(2);
    await expect(part(elsewhere, 'Recovery codes')).toContainText('9 of 10 left.');
    expect(database.of(owner.username, 'passkeys')).toHaveLength(2);
    expect(await newDevice.credentials()).toMatchObject([{ userName: owner.username }]);
  });

  test('stand in for the passkey only where the account asks for one after the password', async ({
    page,
    owner,
    elsewhere,
    mishapsElsewhere,
    database,
  }) => {
    mishapsElsewhere.expect('401: POST /recover');
    await setPassword(page.request, owner);
    await expect(await page.request.post('/account/second-factor', { form: { on: 'yes' } })).toBeOK();
    const [code] = await makeCodes(page.request);
    await open(elsewhere, '/recover?next=/cart');
    await recover(elsewhere, owner, code);
    await expect(elsewhere.getByLabel('Recovery code')).toHaveAccessibleDescription(
      /An account that asks for a passkey after the password wants its password here as well\.$/,
    );
    expect(database.of(owner.username, 'recovery_codes')).toHaveLength(10);

    await elsewhere.getByLabel(/^Password, if your account asks/).fill(owner.password);
    await recover(elsewhere, owner, code);
    await expectNotice(elsewhere, 'You are signed in. That recovery code is used up now.');
    await expect(elsewhere).toHaveURL('/account/passkeys/new?next=/cart');
    await expect(elsewhere.getByRole('heading', { level: 1 })).toHaveText('Add a passkey');
    expect(database.of(owner.username, 'recovery_codes')).toHaveLength(9);
  });

  test('do not sign in twice', async ({ page, owner, elsewhere, mishapsElsewhere, database }) => {
    mishapsElsewhere.expect('401: POST /recover');
    const [code] = await makeCodes(page.request);
    await open(elsewhere, '/recover');
    await recover(elsewhere, owner, code);
    await expectSignedIn(elsewhere, owner);
    await signOut(elsewhere);
    await open(elsewhere, '/recover');
    await recover(elsewhere, owner, code);

    await expect(elsewhere.getByLabel('Recovery code')).toHaveAccessibleDescription(
      /That is not a recovery code of this account, or it was used before\./,
    );
    await expect(elsewhere.getByLabel('Username')).toHaveValue(owner.username);
    expect(database.of(owner.username, 'recovery_codes')).toHaveLength(9);
    expect(database.of(owner.username, 'sessions')).toHaveLength(1);
  });

  test('are replaced by new ones', async ({ page, owner, elsewhere, mishapsElsewhere, database }) => {
    mishapsElsewhere.expect('401: POST /recover');
    const [old] = await makeCodes(page.request);
    const before = database.of(owner.username, 'recovery_codes').map((row) => row.hash);
    await page.goto('/account');
    await page.getByRole('link', { name: 'Make new recovery codes' }).click();
    const [code] = await pressForCodes(page);

    const after = database.of(owner.username, 'recovery_codes').map((row) => row.hash);
    expect(after).toHaveLength(10);
    expect(after.filter((hash) => before.includes(hash))).toEqual([]);
    await open(elsewhere, '/recover');
    await recover(elsewhere, owner, old);
    await expect(elsewhere.getByLabel('Recovery code')).toHaveAccessibleDescription(/or it was used before\./);
    await recover(elsewhere, owner, code);
    await expectSignedIn(elsewhere, owner);
  });
});
