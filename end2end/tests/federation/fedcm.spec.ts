// Providers in the browser's own dialog (FedCM).

import type { Page } from '@playwright/test';
import { overhear } from '../../browser.ts';
import {
  AccountDialog,
  askForPasskeyAfter,
  chooseNames,
  continueWith,
  identities,
  overhearNonces,
  overhearTokens,
  signInAtProvider,
  signInThere,
  test as base,
  waysOfSessions,
  withoutFedCm,
} from '../../federation.ts';
import { addToCart, armed, expect, expectSignedIn, hydrated, open, signInLink, visit } from '../../fixtures.ts';
import { PROVIDER } from '../../shops.ts';

type Fixtures = {
  dialog: AccountDialog;
  /** The pages of the provider that were opened in the page of the test. */
  visited: string[];
};

const test = base.extend<Fixtures>({
  dialog: async ({ page }, use) => use(await AccountDialog.attach(page)),

  visited: async ({ page }, use) => {
    const visited: string[] = [];
    page.on('framenavigated', (frame) => {
      if (frame.url().startsWith(PROVIDER)) visited.push(frame.url());
    });
    await use(visited);
  },
});

// What Chromium writes into the console, as errors.
const DISMISSED = 'console: Prompt dismissed. API exponential cool down not triggered.';
const REFUSED = 'console: Provider is unable to issue a token, but provided details on the error that occurred.';
const NOT_SIGNED_IN = 'console: Error retrieving a token.';

const SORRY = 'You were not signed in. You can try again, or go there yourself. To Example’s own page';

const press = (page: Page) => continueWith(page, 'Example').click();

/** What is said beside the buttons of the providers. */
const message = (page: Page) => page.getByRole('region', { name: 'With another account' }).getByRole('status');

test('one press leads a newcomer to the username, and no page of the provider on the way', async ({
  page,
  dialog,
  login,
  person,
  visited,
  database,
}) => {
  await signInAtProvider(page, login);
  visited.length = 0;
  await visit(page, '/sign-in?next=/cart');
  await press(page);

  await expect(page).toHaveURL('/sign-up/provider?next=/cart');
  await expect(page.getByText(`Example (${login}) says that it is you.`)).toBeVisible();
  await expect(page.getByLabel('Username')).toHaveValue(login);
  expect(dialog.shown).toEqual([['AccountChooser', login]]);
  expect(visited).toEqual([]);
  await chooseNames(page, person);
  await expect(page).toHaveURL('/cart');
  await expectSignedIn(page, person);
  expect(identities(database, person.username)).toMatchObject([{ issuer: PROVIDER, subject: login, label: login }]);
  expect(waysOfSessions(database, person.username)).toEqual([{ provider: 'Example' }]);
});

test('one press signs in to an account, and goes on', async ({ page, dialog, login, exampleOwner, visited, database }) => {
  await signInAtProvider(page, login);
  visited.length = 0;
  await visit(page, '/sign-in?next=/products/coat-hook');
  await press(page);

  await expect(page).toHaveURL('/products/coat-hook');
  await expectSignedIn(page, exampleOwner);
  expect(dialog.shown).toEqual([['AccountChooser', login]]);
  expect(visited).toEqual([]);
  expect(waysOfSessions(database, exampleOwner.username)).toEqual([{ provider: 'Example' }]);
});

test('it is the same from the page for new accounts, and the cart comes along', async ({ page, dialog, login, exampleOwner }) => {
  await signInAtProvider(page, login);
  await addToCart(page, 'lantern');
  await open(page, '/sign-up?next=/checkout');
  await press(page);

  await expect(page).toHaveURL('/checkout');
  await expectSignedIn(page, exampleOwner);
  await expect(page.getByRole('main')).toContainText('Wall lantern');
  expect(dialog.shown).toHaveLength(1);
});

