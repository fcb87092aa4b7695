// Signing in without anybody's press: with what the browser gives without a dialog.

import type { Page, Response } from '@playwright/test';
import { holdBack } from '../../browser.ts';
import { Credentials, expireSession, forgetSignOut, SILENT } from '../../credentials.ts';
import { test as base, waysOfSessions } from '../../federation.ts';
import {
  addToCart,
  expect,
  expectAccessible,
  expectSignedIn,
  hydrated,
  open,
  pressSignOut,
  settled,
  signInByRequest,
  signInLink,
  signInWithPassword,
  tabTo,
  visit,
  type Person,
} from '../../fixtures.ts';
import { FARAWAY, PROVIDER } from '../../shops.ts';

const test = base.extend<{ credentials: Credentials }>({
  credentials: [async ({ page }, use) => use(await Credentials.play(page)), { auto: true }],
});

const LANDING = '/products/lantern?from=afar';

const notice = (page: Page) => page.getByRole('main').locator('.notice');
const undo = (page: Page) => notice(page).getByRole('button', { name: 'Undo' });
const part = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

async function expectSignedInByItself(page: Page, person: Person) {
  await expect(notice(page)).toContainText(`Signed in as ${person.name}.`);
  await expect(notice(page)).toHaveRole('status');
  await expect(undo(page)).toBeVisible();
  await expectSignedIn(page, person);
}

/** The page is as if nothing had been tried. */
async function expectNothingShown(page: Page) {
  await expect(signInLink(page)).toBeVisible(); // not the page before, of somebody
  await settled(page);
  await expect(notice(page)).toHaveCount(0);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: /\w/ })).toHaveCount(0);
}

/** Nor on any page after it. */
async function expectNoMore(page: Page, credentials: Credentials) {
  const before = credentials.silent.length;
  for (const path of ['/', '/products/lantern', '/cart']) {
    await open(page, path);
    await expectNothingShown(page);
  }
  expect(credentials.silent).toHaveLength(before);
}

/** The server's answer to what the page posted by itself, once the page has all of it. */
async function answered(page: Page): Promise<Response> {
  const posted = (response: Response) => response.request().method() === 'POST' && response.url().endsWith('/sign-in');
  const response = await page.waitForResponse(posted);
  await response.finished();
  return response;
}

/** The browser was sent away and has come back. No page is shown on the way: it is the second one. */
async function broughtBack(page: Page) {
  let pages = 0;
  await page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame() && ++pages === 2);
  await expect(page).toHaveURL(LANDING);
}

test.describe('whoever lands with a saved password', () => {
  test('is signed in on the page, is told, and can undo it', async ({ page, credentials, passwordOwner, database }) => {
    credentials.bring(passwordOwner);
    await page.goto(LANDING);

    await expectSignedInByItself(page, passwordOwner);
    await expect(page).toHaveURL(LANDING);
    await settled(page);
    expect(credentials.asked).toEqual([SILENT]);
    expect(credentials.stored).toEqual([]);
    expect(credentials.prevented).toBe(0);
    expect(waysOfSessions(database, passwordOwner.username)).toContainEqual({ automatic: 'password' });

    await open(page, '/cart');
    await expectSignedIn(page, passwordOwner);
    await expect(notice(page)).toHaveCount(0);
    await settled(page);
    expect(credentials.asked).toEqual([SILENT]);
  });

  test('keeps what is in the cart', async ({ page, credentials, passwordOwner }) => {
    await addToCart(page, 'lantern');
    await settled(page);
    credentials.bring(passwordOwner);
    await page.goto('/');

    await expectSignedInByItself(page, passwordOwner);
    await page.getByRole('link', { name: 'Cart with pieces: 1' }).click();
    await expect(page.getByRole('main')).toContainText('Wall lantern');
  });

  test('has proved nothing by it', async ({ page, credentials, passwordOwner }) => {
    credentials.bring(passwordOwner);
    await page.goto('/');
    await expectSignedInByItself(page, passwordOwner);
    await page.goto('/account/password');
    await expect(page).toHaveURL('/confirm?next=/account/password');
  });
});

