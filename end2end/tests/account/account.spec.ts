// `/account`, what can be changed from there, and proving to be its owner.

import { Authenticator, type Copies } from '../../authenticator.ts';
import { overhear } from '../../browser.ts';
import {
  test as base,
  addToCart,
  completed,
  expect,
  expectSignedIn,
  hydrated,
  makeCodes,
  Mishaps,
  open,
  painted,
  placeOrder,
  signInByRequest,
  signInLink,
  signInWithPassword,
  signOut,
  tabTo,
  visit,
  type Person,
} from '../../fixtures.ts';
import { signUpByRequest } from '../../passkeys.ts';
import type { Locator, Page } from '@playwright/test';

/** Its browser may keep the password, and would be back at once. */
const OFF = ' Automatic sign-in is off now, so that no browser comes back by itself.';
const DELETED =
  'The passkey is deleted and opens nothing any more. Where your browser can, it is telling its password manager ' +
  'to forget it. If it is kept anywhere else, such as on a security key, delete it there.';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0';

type Fixtures = {
  copies: Copies;
  /** Somebody with a passkey on `authenticator`, signed in, on `/account`. */
  owner: Person;
  /** Somebody with a password only, signed in, on no page yet. */
  ownerWithoutPasskey: Person;
  another: { page: Page; mishaps: Mishaps };
  /** Another browser, in which nobody is signed in. */
  elsewhere: Page;
  mishapsElsewhere: Mishaps;
};

const test = base.extend<Fixtures>({
  copies: [{}, { option: true }],

  authenticator: async ({ page, transport, copies }, use) => {
    await use(await Authenticator.attach(page, transport, copies));
  },

  owner: async ({ page, authenticator, transport, copies, person }, use) => {
    await signUpByRequest(page.request, authenticator, transport, person, copies);
    await open(page, '/account');
    await use(person);
  },

  ownerWithoutPasskey: async ({ page, authenticator, passwordOwner }, use) => {
    expect(await authenticator.credentials()).toHaveLength(0);
    await signInByRequest(page.request, passwordOwner);
    await use(passwordOwner);
  },

  another: async ({ browser }, use) => {
    const context = await browser.newContext({ userAgent: FIREFOX });
    const page = await context.newPage();
    const mishaps = new Mishaps(page, true);
    await use({ page, mishaps });
    mishaps.check();
    await context.close();
  },

  elsewhere: async ({ another }, use) => use(another.page),

  mishapsElsewhere: async ({ another }, use) => use(another.mishaps),
});

function part(page: Page, name: string): Locator {
  return page.getByRole('region', { name, exact: true });
}

function cards(page: Page): Locator {
  const items = part(page, 'Passkeys').getByRole('listitem');
  return items.filter({ has: page.getByRole('heading', { level: 3 }) });
}

function badges(card: Locator): Locator {
  return card.getByRole('list').getByRole('listitem');
}

/** What was done, in a sentence that has the focus. */
async function expectNotice(page: Page, text: string | RegExp) {
  const notice = page.getByRole('main').locator('.notice');
  await expect(notice).toHaveText(text);
  await expect(notice).toHaveRole('status');
  await expect(notice).toBeFocused();
}

/** A moment from the database, as pages write it for programs. */
function moment(milliseconds: string | number | null): string {
  return `${new Date(Number(milliseconds)).toISOString().slice(0, 19)}Z`;
}

/** A credential of an authenticator, as the store and the pages write its id. */
function id({ credentialId }: { credentialId: string }): string {
  return Buffer.from(credentialId, 'base64').toString('base64url');
}

/** By the button in the header, and then to `/account`. */
async function signInWithPasskey(page: Page, person: Person) {
  await open(page, '/');
  await signInLink(page).click();
  await expectSignedIn(page, person);
  await open(page, '/account');
}

async function signInAgain(page: Page, person: Person) {
  await signOut(page);
  await signInWithPasskey(page, person);
}

/** A second device, with one more passkey of whoever is signed in. Ends on `/account`. */
async function addSecurityKey(page: Page, device: Authenticator): Promise<Authenticator> {
  const securityKey = await Authenticator.attach(page, 'usb');
  await device.answers(false);
  await open(page, '/account/passkeys/new');
  await page.getByRole('button', { name: 'Create a passkey' }).click();
  await expectNotice(page, 'Your new passkey is ready.');
  await device.answers(true);
  return securityKey;
}

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

