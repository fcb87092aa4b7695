// The cards of passkeys on `/account`: adding, naming and deleting one.

import type { Locator } from '@playwright/test';
import {
  addSecurityKey,
  cards,
  expectNotice,
  expectSignedOut,
  moment,
  OFF,
  part,
  signInAgain,
  test,
} from '../../account.ts';
import { Authenticator } from '../../authenticator.ts';
import {
  expect,
  expectSignedIn,
  hydrated,
  open,
  painted,
  signInByRequest,
  signInWithPassword,
  signOut,
  tabTo,
  visit,
} from '../../fixtures.ts';

const DELETED =
  'The passkey is deleted and opens nothing any more. Where your browser can, it is telling its password manager ' +
  'to forget it. If it is kept anywhere else, such as on a security key, delete it there.';

function badges(card: Locator): Locator {
  return card.getByRole('list').getByRole('listitem');
}

/** A credential of an authenticator, as the shop and the pages write its id. */
function id({ credentialId }: { credentialId: string }): string {
  return Buffer.from(credentialId, 'base64').toString('base64url');
}

test.describe('a passkey’s card', () => {
  test('tells when and where it was made and used', async ({ page, owner, database }) => {
    const [{ created_at }] = database.of(owner.username, 'passkeys');
    await signInAgain(page, owner);

    const [row] = database.of(owner.username, 'passkeys');
    expect(row.created_at).toBe(created_at);
    expect(Number(row.last_used_at)).toBeGreaterThan(Number(created_at));
    await expect(cards(page)).toHaveCount(1);
    const [created, used] = await cards(page).getByRole('definition').all();
    await expect(created.getByRole('time')).toHaveAttribute('datetime', moment(created_at));
    await expect(used.getByRole('time')).toHaveAttribute('datetime', moment(row.last_used_at));
    await expect(used).toContainText('with Chrome on Linux');
  });

  test('of one without copies says "This device only"', async ({ page, owner, database }) => {
    await expect(badges(cards(page))).toHaveText(['This device only', 'This device']);
    expect(database.of(owner.username, 'passkeys')).toMatchObject([{ backup_eligible: 0, backed_up: 0 }]);
  });

  test.describe('with copies elsewhere', () => {
    test.use({ copies: { defaultBackupEligibility: true, defaultBackupState: true } });

    test('says "Synced"', async ({ page, owner, database }) => {
      await expect(badges(cards(page))).toHaveText(['Synced', 'This device']);
      expect(database.of(owner.username, 'passkeys')).toMatchObject([{ backup_eligible: 1, backed_up: 1 }]);
    });
  });

  test.describe('whose copies come and go', () => {
    test.use({ copies: { defaultBackupEligibility: true, defaultBackupState: false } });

    test('says what was so at the last sign-in', async ({ page, owner, authenticator, database }) => {
      await expect(badges(cards(page))).toHaveText(['This device only', 'This device']);

      await authenticator.synchronises(true);
      await signInAgain(page, owner);
      await expect(badges(cards(page))).toHaveText(['Synced', 'This device']);
      expect(database.of(owner.username, 'passkeys')).toMatchObject([{ backup_eligible: 1, backed_up: 1 }]);

      await authenticator.synchronises(false);
      await signInAgain(page, owner);
      await expect(badges(cards(page))).toHaveText(['This device only', 'This device']);
      expect(database.of(owner.username, 'passkeys')).toMatchObject([{ backup_eligible: 1, backed_up: 0 }]);
    });
  });

  test('says "This device" only where this session was signed in with it', async ({
    page,
    owner,
    authenticator,
  }) => {
    await addSecurityKey(page, authenticator);
    await expect(badges(cards(page).nth(0))).toHaveText(['This device only', 'This device']);
    await expect(badges(cards(page).nth(1))).toHaveText(['This device only']);

    await signOut(page);
    await authenticator.forgetAll();
    await open(page, '/one-button?next=/account');
    await page.getByRole('link', { name: 'Sign in with a passkey' }).click();
    await expectSignedIn(page, owner);
    await expect(badges(cards(page).nth(0))).toHaveText(['This device only']);
    await expect(badges(cards(page).nth(1))).toHaveText(['This device only', 'This device']);
  });

  test('of a session that was signed in with a password says nothing of it', async ({ elsewhere, ownerOfBoth }) => {
    await signInByRequest(elsewhere.request, ownerOfBoth);
    await open(elsewhere, '/account');
    await expect(badges(cards(elsewhere))).toHaveText(['This device only']);
  });
});