test('the keyboard alone will do', async ({ page, dialog, login, exampleOwner }) => {
  await signInAtProvider(page, login);
  await visit(page, '/sign-in?next=/cart');
  for (const stop of ['Skip to content', 'Latchkey', 'Catalogue', 'Cart', 'Sign in', '', '', 'Sign in', 'Continue with Example']) {
    await page.keyboard.press('Tab');
    await expect(page.locator(':focus')).toHaveText(stop);
  }
  await page.keyboard.press('Enter');

  await expect(page).toHaveURL('/cart');
  await expectSignedIn(page, exampleOwner);
  expect(dialog.shown).toHaveLength(1);
});

test('the browser is asked for just what is needed', async ({ page, dialog, login }) => {
  const asked = await overhearTokens(page);
  const given = await overhearNonces(page);
  await signInAtProvider(page, login);
  await visit(page, '/sign-in?next=/cart');
  await press(page);
  await expect(page).toHaveURL('/sign-up/provider?next=/cart');

  expect(dialog.shown).toHaveLength(1);
  expect(given).toEqual([expect.stringMatching(/^[\w-]{22,}$/)]);
  const [nonce] = given;
  const provider = { configURL: `${PROVIDER}/fedcm/config.json`, clientId: 'latchkey', params: { nonce } };
  expect(asked).toEqual([{ identity: { mode: 'active', providers: [provider] } }]);
});

test('a second factor is asked for after the provider', async ({
  page,
  dialog,
  authenticator,
  login,
  ownerWithPassword,
  database,
}) => {
  await askForPasskeyAfter(page, login);
  await authenticator.answers(false);
  await signInAtProvider(page, login);
  await visit(page, '/sign-in?next=/cart');
  await press(page);

  await expect(page).toHaveURL('/second-factor?next=/cart');
  await expect(signInLink(page)).toBeVisible();
  expect(dialog.shown).toHaveLength(1);
  expect(database.of(ownerWithPassword.username, 'sessions')).toEqual([]);
  await hydrated(page);
  await authenticator.answers(true);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL('/cart');
  await expectSignedIn(page, ownerWithPassword);
});

test.describe('when it comes to nothing', () => {
  test('a dialog that was closed leaves a sentence, and can be opened again', async ({
    page,
    dialog,
    login,
    exampleOwner,
    mishaps,
  }) => {
    mishaps.expect(DISMISSED);
    await signInAtProvider(page, login);
    dialog.isDismissed = true;
    await visit(page, '/sign-in?next=/cart');
    await page.getByLabel('Username').fill('half of a na');
    const again = armed(page);
    await press(page);
    await expect(message(page)).toHaveText(SORRY);
    await expect(continueWith(page, 'Example')).toBeFocused();
    await expect(page).toHaveURL('/sign-in?next=/cart');
    await expect(page.getByLabel('Username')).toHaveValue('half of a na');

    await again;
    dialog.isDismissed = false;
    await press(page);
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, exampleOwner);
  });

  test('the provider’s own page is offered instead', async ({ page, dialog, login, exampleOwner, visited, mishaps }) => {
    mishaps.expect(DISMISSED);
    await signInAtProvider(page, login);
    dialog.isDismissed = true;
    await visit(page, '/sign-in?next=/products/coat-hook');
    await press(page);
    await expect(message(page)).toHaveText(SORRY);
    await page.request.get(`${PROVIDER}/sign-out`); // to see the page
    await message(page).getByRole('link', { name: 'To Example’s own page' }).click();

    await signInThere(page, login);
    await expect(page).toHaveURL('/products/coat-hook');
    await expectSignedIn(page, exampleOwner);
    expect(visited).toContain(`${PROVIDER}/interaction`);
    expect(dialog.shown).toHaveLength(1);
  });

  test('a provider that refuses leaves the same sentence and the same way', async ({ page, dialog, login, mishaps }) => {
    mishaps.expect(REFUSED);
    const refused = `refused-${login}`;
    await signInAtProvider(page, refused);
    await visit(page, '/sign-in?next=/cart');
    await press(page);
    await expect(message(page)).toHaveText(SORRY);
    expect(dialog.shown).toEqual([
      ['AccountChooser', refused],
      ['Error', refused],
    ]);

    await message(page).getByRole('link', { name: 'To Example’s own page' }).click();
    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    await expect(page.getByText(`Example (${refused}) says that it is you.`)).toBeVisible();
  });

  test('a shop that does not answer is said not to, and can be asked again', async ({
    page,
    dialog,
    login,
    exampleOwner,
    mishaps,
  }) => {
    mishaps.expect('net::ERR_CONNECTION_RESET: POST /federated/example/token');
    await signInAtProvider(page, login);
    await visit(page, '/sign-in?next=/cart');
    await page.route('**/federated/example/token', (route) => route.abort('connectionreset'), { times: 1 });
    const again = armed(page);
    await press(page);
    await expect(message(page)).toContainText('The store could not be reached.');
    await again;
    await press(page);
    await expectSignedIn(page, exampleOwner);
    expect(dialog.shown).toHaveLength(2);
  });
});