test('each page asks once, without a dialog, and nobody notices', async ({ page, credentials }) => {
  await open(page, '/');
  await expectNothingShown(page);
  expect(credentials.asked).toEqual([SILENT]);
  await page.reload();
  await expectNothingShown(page);
  expect(credentials.asked).toEqual([SILENT, SILENT]);
  await open(page, '/cart');
  await expectNothingShown(page);
  expect(credentials.asked).toEqual([SILENT, SILENT, SILENT]);
});

test('pages for signing in ask nothing by themselves', async ({ page, credentials, passwordOwner }) => {
  credentials.bring(passwordOwner);
  for (const path of ['/sign-in', '/sign-up', '/one-button', '/recover', '/goodbye']) {
    await visit(page, path);
    await settled(page);
    await expect(signInLink(page)).toBeVisible();
  }
  expect(credentials.asked).toEqual([]);

  await page.goto('/');
  await expectSignedInByItself(page, passwordOwner);
});

test('a page that says what was wrong stays as it is', async ({ page, credentials, passwordOwner, mishaps }) => {
  mishaps.expect('422: POST /cart');
  await addToCart(page, 'lantern');
  await settled(page);
  credentials.asked.length = 0;
  credentials.bring(passwordOwner);
  await page.locator('.cart form').first().evaluate((form: HTMLFormElement) => {
    form.noValidate = true;
    (form.elements.namedItem('quantity') as HTMLInputElement).value = '1000';
    form.requestSubmit();
  });
  await expect(page.getByLabel('Quantity')).toHaveAttribute('aria-invalid', 'true');
  await settled(page);
  await expect(signInLink(page)).toBeVisible();
  expect(credentials.asked).toEqual([]);
});

const USES: Record<string, (page: Page) => Promise<void>> = {
  'has the focus somewhere': (page) => page.keyboard.press('Tab'),
  'was scrolled': async (page) => {
    await page.mouse.move(200, 200);
    await page.mouse.wheel(0, 300);
    await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(0);
  },
  'was filled in': async (page) => {
    await page.getByLabel('Quantity').fill('2');
    await page.getByLabel('Quantity').blur();
  },
};
for (const [name, use] of Object.entries(USES)) {
  test(`a page that ${name} before its scripts are there stays as it is`, async ({ page, credentials, passwordOwner }) => {
    credentials.bring(passwordOwner);
    await page.setViewportSize({ width: 800, height: 400 });
    const arrive = await holdBack(page, '**/latchkey.*.wasm');
    await page.goto('/products/lantern');
    await use(page);
    arrive();
    await expectNothingShown(page);
    expect(credentials.asked).toEqual([]);
  });
}

test('what was typed while the shop answered stays, and the next page tells', async ({
  page,
  credentials,
  passwordOwner,
}) => {
  credentials.bring(passwordOwner);
  const answer = await holdBack(page, '/sign-in');
  const asked = page.waitForRequest((request) => request.method() === 'POST');
  const done = answered(page);
  await page.goto('/products/lantern');
  await asked;
  await page.getByLabel('Quantity').fill('3');
  answer();
  await done;
  await settled(page);
  await expect(page.getByLabel('Quantity')).toHaveValue('3');

  await page.getByRole('button', { name: 'Add to cart' }).click();
  await expect(page).toHaveURL('/cart');
  await expectSignedInByItself(page, passwordOwner);
  await expect(page.getByLabel('Quantity of Wall lantern')).toHaveValue('3');
});

test.describe('never again after', () => {
  test.beforeEach(async ({ page, credentials, passwordOwner }) => {
    credentials.bring(passwordOwner);
    await page.goto(LANDING);
    await expectSignedInByItself(page, passwordOwner);
  });

  const WAYS_OUT = {
    Undo: (page: Page) => undo(page).click(),
    'Sign out': (page: Page) => pressSignOut(page),
  };
  for (const [name, signOut] of Object.entries(WAYS_OUT)) {
    test(`“${name}”, until the person signs in with a form`, async ({ page, credentials, passwordOwner }) => {
      await signOut(page);
      await expect(page).toHaveURL('/');
      await expectNothingShown(page);
      expect(credentials.prevented).toBe(1);
      await expectNoMore(page, credentials);

      await visit(page, '/sign-in');
      await signInWithPassword(page, passwordOwner);
      await expect(page).toHaveURL('/');
      await expectSignedIn(page, passwordOwner);
      await expect(notice(page)).toHaveCount(0);
      await expireSession(page);
      await page.goto('/cart');
      await expectSignedInByItself(page, passwordOwner);
      expect(credentials.asked).toEqual([SILENT, SILENT]);
    });
  }
});

