// `/account/password`: setting, changing and removing it.

import { expectNotice, expectSignedOut, part, test } from '../../account.ts';
import { expect, expectSignedIn, open, signInByRequest, signInWithPassword, visit } from '../../fixtures.ts';

test.describe('the password', () => {
  test('can be set, and then signs in', async ({ page, owner, elsewhere, database }) => {
    await page.getByRole('link', { name: 'Set a password' }).click();
    await page.getByLabel('New password').fill(owner.password);
    await page.getByRole('button', { name: 'Set password' }).click();

    await expect(page).toHaveURL('/account');
    await expectNotice(page, 'Your password is set.');
    await expect(part(page, 'Password')).toContainText('can also be signed in to with its password');
    expect(database.of(owner.username, 'passwords')).toHaveLength(1);
    await visit(elsewhere, '/sign-in');
    await signInWithPassword(elsewhere, owner);
    await expectSignedIn(elsewhere, owner);
  });

  test('can be changed, which ends the other sessions but not this one', async ({
    page,
    ownerWithPassword,
    elsewhere,
    request,
    database,
  }) => {
    const { username, password } = ownerWithPassword;
    await signInByRequest(elsewhere.request, ownerWithPassword);
    expect(database.of(username, 'sessions')).toHaveLength(2);

    await open(page, '/account');
    await page.getByRole('link', { name: 'Change or remove the password' }).click();
    await page.getByLabel('New password').fill(`${password}, and one white`);
    await page.getByRole('button', { name: 'Change password' }).click();
    await expectNotice(page, 'Your password is changed. All other sessions have ended.');
    await expectSignedIn(page, ownerWithPassword);

    expect(database.of(username, 'sessions')).toHaveLength(1);
    await expectSignedOut(elsewhere);
    const old = await request.post('/sign-in', { form: { username, password } });
    expect(old.status()).toBe(401);
    await signInByRequest(request, { ...ownerWithPassword, password: `${password}, and one white` });
  });

  for (const [refused, entered, sentence] of [
    ['too short', 'nine herons', 'Please use at least 12 characters.'],
    ['common', 'passwordpassword', 'That password is one of the most common ones. Please choose another.'],
    ['easily guessed', 'Summer2025!!', 'That password is easily guessed. Please choose another.'],
  ]) {
    test(`that is ${refused} is refused beside it`, async ({ page, owner, mishaps, database }) => {
      mishaps.expect('422: POST /account/password', '422: POST /account/password');
      await open(page, '/account/password');
      const password = page.getByLabel('New password');
      await password.fill(entered);
      await page.getByRole('button', { name: 'Set password' }).click();

      await expect(password).toHaveAccessibleDescription(
        `At least 12 characters, and not easily guessed. ${sentence}`,
      );
      await expect(password).toHaveAttribute('aria-invalid', 'true');
      await expect(password).toBeFocused();
      expect(database.of(owner.username, 'passwords')).toEqual([]);
    });
  }

  test('can be removed, and signs in no more', async ({ page, ownerWithPassword, request, database }) => {
    const { username, password } = ownerWithPassword;
    await open(page, '/account/password');
    await page.getByRole('button', { name: 'Remove password' }).click();

    await expect(page).toHaveURL('/account');
    await expectNotice(page, /^Your password is removed\..* delete it there\.$/);
    await expect(part(page, 'Password')).toContainText('This account has no password');
    expect(database.of(username, 'passwords')).toEqual([]);
    const post = await request.post('/sign-in', { form: { username, password } });
    expect(post.status()).toBe(401);
  });

  test('cannot be removed where nothing else signs in', async ({ page, ownerWithoutPasskey, database }) => {
    await open(page, '/account/password');
    await expect(part(page, 'Remove the password')).toContainText('It is the only way to sign in to this account.');
    await expect(page.getByRole('button', { name: 'Remove password' })).toHaveCount(0);

    const post = await page.request.post('/account/password', { form: { action: 'remove' } });
    expect(post.status()).toBe(409);
    expect(database.of(ownerWithoutPasskey.username, 'passwords')).toHaveLength(1);
  });
});