test.describe('renaming a passkey', () => {
  test('shows its name above its provider’s, until the name is taken away', async ({ page, owner, database }) => {
    const card = cards(page);
    const rename = async (name: string) => {
      await card.getByText('Rename').click();
      await card.getByLabel('Name').fill(name);
      await card.getByRole('button', { name: 'Save name' }).click();
      await expectNotice(page, 'The passkey has its new name.');
      await expect(page).toHaveURL('/account');
    };
    const provider = card.getByRole('paragraph').filter({ hasText: /^Passkey$/ });
    await expect(card.getByRole('heading')).toHaveText('Passkey');

    await rename(' Kitchen <laptop> ');
    await expect(card.getByRole('heading')).toHaveText('Kitchen <laptop>');
    await expect(provider).toBeVisible();
    await expect(card.getByLabel('Name')).toHaveValue('Kitchen <laptop>');
    expect(database.of(owner.username, 'passkeys')).toMatchObject([{ own_name: 'Kitchen <laptop>' }]);

    await rename('');
    await expect(card.getByRole('heading')).toHaveText('Passkey');
    await expect(provider).toHaveCount(0);
    expect(database.of(owner.username, 'passkeys')).toMatchObject([{ own_name: null }]);
  });

  test('with a name that is too long says so beside it, and keeps it', async ({ page, owner, database, mishaps }) => {
    const [passkey] = database.of(owner.username, 'passkeys');
    mishaps.expect(`422: POST /account/passkeys/${passkey.id}/name`);
    const name = cards(page).getByLabel('Name');
    await cards(page).getByText('Rename').click();
    await name.evaluate((input) => input.removeAttribute('maxlength'));
    await name.fill('k'.repeat(65));
    await cards(page).getByRole('button', { name: 'Save name' }).click();

    await expect(name).toHaveAccessibleDescription(/Please enter a name of at most 64 characters\./);
    await expect(name).toHaveAttribute('aria-invalid', 'true');
    await expect(name).toHaveValue('k'.repeat(65));
    await expect(name).toBeFocused();
    expect(database.of(owner.username, 'passkeys')).toMatchObject([{ own_name: null }]);
  });

  test('works with the keyboard alone', async ({ page, owner, database }) => {
    const stops = ['Skip to content', 'Latchkey', 'Catalogue', 'Cart', `Account of ${owner.name}`, 'Sign out', 'Rename Passkey'];
    await painted(page);
    for (const stop of stops) {
      await page.keyboard.press('Tab');
      await expect(page.locator(':focus')).toHaveText(stop);
    }
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await expect(page.getByLabel('Name Passkey')).toBeFocused();
    await page.keyboard.type('Desk');
    await page.keyboard.press('Enter');

    await expectNotice(page, 'The passkey has its new name.');
    await expect(cards(page).getByRole('heading')).toHaveText('Desk');
    expect(database.of(owner.username, 'passkeys')).toMatchObject([{ own_name: 'Desk' }]);
  });
});

test.describe('adding a passkey', () => {
  test('puts it on the other device, and a card on the page', async ({
    page,
    owner,
    authenticator,
    database,
  }) => {
    const securityKey = await Authenticator.attach(page, 'usb');
    await authenticator.answers(false);
    await page.getByRole('link', { name: 'Add a passkey' }).click();
    await expect(page).toHaveURL('/account/passkeys/new');
    await hydrated(page);
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(page).toHaveURL('/account');
    await expectNotice(page, 'Your new passkey is ready.');
    await expect(cards(page)).toHaveCount(2);
    const [first] = await authenticator.credentials();
    const [second, ...others] = await securityKey.credentials();
    expect(others).toEqual([]);
    expect(second).toMatchObject({ isResidentCredential: true, rpId: 'localhost', userName: owner.username });
    expect(second.userHandle).toBe(first.userHandle);
    const passkeys = database.of(owner.username, 'passkeys');
    expect(passkeys.map((passkey) => passkey.id).toSorted()).toEqual([id(first), id(second)].toSorted());
  });

  test('on a device that has one already is said to be needless', async ({ page, owner, authenticator, database }) => {
    await open(page, '/account/passkeys/new');
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(page.getByRole('main').getByRole('status')).toHaveText(
      'This device has a passkey for this account already.',
    );
    await expect(page).toHaveURL('/account/passkeys/new');
    expect(await authenticator.credentials()).toHaveLength(1);
    expect(database.of(owner.username, 'passkeys')).toHaveLength(1);
  });

  test('in a dialog that was closed leaves a sentence, and the focus on the button', async ({
    page,
    ownerWithoutPasskey,
    authenticator,
    database,
  }) => {
    await authenticator.confirms(false);
    await open(page, '/account/passkeys/new');
    const button = page.getByRole('button', { name: 'Create a passkey' });
    await button.click();

    await expect(page.getByRole('main').getByRole('status')).toHaveText('No passkey was created. You can try again.');
    await expect(button).toBeFocused();
    expect(database.of(ownerWithoutPasskey.username, 'passkeys')).toEqual([]);

    await authenticator.confirms(true);
    await button.click();
    await expectNotice(page, 'Your new passkey is ready.');
  });
});

