// From a password, or a passkey of another device, to a passkey of this one.

import type { Page } from '@playwright/test';
import { Authenticator } from '../../authenticator.ts';
import {
  callsTo,
  creatingByItself,
  decliningConditionalCreate,
  holdBack,
  overhearCreation,
  withoutConditionalCreate,
  withoutImmediate,
  withoutWebAuthn,
} from '../../browser.ts';
import {
  expect,
  expectSignedIn,
  frames,
  hydrated,
  offer,
  offers,
  open,
  saved,
  settled,
  signInByRequest,
  signInLink,
  signInWithPassword,
  signOut,
  tabTo,
  test,
  visit,
  type Person,
} from '../../fixtures.ts';

const CONDITIONALLY = { mediation: 'conditional', signal: true, userVerification: 'preferred', excludeCredentials: 0 };
const IN_A_DIALOG = { userVerification: 'required', excludeCredentials: 0 };

/** Whether it shows or not, the page brought none along. */
async function expectNoOffer(page: Page) {
  await hydrated(page);
  await expect(page.locator('aside.offers, .offer')).toHaveCount(0);
}

const create = (page: Page) => offer(page).getByRole('button', { name: 'Create a passkey' });

async function signIn(page: Page, person: Person, next = '/cart') {
  await signInByRequest(page.request, person);
  await page.goto(next);
  await expectSignedIn(page, person);
}

/** One in a dialog was pressed for. */
async function expectSaved(page: Page) {
  await expect(saved(page)).toHaveText('A passkey was saved. See your passkeys');
  await expect(saved(page)).toHaveRole('paragraph'); // what is around it is read out, and nothing twice
  await expect(saved(page).getByRole('link', { name: 'See your passkeys' })).toBeFocused();
  await expect(offer(page)).toBeHidden();
}

/** While a request is pending in the browser, Chromium refuses every other. */
async function expectPending(page: Page, pending: boolean) {
  const refusal = page.evaluate(async () => {
    const publicKey = { challenge: new Uint8Array(32) };
    return navigator.credentials.get({ publicKey }).then(
      () => 'none',
      (error: DOMException) => error.name,
    );
  });
  expect(await refusal).toBe(pending ? 'OperationError' : 'NotAllowedError');
}

/** Also when the server has heard of it. */
async function expectToStay(page: Page, dismiss: () => Promise<void>) {
  await page.evaluate(() => ((window as any).same = true));
  const heard = page.waitForResponse('/api/passkey/offer/dismiss');
  await dismiss();
  expect((await heard).status()).toBe(200);
  expect(await page.evaluate(() => (window as any).same)).toBe(true);
}

/** Records what moves in the page. To be called before it is opened. */
async function watchShifts(page: Page): Promise<number[]> {
  const shifts: number[] = [];
  await page.exposeFunction('shifted', (value: number) => shifts.push(value));
  await page.addInitScript(() => {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as any[]) (window as any).shifted(entry.value);
    }).observe({ type: 'layout-shift', buffered: true });
  });
  return shifts;
}

