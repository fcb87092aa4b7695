// Saved passwords: the browser keeps them after they were right, and offers them at a press.

import type { Page } from '@playwright/test';
import { withoutImmediate } from '../../browser.ts';
import { CHOOSER, Credentials, withoutPasswords, type Stored } from '../../credentials.ts';
import { test as base } from '../../federation.ts';
import {
  addToCart,
  expect,
  expectSignedIn,
  hydrated,
  open,
  settled,
  signInByRequest,
  signInLink,
  signInWithPassword,
  visit,
  type Person,
} from '../../fixtures.ts';
import { ORIGIN, PROVIDER } from '../../shops.ts';

const test = base.extend<{ credentials: Credentials }>({
  credentials: [async ({ page }, use) => use(await Credentials.play(page)), { auto: true }],
});

const WRONG = 'That username and password do not go together.';

function saved({ username: id, name, password }: Person): Stored {
  return { kind: 'PasswordCredential', id, name, password, iconURL: `${ORIGIN}/favicon.svg` };
}

/** The next request that posts a form to this path. */
function posted(page: Page, pathname: string) {
  return page.waitForRequest((request) => request.method() === 'POST' && new URL(request.url()).pathname === pathname);
}

/** What a script posted as `multipart/form-data`. */
function fields(body: string | null) {
  const all = (body ?? '').matchAll(/; name="([^"]*)"\r\n\r\n(.*?)\r\n--/gs);
  return Object.fromEntries([...all].map(([, name, value]) => [name, value]));
}

test.describe('the browser is given a password that was right', () => {
  test('after a sign-in', async ({ page, credentials, passwordOwner }) => {
    await visit(page, '/sign-in?next=/cart');
    await signInWithPassword(page, passwordOwner);

    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, passwordOwner);
    expect(credentials.stored).toEqual([['/sign-in', saved(passwordOwner)]]);
  });

  test('after a sign-up', async ({ page, credentials, person }) => {
    await open(page, '/sign-up?next=/cart');
    await page.getByLabel('Username').fill(person.username);
    await page.getByLabel('Your name').fill(person.name);
    await page.getByText('Use a password instead').click();
    await page.getByLabel('Password').fill(person.password);
    await page.getByRole('button', { name: 'Create account with a password' }).click();

    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, person);
    expect(credentials.stored).toEqual([['/sign-up', saved(person)]]);
  });

  test('after a change of password', async ({ page, credentials, passwordOwner }) => {
    await signInByRequest(page.request, passwordOwner);
    await open(page, '/account/password');
    const changed = { ...passwordOwner, password: `ten ${passwordOwner.password}` };
    await page.getByLabel('New password').fill(changed.password);
    await page.getByRole('button', { name: 'Change password' }).click();

    await expect(page).toHaveURL('/account');
    await expect(page.getByText('Your password is changed. All other sessions have ended.')).toBeVisible();
    expect(credentials.stored).toEqual([['/account/password', saved(changed)]]);
  });

  test('after a sign-in that asks for a passkey as well', async ({
    page,
    credentials,
    authenticator,
    ownerOfBoth,
    request,
  }) => {
    credentials.answer = () => 'as ever';
    await authenticator.answers(false);
    await signInByRequest(request, ownerOfBoth);
    await expect(await request.post('/account/second-factor', { form: { on: 'yes' } })).toBeOK();
    await visit(page, '/sign-in?next=/cart');
    await signInWithPassword(page, ownerOfBoth);

    await expect(page).toHaveURL('/second-factor?next=/cart');
    await hydrated(page);
    // Half signed in, nobody hears what the account is called.
    const { username } = ownerOfBoth;
    expect(credentials.stored).toEqual([['/sign-in', saved({ ...ownerOfBoth, name: username })]]);
    await authenticator.answers(true);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, ownerOfBoth);
  });
});