async function expectSignedOut(page: Page) {
  await page.goto('/account');
  await expect(page).toHaveURL('/sign-in?next=/account');
  await expect(page.getByRole('heading', { name: 'Sign in to see your account' })).toBeVisible();
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

test.describe('confirming that it is you', () => {
  /** What the session of this browser remembers, under its new id. */
  function proved(session: Record<string, unknown>): number {
    return JSON.parse(String(session.data)).proved;
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

  test('does not lead out of the store', async ({ page, owner }) => {
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
      mishaps.expect('400: POST /api/passkey/proof/finish');
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
    ['easily guessed', 'passwordpassword', 'That password is easily guessed. Please choose another.'],
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

test.describe('sessions', () => {
  const sessions = (page: Page) => part(page, 'Sessions').getByRole('listitem');

  test('are listed with browser, time and how they were signed in, this one marked', async ({
    page,
    ownerWithPassword,
    elsewhere,
    database,
  }) => {
    await signInByRequest(elsewhere.request, ownerWithPassword);
    await open(page, '/account');

    const rows = database.of(ownerWithPassword.username, 'sessions');
    const signedIn = (browser: string) => {
      const notes = rows.map((row) => JSON.parse(String(row.data)).sign_in);
      return moment(notes.find((note) => note.browser === browser).at);
    };
    await expect(sessions(page)).toHaveCount(2);
    const [here, there] = await sessions(page).all();
    await expect(here).toHaveText(/^Chrome on Linux\s+This session\s*Signed in .* UTC · With a passkey$/);
    await expect(here.getByRole('time')).toHaveAttribute('datetime', signedIn('Chrome on Linux'));
    await expect(here.getByRole('button')).toHaveCount(0);
    await expect(there).toHaveText(/^Firefox on Windows\s*Signed in .* UTC · With the password\s*End/);
    await expect(there.getByRole('time').first()).toHaveAttribute('datetime', signedIn('Firefox on Windows'));

    // There, it is the other way round.
    await elsewhere.goto('/account');
    await expect(sessions(elsewhere).first()).toHaveText(/^Firefox on Windows\s+This session/);
    await expect(sessions(elsewhere).last()).toHaveText(/^Chrome on Linux\s*Signed in/);
  });

  test('name the passkey that they were signed in with', async ({ page, owner }) => {
    await cards(page).getByText('Rename').click();
    await cards(page).getByLabel('Name').fill('Desk');
    await cards(page).getByRole('button', { name: 'Save name' }).click();
    await expectNotice(page, 'The passkey has its new name.');
    await expectSignedIn(page, owner);
    await expect(sessions(page)).toContainText('With the passkey “Desk”');
  });

  test('of others can be ended, and are out at their next request', async ({
    page,
    ownerWithPassword,
    elsewhere,
    database,
  }) => {
    await signInByRequest(elsewhere.request, ownerWithPassword);
    await open(page, '/account');
    await page.getByRole('button', { name: 'End the session of Firefox on Windows' }).click();

    await expect(page).toHaveURL('/account');
    await expectNotice(page, `That session has ended.${OFF}`);
    await expect(sessions(page)).toHaveCount(1);
    await expect(page.getByRole('button', { name: 'End all other sessions' })).toHaveCount(0);
    await expect(part(page, 'Security events').getByRole('link').first()).toHaveText(
      'Ended a session of Firefox on Windows',
    );
    expect(database.of(ownerWithPassword.username, 'sessions')).toHaveLength(1);
    await expectSignedOut(elsewhere);
    await expectSignedIn(page, ownerWithPassword);
  });

  test('of others can be ended all at once', async ({ page, ownerWithPassword, elsewhere, request, database }) => {
    await signInByRequest(elsewhere.request, ownerWithPassword);
    await signInByRequest(request, ownerWithPassword);
    await open(page, '/account');
    await expect(sessions(page)).toHaveCount(3);
    await page.getByRole('button', { name: 'End all other sessions' }).click();

    await expectNotice(page, `All other sessions have ended.${OFF}`);
    await expect(sessions(page)).toHaveCount(1);
    expect(database.of(ownerWithPassword.username, 'sessions')).toHaveLength(1);
    await expectSignedOut(elsewhere);
    expect((await request.get('/account')).url()).toContain('/sign-in?next=/account');
    await expectSignedIn(page, ownerWithPassword);
  });
});

test.describe('security events', () => {
  const events = (page: Page) => part(page, 'Security events').getByRole('listitem');

  test('tell what happened, newest first, and each has a page', async ({
    page,
    ownerWithPassword,
    authenticator,
    request,
    database,
  }) => {
    const { username, password } = ownerWithPassword;
    const form = { username, password: 'what it used to be' };
    // Equal failures within an hour are one event.
    for (let i = 0; i < 2; i++) expect((await request.post('/sign-in', { form })).status()).toBe(401);
    await signInAgain(page, ownerWithPassword);
    await addSecurityKey(page, authenticator);
    await open(page, '/account/password');
    await page.getByLabel('New password').fill(`${password}, and one white`);
    await page.getByRole('button', { name: 'Change password' }).click();
    await expectNotice(page, 'Your password is changed. All other sessions have ended.');

    await part(page, 'Security events').getByText('Earlier events').click();
    await expect(events(page).getByRole('link')).toHaveText([
      'Password changed',
      'Added a passkey',
      'Signed in with a passkey',
      'Failed sign-in with a password',
      'Password set',
      'Signed in with a passkey',
      'Account created',
    ]);
    await expect(events(page).filter({ has: page.getByText('Failed', { exact: true }) })).toHaveText(
      /^Failed sign-in with a password\s+Failed/,
    );
    expect(database.of(username, 'events')).toHaveLength(7);

    await events(page).getByRole('link', { name: 'Failed sign-in with a password' }).click();
    const [failed] = database.of(username, 'events').filter((event) => event.kind === 'sign_in_failed');
    await expect(page).toHaveURL(`/account/events/${failed.id}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Failed sign-in with a password');
    await expect(page.getByText('It was refused, and opened nothing.')).toBeVisible();
    await expect(page.getByRole('time')).toHaveAttribute('datetime', moment(failed.at));
    await expect(part(page, 'This was not you?').getByRole('listitem')).toHaveText([
      'Delete the passkeys you do not know',
      'Unlink the accounts you do not know',
      'Change or remove the password',
      'Make new recovery codes',
      'End all other sessions',
    ]);
  });
});

test('what belongs to another account is not there, and stays as it is', async ({ page, owner, request, database }) => {
  // Somebody else, in another browser.
  const form = { username: `${owner.username}-2`, display_name: 'Charles Babbage', password: owner.password };
  await expect(await request.post('/sign-up', { form })).toBeOK();

  const [event] = database.of(owner.username, 'events');
  const [session] = database.of(owner.username, 'sessions');
  const [passkey] = database.of(owner.username, 'passkeys');
  const pages = [`/account/events/${event.id}`, `/account/passkeys/${passkey.id}/delete`];
  const posts = [
    `/account/passkeys/${passkey.id}/delete`,
    `/account/passkeys/${passkey.id}/name`,
    `/account/sessions/${session.id}/end`,
  ];

  for (const path of pages) expect((await request.get(path)).status(), path).toBe(404);
  for (const path of posts) expect((await request.post(path, { form: { name: 'Mine' } })).status(), path).toBe(404);
  expect(database.of(owner.username, 'passkeys')).toEqual([passkey]);
  expect(database.of(owner.username, 'sessions')).toMatchObject([{ id: session.id }]);
  for (const path of pages) expect((await page.request.get(path)).status(), path).toBe(200);
});

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
      /That is not a recovery code of this account, or it was used before\.$/,
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
    await expect(elsewhere.getByLabel('Recovery code')).toHaveAccessibleDescription(/or it was used before\.$/);
    await recover(elsewhere, owner, code);
    await expectSignedIn(elsewhere, owner);
  });
});

test.describe('deleting the account', () => {
  test('leaves nothing but the order, without the person', async ({
    page,
    context,
    ownerWithPassword,
    authenticator,
    request,
    database,
  }) => {
    const { username, password } = ownerWithPassword;
    await addToCart(page, 'key-bowl');
    await page.getByRole('link', { name: 'Check out' }).click();
    const number = await placeOrder(page);
    expect(database.order(number)).toMatchObject([{ delivery_name: ownerWithPassword.name }]);
    await page.goto('/account');
    await page.getByRole('link', { name: 'Delete this account' }).click();
    await expect(page.getByRole('heading', { name: 'Delete your account' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('Your orders, without your name and address.');
    await page.getByRole('button', { name: 'Delete my account' }).click();

    await expect(page).toHaveURL('/goodbye');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Goodbye');
    await expectNotice(page, 'Your account is deleted.');
    await expect(signInLink(page)).toBeVisible();
    expect(database.accounts(username)).toEqual([]);
    expect(database.order(number)).toMatchObject([{ account_id: null, delivery_name: '', delivery_address: '' }]);
    expect(database.orderLines(number)).toEqual([{ slug: 'key-bowl', quantity: 1 }]);
    await expect.poll(() => authenticator.credentials()).toEqual([]);

    const post = await request.post('/sign-in', { form: { username, password } });
    expect(post.status()).toBe(401);
    expect((await context.request.get(`/orders/${number}`)).url()).toContain('/sign-in');
    await page.goto('/goodbye');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Goodbye');
    await expect(page.getByText('Your account is deleted.')).toHaveCount(0); // said once
    await expectSignedOut(page);
  });

  test('ends its sessions elsewhere too', async ({ page, ownerWithPassword, elsewhere, database }) => {
    await signInByRequest(elsewhere.request, ownerWithPassword);
    expect(database.of(ownerWithPassword.username, 'sessions')).toHaveLength(2);
    await open(page, '/account/delete');
    await page.getByRole('button', { name: 'Delete my account' }).click();
    await expect(page).toHaveURL('/goodbye');
    await expectSignedOut(elsewhere);
  });

  test('leaves a passkey that the device still has without an account', async ({
    page,
    owner,
    authenticator,
    database,
    mishaps,
  }) => {
    mishaps.expect('404: POST /api/passkey/sign-in/finish');
    // A password manager that does not know signals.
    await page.addInitScript(() => delete (PublicKeyCredential as any).signalAllAcceptedCredentials);
    await open(page, '/account/delete');
    const told = completed(page, 'signalled', '/goodbye');
    await page.getByRole('button', { name: 'Delete my account' }).click();
    await expect(page).toHaveURL('/goodbye');
    await told;
    expect(await authenticator.credentials()).toHaveLength(1);
    await signInLink(page).click();

    await expect(page.getByRole('banner').getByRole('status')).toContainText('This store does not know that passkey');
    expect(database.accounts(owner.username)).toEqual([]);
    await expect.poll(() => authenticator.credentials()).toEqual([]);
  });
});