test.describe('after a password, a browser that creates passkeys by itself', () => {
  test('is asked to, without anybody’s confirmation', async ({ page, authenticator, passwordOwner }) => {
    const asked = await overhearCreation(page);
    await visit(page, '/sign-in?next=/cart');
    await signInWithPassword(page, passwordOwner);
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, passwordOwner);

    await expect.poll(() => asked).toEqual([CONDITIONALLY]);
    await expectPending(page, true);
    await expect(offer(page)).toBeHidden(); // nothing to be pressed meanwhile
    await expect(saved(page)).toHaveCount(0);
    expect(await authenticator.credentials()).toEqual([]);
  });

  test('is asked to by one page: another that was opened before only offers it', async ({ page, passwordOwner }) => {
    const asked = await overhearCreation(page);
    const release = await holdBack(page, '/api/passkey/addition/start');
    await signIn(page, passwordOwner);
    const other = await page.context().newPage();
    const taken = other.waitForResponse('/api/passkey/addition/start');
    await other.goto('/cart');
    expect(await (await taken).json()).toMatchObject({ public_key: expect.stringContaining('challenge') });

    release();
    await expect(create(page)).toBeVisible();
    expect(asked).toEqual([]);
  });

  test('does so, and a quiet notice says where it is kept', async ({ page, passwordOwner, database }) => {
    const created = await creatingByItself(page);
    const asked = await overhearCreation(page);
    await signIn(page, passwordOwner);

    await expect(saved(page)).toHaveText('A passkey was saved in Google Password Manager. See your passkeys');
    await expect(saved(page).getByRole('link')).not.toBeFocused(); // nobody asked for it
    await expect(offer(page)).toBeHidden();
    expect(asked).toEqual([CONDITIONALLY]);
    const id = Buffer.from(created[0].credentialId, 'base64').toString('base64url');
    expect(database.of(passwordOwner.username, 'passkeys')).toMatchObject([
      { id, aaguid: 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4', backed_up: 1, transports: '["internal","hybrid"]' },
    ]);

    await saved(page).getByRole('link', { name: 'See your passkeys' }).click();
    await expect(page).toHaveURL('/account#passkeys');
    await expect(page.getByRole('heading', { name: 'Google Password Manager' })).toBeVisible();
    await expect(page.getByText('Synced')).toBeVisible();
    await expectNoOffer(page);
  });

  test('can use it to sign in from then on', async ({ page, authenticator, passwordOwner, database }) => {
    const created = await creatingByItself(page);
    await signIn(page, passwordOwner);
    await expect(saved(page)).toContainText('A passkey was saved');
    await signOut(page);
    await authenticator.add({ ...created[0], signCount: 1, backupEligibility: true, backupState: true });
    await open(page, '/');
    await signInLink(page).click();

    await expectSignedIn(page, passwordOwner);
    const [, { who }] = database
      .of(passwordOwner.username, 'sessions')
      .map((session) => JSON.parse(session.data as string));
    expect(who.signed_in.methods.first).toHaveProperty('passkey');
  });

  test('keeps nobody from going on, and then the person is asked', async ({ page, authenticator, passwordOwner }) => {
    expect(await authenticator.credentials()).toEqual([]);
    const asked = await overhearCreation(page);
    await signIn(page, passwordOwner);
    await expect.poll(() => asked).toEqual([CONDITIONALLY]);
    await expectPending(page, true);
    await page.getByRole('banner').getByRole('link', { name: 'Catalogue' }).click();

    await expect(page).toHaveURL('/');
    await expect(create(page)).toBeVisible();
    expect(asked).toEqual([CONDITIONALLY]); // once
  });

  test('keeps nobody from creating one in a dialog', async ({ page, authenticator, passwordOwner, database }) => {
    const asked = await overhearCreation(page);
    await signIn(page, passwordOwner);
    await expect.poll(() => asked).toEqual([CONDITIONALLY]);
    await expectPending(page, true);
    await open(page, '/account/passkeys/new');
    await page.getByRole('button', { name: 'Create a passkey' }).click();

    await expect(page).toHaveURL('/account');
    await expect(page.getByText('Your new passkey is ready.')).toBeVisible();
    expect(asked).toEqual([CONDITIONALLY, IN_A_DIALOG]);
    expect(await authenticator.credentials()).toHaveLength(1);
    expect(database.of(passwordOwner.username, 'passkeys')).toHaveLength(1);
    await expectNoOffer(page);
  });

  test('is asked to as well where it has one of this account, and nobody else is', async ({
    page,
    authenticator,
    ownerOfBoth,
    database,
  }) => {
    await authenticator.confirms(false);
    const asked = await overhearCreation(page);
    await page.clock.install();
    await signIn(page, ownerOfBoth);
    // It leaves out what it has already.
    await expect.poll(() => asked).toEqual([{ ...CONDITIONALLY, excludeCredentials: 1 }]);
    await expectPending(page, true);
    await page.clock.fastForward('00:21');
    await expectPending(page, false);
    await expect(offers(page)).toHaveCount(1);
    await expect(offer(page)).toBeHidden();
    expect(await authenticator.credentials()).toHaveLength(1);
    expect(database.of(ownerOfBoth.username, 'passkeys')).toHaveLength(1);

    await open(page, '/');
    await expectNoOffer(page);
    expect(asked).toHaveLength(1);
  });

  test('and takes its time over it, is given up after a while', async ({ page, authenticator, passwordOwner }) => {
    expect(await authenticator.credentials()).toEqual([]);
    const asked = await overhearCreation(page);
    await page.clock.install();
    await signIn(page, passwordOwner);
    await expect.poll(() => asked).toEqual([CONDITIONALLY]);
    await expectPending(page, true);
    await page.clock.fastForward('00:21');

    await expect(create(page)).toBeVisible();
    await expectPending(page, false);
    await create(page).click();
    await expectSaved(page);
    expect(await authenticator.credentials()).toHaveLength(1);
  });
});