test.describe('the browser is not given a password', () => {
  test('that is wrong: the form says so', async ({ page, credentials, passwordOwner, mishaps }) => {
    // The script asks, and then the form is posted, to be shown again.
    mishaps.expect('401: POST /sign-in', '401: POST /sign-in');
    await visit(page, '/sign-in?next=/cart');
    await signInWithPassword(page, { ...passwordOwner, password: 'not this one' });

    await expect(page.getByRole('alert')).toHaveText(WRONG);
    await expect(page.getByLabel('Username')).toHaveValue(passwordOwner.username);
    await expect(page.getByLabel('Password')).toHaveValue('');
    await settled(page);
    expect(credentials.stored).toEqual([]);

    await signInWithPassword(page, passwordOwner);
    await expect(page).toHaveURL('/cart');
    expect(credentials.stored).toEqual([['/sign-in', saved(passwordOwner)]]);
  });

  test('that is too short: the form says so', async ({ page, credentials, passwordOwner, mishaps }) => {
    mishaps.expect('422: POST /account/password', '422: POST /account/password');
    await signInByRequest(page.request, passwordOwner);
    await open(page, '/account/password');
    await page.getByLabel('New password').fill('short');
    await page.getByRole('button', { name: 'Change password' }).click();

    await expect(page.getByLabel('New password')).toHaveAccessibleDescription(/Please use at least 12 characters/);
    expect(credentials.stored).toEqual([]);
  });

  test('where it keeps none: the form is an ordinary one', async ({ page, credentials, passwordOwner }) => {
    await withoutPasswords(page);
    await visit(page, '/sign-in?next=/cart');
    const post = posted(page, '/sign-in');
    await signInWithPassword(page, passwordOwner);

    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, passwordOwner);
    expect((await post).isNavigationRequest()).toBe(true);
    expect(await (await post).headerValue('content-type')).toBe('application/x-www-form-urlencoded');
    expect(credentials.asked).toEqual([]);
    expect(credentials.stored).toEqual([]);
  });
});

test('one mistake is one failed sign-in', async ({ page, passwordOwner, mishaps, database }) => {
  mishaps.expect('401: POST /sign-in', '401: POST /sign-in');
  await visit(page, '/sign-in?next=/cart');
  await signInWithPassword(page, { ...passwordOwner, password: 'not this one' });
  await expect(page.getByRole('alert')).toHaveText(WRONG);

  const events = database.of(passwordOwner.username, 'events').map((event) => event.kind);
  expect(events.filter((kind) => kind === 'sign_in_failed')).toHaveLength(1);
});

for (const storing of ['refused', 'pending'] as const) {
  test(`nobody waits for a browser whose answer to a password is ${storing}`, async ({
    page,
    credentials,
    passwordOwner,
  }) => {
    credentials.storing = storing;
    await visit(page, '/sign-in?next=/cart');
    await signInWithPassword(page, passwordOwner);

    await expect(page).toHaveURL('/cart');
    await expectSignedIn(page, passwordOwner);
    expect(credentials.stored).toEqual([['/sign-in', saved(passwordOwner)]]);
  });
}

const PRESSES = {
  'Sign in': {
    from: '/products/lantern',
    to: '/products/lantern',
    press: async (page: Page) => {
      await open(page, '/products/lantern');
      await signInLink(page).click();
    },
  },
  'Check out': {
    from: '/cart',
    to: '/checkout',
    press: async (page: Page) => {
      await addToCart(page, 'lantern');
      await hydrated(page);
      await page.getByRole('link', { name: 'Check out' }).click();
    },
  },
};

