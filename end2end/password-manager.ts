// Chromium with its own password manager, as people have it: a profile that lasts, and a window on
// a display that nobody sees, because the headless one asks nobody anything.

import { execFile, spawn } from 'node:child_process';
import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LaunchOptions, Page } from '@playwright/test';
import Sqlite from 'libsql';
import { expect, test as base, type Person } from './fixtures.ts';
import { ORIGIN } from './shops.ts';

const run = promisify(execFile);

// Passwords are saved and signed in with, and the person was told of the latter before: until then
// a silent request gets nothing.
const PREFERENCES = {
  credentials_enable_service: true,
  credentials_enable_autosignin: true,
  profile: { was_auto_sign_in_first_run_experience_shown: true },
};

/** A screen of its own, and the keyboard before it. */
class Display {
  private constructor(
    private readonly name: string,
    readonly close: () => Promise<void>,
  ) {}

  static async open(): Promise<Display> {
    const xvfb = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const gone = once(xvfb, 'exit');
    const [number] = await Promise.race([
      once(xvfb.stdio[3]!, 'data'),
      gone.then(() => Promise.reject(new Error('Xvfb did not start'))),
    ]);
    return new Display(`:${String(number).trim()}`, async () => {
      xvfb.kill();
      await gone;
    });
  }

  get env() {
    return { ...process.env, DISPLAY: this.name } as Record<string, string>;
  }

  /** Presses the keys until they have had their effect: what they are meant for may not be up yet. */
  async pressUntil(keys: string[], done: () => Promise<unknown>) {
    await expect(async () => {
      if (await done()) return;
      await run('xdotool', ['key', ...keys], { env: this.env });
      await expect.poll(done, { timeout: 500, intervals: [50] }).toBeTruthy();
    }).toPass({ timeout: 20_000, intervals: [50] });
  }
}

type Fixtures = {
  /** A folder. A browser that runs has it for itself. */
  profile: string;
  /** Undefined: no window. */
  display: Display | undefined;
  headed: boolean;
  /** Whose password it has from the start. */
  savedBefore: Person | undefined;
};

export const test = base.extend<Fixtures>({
  headed: [false, { option: true }],

  savedBefore: async ({}, use) => use(undefined),

  profile: async ({}, use) => {
    const profile = mkdtempSync(join(tmpdir(), 'latchkey-profile-'));
    mkdirSync(join(profile, 'Default'));
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(PREFERENCES));
    await use(profile);
    rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
  },

  display: async ({ headed }, use) => {
    const display = headed ? await Display.open() : undefined;
    await use(display);
    await display?.close();
  },

  context: async ({ playwright, launchOptions, profile, display, savedBefore }, use) => {
    const launch = () =>
      playwright.chromium.launchPersistentContext(profile, {
        ...launchOptions,
        // Playwright's other Chromium, for tests without a window, has no password manager.
        channel: launchOptions.executablePath ? undefined : 'chromium',
        headless: !display,
        env: display?.env,
        // That of the window, so that nothing is resized.
        viewport: null,
      });
    if (savedBefore) {
      // The tables are its own, whatever their columns are by now. Once it has answered, they are there.
      const before = await launch();
      await before.pages()[0]!.goto(`${ORIGIN}/favicon.svg`);
      await silently(before.pages()[0]!);
      await before.close();
      saveLogin(profile, savedBefore);
    }
    const context = await launch();
    await use(context);
    await context.close();
  },

  page: async ({ context }, use) => use(context.pages()[0]!),
});

/** Whom the browser would sign in with now, and how it would show them. */
export function silently(page: Page): Promise<{ id: string; name: string; iconURL: string } | null> {
  return page.evaluate(async () => {
    const credential: any = await navigator.credentials.get({ password: true, mediation: 'silent' } as any);
    return credential && { id: credential.id, name: credential.name, iconURL: credential.iconURL };
  });
}

/** Into the profile of a browser that is not running. */
function saveLogin(profile: string, { username, password, name }: Person) {
  // What `--password-store=basic`, one of Playwright's defaults, encrypts with.
  const key = pbkdf2Sync('peanuts', 'saltysalt', 1, 16, 'sha1');
  const cipher = createCipheriv('aes-128-cbc', key, Buffer.alloc(16, ' '));
  const encrypted = Buffer.concat([Buffer.from('v10'), cipher.update(password), cipher.final()]);
  const sqlite = new Sqlite(join(profile, 'Default', 'Login Data'));
  sqlite
    .prepare(
      `INSERT INTO logins (origin_url, signon_realm, username_element, username_value, password_element,
         password_value, display_name, date_created, blacklisted_by_user, scheme, skip_zero_click)
       VALUES (?, ?, '', ?, '', ?, ?, 13400000000000000, 0, 0, 0)`,
    )
    .run(`${ORIGIN}/`, `${ORIGIN}/`, username, encrypted, name);
  sqlite.close();
}