for (const [how, unwilling] of [
  ['finds that it may not', decliningConditionalCreate],
  ['cannot', withoutConditionalCreate],
] as const) {
  test.describe(`after a password, where the browser ${how}`, () => {
    test('one press creates a passkey', async ({ page, authenticator, passwordOwner, database }) => {
      await unwilling(page);
      await signIn(page, passwordOwner);
      await expect(offer(page)).toContainText('Sign in with your fingerprint, your face or your PIN next time');
      await create(page).click();

      await expectSaved(page);
      const [{ credentialId }] = await authenticator.credentials();
      const id = Buffer.from(credentialId, 'base64').toString('base64url');
      expect(database.of(passwordOwner.username, 'passkeys')).toMatchObject([{ id }]);
      await expect(page).toHaveURL('/cart');

      await open(page, '/');
      await expectNoOffer(page);
    });

    test('the keyboard reaches the offer', async ({ page, authenticator, passwordOwner }) => {
      await unwilling(page);
      await signIn(page, passwordOwner);
      await tabTo(page, create(page));
      await page.keyboard.press('Enter');
      await expectSaved(page);
      await expect(saved(page).getByRole('link', { name: 'See your passkeys' })).toBeFocused();
      expect(await authenticator.credentials()).toHaveLength(1);
    });

    test('"Not now" is respected, after the next sign-in too', async ({ page, passwordOwner, database }) => {
      await unwilling(page);
      const asked = await overhearCreation(page);
      await signIn(page, passwordOwner);
      const expected = unwilling === withoutConditionalCreate ? [] : [CONDITIONALLY];
      await expectToStay(page, () => offer(page).getByRole('button', { name: 'Not now' }).click());
      await expect(offer(page)).toBeHidden();
      await expect(page.getByRole('main')).toBeFocused();
      await expect(page).toHaveURL('/cart');
      const [{ offer_dismissed_at }] = database.accounts(passwordOwner.username);
      expect(offer_dismissed_at).toEqual(expect.any(Number));
      expect(asked).toEqual(expected);

      await signOut(page);
      await signIn(page, passwordOwner);
      await hydrated(page);
      // The browser may create one by itself all the same.
      await expect(offers(page)).toHaveCount(1);
      await expect.poll(() => asked).toEqual([...expected, ...expected]);
      await open(page, '/');
      await settled(page);
      await expect(offer(page)).toBeHidden();
      expect(asked).toEqual([...expected, ...expected]);
      expect(database.of(passwordOwner.username, 'passkeys')).toEqual([]);
    });
  });
}

test('a dialog that was closed leaves the offer, with a sentence', async ({ page, authenticator, passwordOwner }) => {
  await withoutConditionalCreate(page);
  await authenticator.confirms(false);
  await signIn(page, passwordOwner);
  await create(page).click();
  await expect(offer(page).getByText('No passkey was created. You can try again.')).toBeVisible();

  await authenticator.confirms(true);
  await create(page).click();
  await expectSaved(page);
});

for (const [what, unwilling] of [
  ['the offer', withoutConditionalCreate],
  ['the quiet notice', creatingByItself],
] as const) {
  test(`nothing moves when ${what} comes up`, async ({ page, passwordOwner }) => {
    await unwilling(page);
    const shifts = await watchShifts(page);
    await signIn(page, passwordOwner);
    await expect(offers(page).locator('.offer:visible')).toBeVisible();
    await frames(page);
    expect(shifts).toEqual([]);
  });
}

test('nothing moves when the offer is taken', async ({ page, authenticator, passwordOwner }) => {
  await withoutConditionalCreate(page);
  const shifts = await watchShifts(page);
  await signIn(page, passwordOwner);
  await create(page).click();
  await expectSaved(page);
  expect(await authenticator.credentials()).toHaveLength(1);
  await frames(page);
  expect(shifts).toEqual([]);
});

test('the offer goes along from page to page', async ({ page, passwordOwner }) => {
  await withoutConditionalCreate(page);
  await signIn(page, passwordOwner);
  for (const path of ['/', '/products/lantern', '/account']) {
    await open(page, path);
    await expect(create(page)).toBeVisible();
  }
});

test('where a passkey is being created anyway, there is no offer of one', async ({ page, passwordOwner }) => {
  await withoutConditionalCreate(page);
  await signIn(page, passwordOwner, '/account/passkeys/new');
  await hydrated(page);
  await expectNoOffer(page);
});

test('nothing lies over recovery codes, which are shown only once', async ({ page, passwordOwner }) => {
  await withoutConditionalCreate(page);
  await signIn(page, passwordOwner, '/account/recovery-codes');
  await hydrated(page);
  await expectNoOffer(page);
  await page.getByRole('button', { name: 'Make ten recovery codes' }).click();
  await expect(page.getByRole('list', { name: 'Recovery codes' })).toBeVisible();
  await hydrated(page);
  await expectNoOffer(page);
  await open(page, '/account');
  await expect(create(page)).toBeVisible();
});