test.describe('somebody who is not signed in to the provider', () => {
  test('does so in a window of its own, and then chooses', async ({ page, context, dialog, login, exampleOwner, visited }) => {
    await page.goto(`${PROVIDER}/sign-out`);
    visited.length = 0;
    await visit(page, '/sign-in?next=/cart');
    const opened = context.waitForEvent('page');
    await press(page);
    const popup = await opened;
    await expect(popup).toHaveURL(`${PROVIDER}/sign-in`);
    const closed = popup.waitForEvent('close');
    // Nobody chooses before the window is gone from in front of the dialog. It stays if the request is over before.
    dialog.meanwhile = async () => void (await closed);
    await popup.getByLabel('Login').fill(login);
    await popup.getByRole('button', { name: 'Sign in' }).click();
    await closed;

    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, exampleOwner);
    expect(dialog.shown).toEqual([['AccountChooser', login]]);
    expect(visited).toEqual([]);
  });

  test('may change their mind there', async ({ page, context, dialog, mishaps }) => {
    mishaps.expect(NOT_SIGNED_IN);
    await page.goto(`${PROVIDER}/sign-out`);
    await visit(page, '/sign-in?next=/cart');
    const opened = context.waitForEvent('page');
    await press(page);
    await (await opened).getByRole('button', { name: 'Cancel' }).click();

    await expect(message(page)).toHaveText(SORRY);
    expect(dialog.shown).toEqual([]);
  });

  test('does so also when the browser has never heard of the provider', async ({ page, context, dialog, login, mishaps }) => {
    mishaps.expect(
      '401: GET /fedcm/accounts',
      'net::ERR_HTTP_RESPONSE_CODE_FAILURE: GET /fedcm/accounts',
      "console: The provider's accounts list fetch resulted in an error response code.",
      'console: When fetching the accounts endpoint, a 401 HTTP response code was received.',
    );
    await visit(page, '/sign-in?next=/cart');
    const opened = context.waitForEvent('page');
    await press(page);
    const popup = await opened;
    await popup.getByLabel('Login').fill(login);
    await popup.getByRole('button', { name: 'Sign in' }).click();

    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    expect(dialog.shown).toEqual([['AccountChooser', login]]);
  });
});

test.describe('an ordinary link', () => {
  test('it is in a browser without FedCM', async ({ page, login, exampleOwner }) => {
    await withoutFedCm(page);
    const asked = await overhearTokens(page);
    const given = await overhearNonces(page);
    await page.request.get(`${PROVIDER}/sign-out`);
    await visit(page, '/sign-in?next=/cart');
    await press(page);

    await signInThere(page, login);
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, exampleOwner);
    expect([asked, given]).toEqual([[], []]);
  });

  test('it is for a provider that takes no part in it', async ({ page, dialog, mishaps }) => {
    mishaps.expect('502: GET /federated/faraway');
    const asked = await overhearTokens(page);
    await visit(page, '/sign-in?next=/cart');
    await continueWith(page, 'Faraway').click();

    await expect(page.getByRole('alert')).toContainText('does not answer at the moment');
    expect([asked, dialog.shown]).toEqual([[], []]);
  });

  test('it is for a press that opens a new tab', async ({ page, context, dialog }) => {
    const asked = await overhearTokens(page);
    await visit(page, '/sign-in?next=/cart');
    const opened = context.waitForEvent('page');
    await continueWith(page, 'Example').click({ modifiers: ['ControlOrMeta'] });

    await expect(await opened).toHaveURL(`${PROVIDER}/interaction`);
    await expect(page).toHaveURL('/sign-in?next=/cart');
    expect([asked, dialog.shown]).toEqual([[], []]);
  });
});