for (const [name, { from, to, press }] of Object.entries(PRESSES)) {
  test.describe(`without immediate requests, “${name}” lets people choose`, () => {
    test.beforeEach(async ({ page }) => withoutImmediate(page));

    test('a saved password, which signs in', async ({ page, credentials, passwordOwner }) => {
      credentials.choose(passwordOwner);
      await press(page);

      await expectSignedIn(page, passwordOwner);
      await expect(page).toHaveURL(to);
      expect(credentials.pressed).toEqual([CHOOSER]);
      expect(credentials.stored).toEqual([]); // the browser has it
    });

    test('a saved password that is not right any more: a sentence offers the form', async ({
      page,
      credentials,
      passwordOwner,
      mishaps,
    }) => {
      mishaps.expect('401: POST /sign-in');
      credentials.choose({ ...passwordOwner, password: 'what it used to be' });
      await press(page);

      const status = page.getByRole('status').filter({ hasText: 'not right any more' });
      await expect(status).toContainText('The saved password is not right any more. Please sign in with the form.');
      await expect(page).toHaveURL(from);
      await status.getByRole('link', { name: 'Sign in with a form' }).click();
      await expect(page).toHaveURL(`/sign-in?next=${to}`);
      expect(credentials.pressed).toEqual([CHOOSER]);
    });

    test('a provider, which signs in and leads back', async ({ page, credentials, login, exampleOwner }) => {
      await page.request.get(`${PROVIDER}/sign-out`);
      credentials.choose({ provider: PROVIDER, id: login });
      await press(page);

      await expect(page).toHaveURL(`${PROVIDER}/interaction`);
      await expect(page.getByLabel('Login')).toHaveValue(login);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page).toHaveURL(to);
      await expectSignedIn(page, exampleOwner);
      expect(credentials.pressed).toEqual([CHOOSER]);
      const { name } = exampleOwner;
      const remembered = { id: login, name, provider: PROVIDER, iconURL: `${ORIGIN}/favicon.svg` };
      await expect.poll(() => credentials.stored).toEqual([[to, { kind: 'FederatedCredential', ...remembered }]]);
    });

    test('nothing, which leads to the form', async ({ page, credentials }) => {
      await press(page);
      await expect(page).toHaveURL(`/sign-in?next=${to}`);
      await expect(page.getByRole('alert')).toHaveCount(0);
      expect(credentials.pressed).toEqual([CHOOSER]);
    });

    for (const error of ['NotAllowedError', 'InvalidStateError', 'NotSupportedError']) {
      test(`and leads to the form after ${error}`, async ({ page, credentials }) => {
        credentials.choose({ error });
        await press(page);
        await expect(page).toHaveURL(`/sign-in?next=${to}`);
        await expect(page.getByRole('alert')).toHaveCount(0);
        expect(credentials.pressed).toEqual([CHOOSER]);
      });
    }

    test('nothing where no passwords are saved, and leads to the form', async ({ page, credentials }) => {
      await withoutPasswords(page);
      await press(page);
      await expect(page).toHaveURL(`/sign-in?next=${to}`);
      await settled(page);
      expect(credentials.asked).toEqual([]);
    });
  });
}

test.describe('an immediate request', () => {
  const IMMEDIATE = {
    publicKey: expect.objectContaining({ rpId: 'localhost', userVerification: 'required', allowCredentials: [] }),
    password: true,
    uiMode: 'immediate',
  };

  test('may bring a password, which the page posts with its proof', async ({ page, credentials, passwordOwner }) => {
    credentials.choose(passwordOwner);
    await open(page, '/products/lantern');
    const post = posted(page, '/sign-in');
    await signInLink(page).click();
    const request = await post;
    const { username, password } = passwordOwner;
    expect(await request.headerValue('content-type')).toMatch(/^multipart\/form-data; boundary=/);
    expect(await request.headerValue('latchkey-script')).toBe('1');
    expect(fields(request.postData())).toEqual({ username, password, next: '/products/lantern' });
    expect((await request.response())?.status()).toBe(200);

    await expectSignedIn(page, passwordOwner);
    await expect(page).toHaveURL('/products/lantern');
    expect(credentials.pressed).toEqual([IMMEDIATE]);
  });

  test('may bring a passkey, as ever', async ({ page, credentials, passkeyOwner }) => {
    credentials.answer = ({ mediation }) => (mediation === 'silent' ? null : 'as ever');
    await open(page, '/products/lantern');
    await signInLink(page).click();

    await expectSignedIn(page, passkeyOwner);
    await expect(page).toHaveURL('/products/lantern');
    expect(credentials.pressed).toEqual([IMMEDIATE]);
  });

  test('may bring nothing, which leads to the form', async ({ page, credentials }) => {
    await open(page, '/products/lantern');
    await signInLink(page).click();
    await expect(page).toHaveURL('/sign-in?next=/products/lantern');
    expect(credentials.pressed).toEqual([IMMEDIATE]);
  });
});