test('never again after “Undo”, until the person signs in with a passkey', async ({ page, credentials, ownerOfBoth }) => {
  await forgetSignOut(page);
  credentials.answer = ({ mediation }) => (mediation === 'silent' ? ownerOfBoth : 'as ever');
  await page.goto('/');
  await expectSignedInByItself(page, ownerOfBoth);
  await undo(page).click();
  await expectNothingShown(page);
  expect(credentials.prevented).toBe(1);
  await expectNoMore(page, credentials);

  await signInLink(page).click();
  await expectSignedIn(page, ownerOfBoth);
  await expireSession(page);
  await page.goto('/');
  await expectSignedInByItself(page, ownerOfBoth);
  expect(credentials.silent).toEqual([SILENT, SILENT]);
});

test.describe('nobody is signed in, and it is not tried again,', () => {
  test('with a password that is not right any more', async ({ page, credentials, passwordOwner, mishaps }) => {
    mishaps.expect('401: POST /sign-in');
    credentials.bring({ ...passwordOwner, password: 'what it used to be' });
    const answer = answered(page);
    await page.goto('/');
    expect((await answer).status()).toBe(401);
    await expectNothingShown(page);
    await expectNoMore(page, credentials);
  });

  test('to an account with a second factor', async ({ page, credentials, ownerOfBoth, request, mishaps, database }) => {
    mishaps.expect('403: POST /sign-in');
    await signInByRequest(request, ownerOfBoth);
    await expect(await request.post('/account/second-factor', { form: { on: 'yes' } })).toBeOK();
    await request.post('/sign-out');
    await forgetSignOut(page);
    credentials.bring(ownerOfBoth);
    const answer = answered(page);
    await page.goto('/');
    expect((await answer).status()).toBe(403);
    await expectNothingShown(page);
    await expectNoMore(page, credentials);
    expect(database.of(ownerOfBoth.username, 'sessions')).toEqual([]);
  });

  test('to an account whose owner has switched it off', async ({ page, credentials, passwordOwner, request, mishaps }) => {
    mishaps.expect('403: POST /sign-in');
    await expect(await request.post('/account/automatic', { form: { on: 'no' } })).toBeOK();
    credentials.bring(passwordOwner);
    const answer = answered(page);
    await page.goto('/');
    expect((await answer).status()).toBe(403);
    await expectNothingShown(page);
    await expectNoMore(page, credentials);
  });

  test('where the shop cannot be reached', async ({ page, credentials, passwordOwner, mishaps }) => {
    mishaps.expect('net::ERR_CONNECTION_FAILED: POST /sign-in');
    await page.route('/sign-in', (route) => route.abort('connectionfailed'));
    credentials.bring(passwordOwner);
    const failed = page.waitForEvent('requestfailed', (request) => request.method() === 'POST');
    await open(page, '/');
    await failed;
    expect(credentials.silent).toHaveLength(1);
    await expectNothingShown(page);
  });
});