test.describe('while the autofill waits for a passkey', () => {
  test('it makes room, and waits again after a dialog that was closed', async ({
    page,
    authenticator,
    dialog,
    login,
    exampleOwner,
    mishaps,
  }) => {
    mishaps.expect(DISMISSED);
    expect(await authenticator.credentials()).toHaveLength(0);
    await signInAtProvider(page, login);
    const passkeys = await overhear(page);
    dialog.isDismissed = true;
    await visit(page, '/sign-in?next=/cart');
    const waiting = { mediation: 'conditional', signal: true, allowCredentials: 0 };
    await expect.poll(() => passkeys).toEqual([waiting]);
    await press(page);
    await expect(message(page)).toHaveText(SORRY);
    await expect.poll(() => passkeys).toEqual([waiting, waiting]);

    dialog.isDismissed = false;
    await press(page);
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, exampleOwner);
  });

  test('a passkey can still be chosen after a dialog that was closed', async ({
    page,
    authenticator,
    dialog,
    login,
    passkeyOwner,
    mishaps,
  }) => {
    mishaps.expect(DISMISSED);
    await signInAtProvider(page, login);
    await authenticator.answers(false);
    dialog.meanwhile = () => authenticator.answers(true);
    dialog.isDismissed = true;
    await visit(page, '/sign-in?next=/cart');
    await press(page);

    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, passkeyOwner);
  });
});

test.describe('the nonce', () => {
  test('is fetched when the pointer arrives, and not again for the press', async ({ page, dialog, login }) => {
    const given = await overhearNonces(page);
    await signInAtProvider(page, login);
    await visit(page, '/sign-in?next=/cart');
    expect(given).toEqual([]);
    await continueWith(page, 'Example').hover();
    await expect.poll(() => given).toHaveLength(1);
    expect(dialog.shown).toEqual([]);
    await press(page);

    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    expect(given).toHaveLength(1);
  });

  test('is fetched when the focus arrives', async ({ page }) => {
    const given = await overhearNonces(page);
    await visit(page, '/sign-in?next=/cart');
    await continueWith(page, 'Example').focus();
    await expect.poll(() => given).toHaveLength(1);
  });

  test('is good for one press', async ({ page, dialog, login, mishaps }) => {
    mishaps.expect(DISMISSED);
    const asked = await overhearTokens(page);
    const given = await overhearNonces(page);
    await signInAtProvider(page, login);
    dialog.isDismissed = true;
    await visit(page, '/sign-in?next=/cart');
    const again = armed(page);
    await press(page);
    await expect(message(page)).toHaveText(SORRY);
    await again;
    dialog.isDismissed = false;
    await press(page);
    await expect(page).toHaveURL('/sign-up/provider?next=/cart');

    expect(new Set(given).size).toBe(2);
    expect(asked.map(({ identity }) => identity.providers[0].params.nonce)).toEqual(given);
  });

  test('is fetched by a press out of the blue', async ({ page, dialog, login }) => {
    const given = await overhearNonces(page);
    await signInAtProvider(page, login);
    await visit(page, '/sign-in?next=/cart');
    await continueWith(page, 'Example').evaluate((link: HTMLElement) => link.click());
    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    expect(given).toHaveLength(1);
    expect(dialog.shown).toHaveLength(1);
  });

  test('that could not be fetched is fetched again by the press', async ({ page, dialog, login, mishaps }) => {
    mishaps.expect('net::ERR_CONNECTION_RESET: POST /federated/example/nonce');
    await signInAtProvider(page, login);
    await visit(page, '/sign-in?next=/cart');
    await page.route('**/federated/example/nonce', (route) => route.abort('connectionreset'), { times: 1 });
    const failed = page.waitForEvent('requestfailed');
    await continueWith(page, 'Example').hover();
    await failed;
    await press(page);

    await expect(page).toHaveURL('/sign-up/provider?next=/cart');
    expect(dialog.shown).toHaveLength(1);
  });
});