test('long after the sign-in, the account page asks for a proof before it adds one', async ({
  page,
  passwordOwner,
  mishaps,
}) => {
  mishaps.expect('403: POST /api/passkey/addition/start');
  await withoutConditionalCreate(page);
  const refusal = { code: 'proof_required', message: 'Please confirm that it is you first.' };
  await page.route('/api/passkey/addition/start', (route) => route.fulfill({ status: 403, json: refusal }));
  await signIn(page, passwordOwner);
  await open(page, '/account/passkeys/new');
  await page.getByRole('main').getByRole('button', { name: 'Create a passkey' }).click();
  await expect(page).toHaveURL('/confirm?next=/account/passkeys/new');
});

test('long after the sign-in, the offer says where to go, and leaves the page alone', async ({
  page,
  authenticator,
  passwordOwner,
  mishaps,
}) => {
  mishaps.expect('403: POST /api/passkey/addition/start');
  await withoutConditionalCreate(page);
  const refusal = { code: 'proof_required', message: 'Please confirm that it is you first.' };
  await page.route('/api/passkey/addition/start', (route) => route.fulfill({ status: 403, json: refusal }));
  await signIn(page, passwordOwner);
  await create(page).click();

  await expect(offer(page).getByRole('status')).toHaveText('First confirm that it is you. Add it on your account page');
  const way = offer(page).getByRole('link', { name: 'Add it on your account page' });
  await expect(way).toHaveAttribute('href', '/account/passkeys/new');
  await expect(create(page)).toBeVisible();
  await expect(page).toHaveURL('/cart');
  expect(await authenticator.credentials()).toEqual([]);
});

test('a browser without WebAuthn offers none', async ({ page, passwordOwner }) => {
  await withoutWebAuthn(page);
  const told = page.waitForRequest('/api/passkey/signalled');
  await signIn(page, passwordOwner);
  await told; // as late as anything happens by itself
  await expect(offer(page)).toBeHidden();
});

test('after a sign-up with a password, the first page offers one', async ({ page, authenticator, person, database }) => {
  await open(page, '/sign-up?next=/products/lantern');
  await page.getByLabel('Username').fill(person.username);
  await page.getByLabel('Your name').fill(person.name);
  await page.getByText('Use a password instead').click();
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Create account with a password' }).click();
  await expect(page).toHaveURL('/products/lantern');
  await create(page).click();

  await expectSaved(page);
  expect(await authenticator.credentials()).toHaveLength(1);
  expect(database.of(person.username, 'passkeys')).toHaveLength(1);
});

test('after a sign-in with a passkey of this device, none is offered', async ({ page, passkeyOwner }) => {
  const asked = await overhearCreation(page);
  await open(page, '/');
  await signInLink(page).click();
  await expectSignedIn(page, passkeyOwner);
  await hydrated(page);

  await expectNoOffer(page);
  expect(asked).toEqual([]);
});

test.describe('after a sign-in with a phone', () => {
  test.use({ transport: 'hybrid' });

  // In the browser's dialog. The autofill could be faster where there is one.
  test.beforeEach(({ page }) => withoutImmediate(page));

  async function signInWithPhone(page: Page, person: Person) {
    await open(page, '/one-button?next=/cart');
    await page.getByRole('link', { name: 'Sign in with a passkey' }).click();
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, person);
  }

  test('a passkey on this device is offered, until there is one', async ({ page, authenticator: phone, passkeyOwner, database }) => {
    const device = await Authenticator.attach(page, 'internal');
    await device.answers(false);
    const asked = await overhearCreation(page);
    await signInWithPhone(page, passkeyOwner);
    await expect(offer(page)).toContainText('Create a passkey on this device');
    await expect(offer(page)).toContainText('Next time you sign in here without reaching for your other device.');

    await device.answers(true);
    await create(page).click();
    await expectSaved(page);
    expect(asked).toMatchObject([{ attachment: 'platform' }]);
    expect(await device.credentials()).toHaveLength(1);
    expect(await phone.credentials()).toHaveLength(1);
    expect(database.of(passkeyOwner.username, 'passkeys')).toHaveLength(2);

    await signOut(page);
    await device.answers(false);
    await signInWithPhone(page, passkeyOwner);
    await expectNoOffer(page);
  });

  test('"Not now" is respected', async ({ page, passkeyOwner }) => {
    const device = await Authenticator.attach(page, 'internal');
    await device.answers(false);
    await signInWithPhone(page, passkeyOwner);
    await expectToStay(page, () => offer(page).getByRole('button', { name: 'Not now' }).click());
    await expect(offer(page)).toBeHidden();

    await signOut(page);
    await signInWithPhone(page, passkeyOwner);
    await expectNoOffer(page);
  });

  test('nothing is offered where the device can keep none', async ({ page, passkeyOwner }) => {
    const calls = callsTo(page, 'addition/start');
    const told = page.waitForRequest('/api/passkey/signalled');
    await signInWithPhone(page, passkeyOwner);

    await told;
    await settled(page);
    await expect(offer(page)).toBeHidden();
    expect(calls).toEqual([]);
  });
});