test.describe('with a provider that the browser remembers', () => {
  test.beforeEach(async ({ page, exampleOwner }) => {
    expect(exampleOwner).toBeDefined();
    await forgetSignOut(page);
  });

  /** What the shop asks the provider. */
  const asked = (page: Page) => page.waitForRequest((request) => request.url().startsWith(`${PROVIDER}/auth`));

  test('one who is signed in there is signed in here', async ({ page, credentials, login, exampleOwner, database }) => {
    credentials.bring({ provider: PROVIDER, id: login });
    const request = asked(page);
    await page.goto(LANDING);

    const { searchParams } = new URL((await request).url());
    expect(Object.fromEntries(searchParams)).toMatchObject({ prompt: 'none', login_hint: login });
    await expectSignedInByItself(page, exampleOwner);
    await expect(page).toHaveURL(LANDING);
    await settled(page);
    expect(credentials.asked).toEqual([SILENT]);
    expect(waysOfSessions(database, exampleOwner.username)).toEqual([{ automatic: { provider: 'Example' } }]);

    await undo(page).click();
    await expectNothingShown(page);
    expect(credentials.prevented).toBe(1);
    await expectNoMore(page, credentials);
  });

  test('one who is not signed in there comes back, and notices nothing', async ({ page, credentials, login, exampleOwner, database }) => {
    await page.request.get(`${PROVIDER}/sign-out`);
    credentials.bring({ provider: PROVIDER, id: login });
    const request = asked(page);
    const back = broughtBack(page);
    await page.goto(LANDING);
    expect(new URL((await request).url()).searchParams.get('prompt')).toBe('none');
    await back;
    await expectNothingShown(page);
    await expectNoMore(page, credentials);
    expect(database.of(exampleOwner.username, 'sessions')).toEqual([]);
  });

  test('nobody notices that it does not answer', async ({ page, credentials, mishaps }) => {
    mishaps.expect('502: POST /federated');
    credentials.bring({ provider: FARAWAY, id: 'somebody' });
    const answered = page.waitForResponse('/federated');
    await page.goto(LANDING);
    await answered;
    await expect(page).toHaveURL(LANDING);
    await expectNothingShown(page);
    await expectNoMore(page, credentials);
  });
});

test.describe('on the account page', () => {
  test.beforeEach(async ({ page, passwordOwner }) => {
    await signInByRequest(page.request, passwordOwner);
    await open(page, '/account');
  });

  test('the keyboard switches it off and on again', async ({ page }) => {
    const automatic = part(page, 'Automatic sign-in');
    await expect(automatic).toContainText('On: a browser that has saved your password may sign you in');
    await expectAccessible(page);
    await tabTo(page, automatic.getByRole('button', { name: 'Switch automatic sign-in off' }));
    await page.keyboard.press('Enter');

    await expect(notice(page)).toHaveText('Automatic sign-in is off.');
    await expect(notice(page)).toBeFocused();
    await expect(automatic).toContainText('Off: nobody is signed in without having asked for it.');
    await hydrated(page);
    await expectAccessible(page);
    await tabTo(page, automatic.getByRole('button', { name: 'Switch automatic sign-in on' }));
    await page.keyboard.press('Space');

    await expect(notice(page)).toHaveText('Automatic sign-in is on.');
    await expect(automatic).toContainText('On: a browser');
    const events = part(page, 'Security events').getByRole('listitem');
    await expect(events.nth(0)).toContainText('Automatic sign-in switched on');
    await expect(events.nth(1)).toContainText('Automatic sign-in switched off');
  });

  const OFF = ' Automatic sign-in is off now, so that no browser comes back by itself.';

  test('ending another session switches it off, and says so', async ({ page }) => {
    await part(page, 'Sessions').getByRole('button', { name: /^End/ }).first().click();
    await expect(notice(page)).toHaveText(`That session has ended.${OFF}`);
    await expect(part(page, 'Automatic sign-in')).toContainText('Off:');
  });

  test('ending all other sessions switches it off, and says so', async ({ page }) => {
    await part(page, 'Sessions').getByRole('button', { name: 'End all other sessions' }).click();
    await expect(notice(page)).toHaveText(`All other sessions have ended.${OFF}`);
    await expect(part(page, 'Automatic sign-in')).toContainText('Off:');
  });

  test('nothing of it is to be seen after a sign-out, also not with Back', async ({ page, passwordOwner }) => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(signInLink(page)).toBeVisible();
    await page.goBack();
    await expect(page.getByRole('heading', { name: 'Sign in to see your account' })).toBeVisible();
    await expect(page).toHaveURL('/sign-in?next=/account');
    await expect(page.getByText(passwordOwner.username)).toHaveCount(0);
  });
});

test('signing in and out is said to the browser', async ({ page, passwordOwner: { username, password } }) => {
  const form = { username, password };
  const signedIn = await page.request.post('/sign-in', { form, maxRedirects: 0 });
  expect(signedIn.headers()).toMatchObject({ 'set-login': 'logged-in' });
  const signedOut = await page.request.post('/sign-out', { maxRedirects: 0 });
  expect(signedOut.headers()).toMatchObject({
    'clear-site-data': '"storage", "prefetchCache", "prerenderCache"',
    'set-login': 'logged-out',
  });
});