test.describe('deleting a passkey', () => {
  test('is refused where nothing else signs in', async ({ page, owner, authenticator, database }) => {
    await cards(page).getByRole('link', { name: 'Delete' }).click();
    await expect(page.getByRole('heading', { name: 'Delete a passkey' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText(
      'It is the only way to sign in to this account. Add another passkey or set a password first.',
    );
    await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);

    const post = await page.request.post(new URL(page.url()).pathname);
    expect(post.status()).toBe(409);
    expect(await authenticator.credentials()).toHaveLength(1);
    expect(database.of(owner.username, 'passkeys')).toHaveLength(1);
  });

  test('of two, deletes the one that was meant, here and on its device', async ({
    page,
    owner,
    authenticator,
    database,
  }) => {
    const securityKey = await addSecurityKey(page, authenticator);
    const [kept] = await authenticator.credentials();
    await cards(page).nth(1).getByRole('link', { name: 'Delete' }).click();
    await expect(page.getByRole('button', { name: 'Delete this passkey' })).toBeVisible();
    await expect(page.getByRole('main')).not.toContainText('last passkey');
    await page.getByRole('button', { name: 'Delete this passkey' }).click();

    await expect(page).toHaveURL('/account');
    await expectNotice(page, DELETED);
    await expect(cards(page)).toHaveCount(1);
    expect(database.of(owner.username, 'passkeys')).toMatchObject([{ id: id(kept) }]);
    await expect.poll(() => securityKey.credentials()).toEqual([]);
    expect(await authenticator.credentials()).toMatchObject([{ credentialId: kept.credentialId }]);
  });

  test('warns of the last one, and leaves the password', async ({
    page,
    ownerWithPassword,
    elsewhere,
    authenticator,
    database,
  }) => {
    await open(page, '/account');
    await cards(page).getByRole('link', { name: 'Delete' }).click();
    await expect(page.getByRole('main')).toContainText(
      'This is your last passkey. Without it, this account opens only with your password.',
    );
    await page.getByRole('button', { name: 'Delete this passkey' }).click();

    await expectNotice(page, DELETED);
    await expect(part(page, 'Passkeys')).toContainText('This account has none.');
    await expect(part(page, 'Sessions')).toContainText('With a passkey that was deleted');
    expect(database.of(ownerWithPassword.username, 'passkeys')).toEqual([]);
    await expect.poll(() => authenticator.credentials()).toEqual([]);

    await visit(elsewhere, '/sign-in');
    await signInWithPassword(elsewhere, ownerWithPassword);
    await expectSignedIn(elsewhere, ownerWithPassword);
  });
});

test('the keyboard alone adds a passkey, deletes it, and ends a session', async ({
  page,
  ownerWithPassword,
  elsewhere,
  authenticator,
  database,
}) => {
  const press = async (control: Locator) => {
    await tabTo(page, control);
    await page.keyboard.press('Enter');
  };
  await signInByRequest(elsewhere.request, ownerWithPassword);
  await Authenticator.attach(page, 'usb');
  await authenticator.answers(false);
  await open(page, '/account');
  await press(page.getByRole('link', { name: 'Add a passkey' }));
  await expect(page).toHaveURL('/account/passkeys/new');
  await hydrated(page);
  await press(page.getByRole('button', { name: 'Create a passkey' }));
  await expect(page).toHaveURL('/account');
  await expect(cards(page)).toHaveCount(2);

  await press(cards(page).nth(1).getByRole('link', { name: 'Delete' }));
  await press(page.getByRole('button', { name: 'Delete this passkey' }));
  await expectNotice(page, DELETED);
  await expect(cards(page)).toHaveCount(1);
  expect(database.of(ownerWithPassword.username, 'passkeys')).toHaveLength(1);

  await press(page.getByRole('button', { name: 'End the session of Firefox on Windows' }));
  await expectNotice(page, `That session has ended.${OFF}`);
  await expectSignedOut(elsewhere);
});
