import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { ATTESTATION_DATABASE, DATABASE, OTHER_MODELS_DATABASE } from './database.ts';
import { LOG } from './log.ts';
import { ATTESTING, FARAWAY, ORIGIN, OTHER_MODELS, PROVIDER } from './shops.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
// Empty where there is none that is recent enough: then it is Playwright's own.
const chromium = execFileSync('./.setup', ['chromium'], { cwd: root, encoding: 'utf8' }).trim();

/** A shop of its own, with an empty database. */
function shop(origin: string, database: string, env: Record<string, string> = {}, log = '/dev/null') {
  return {
    // All of it is read after the last test; what is worth a look is shown at once.
    command: `rm -f '${database}'* && target/debug/latchkey 2>&1 | tee '${log}' | grep --line-buffered -v ' INFO '`,
    cwd: root,
    env: {
      DATABASE_URL: `sqlite:${database}`,
      LATCHKEY_ORIGIN: origin,
      LEPTOS_SITE_ADDR: `127.0.0.1:${new URL(origin).port}`,
      LEPTOS_SITE_ROOT: 'target/site',
      RUST_LOG: 'info',
      NO_COLOR: '1',
      // All of the tests' visitors are at one address.
      LATCHKEY_SESSIONS_PER_ADDRESS: '100000',
      LATCHKEY_SIGN_UPS_PER_ADDRESS: '100000',
      LATCHKEY_TRIES_PER_ADDRESS: '10000 10000',
      ...env,
    },
    url: origin,
    reuseExistingServer: false,
    stdout: 'pipe' as const,
  };
}

// What the host of a shop writes. The secret is that of `provider.ts`.
const client = { client_id: 'latchkey', client_secret: 'secret-of-the-tests' };
const LATCHKEY_PROVIDERS = `${root}target/end2end-providers.json`;
copyFileSync(`${root}end2end/example.svg`, `${root}target/example.svg`);
writeFileSync(
  LATCHKEY_PROVIDERS,
  JSON.stringify([
    { id: 'example', name: 'Example', issuer: PROVIDER, ...client, icon: 'example.svg', fedcm: `${PROVIDER}/fedcm/config.json` },
    { id: 'faraway', name: 'Faraway', issuer: FARAWAY, ...client },
  ]),
);

const attestation = {
  LATCHKEY_ATTESTATION: 'direct',
  LATCHKEY_ATTESTATION_ROOTS: 'server/tests/webauthn/attestation',
};
// Not that of Chromium's virtual authenticators.
const LATCHKEY_ATTESTATION_MODELS = 'ee882879-721c-4913-9775-3dfcce97072a';

export default defineConfig({
  globalSetup: './provider.ts',
  globalTeardown: './log.ts',
  testDir: 'tests',
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  reporter: 'list',
  // A busy machine is not a failure.
  timeout: 90_000,
  expect: { timeout: 10_000 },
  use: {
    baseURL: ORIGIN,
    screenshot: 'only-on-failure',
    // Traces cost a quarter of the time. To look into a failure: `--trace retain-on-failure`.
    trace: 'off',
  },
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        launchOptions: {
          executablePath: chromium || undefined,
          args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      },
    },
  ],
  webServer: [
    shop(ORIGIN, DATABASE, { LATCHKEY_PROVIDERS }, LOG),
    shop(ATTESTING, ATTESTATION_DATABASE, attestation),
    shop(OTHER_MODELS, OTHER_MODELS_DATABASE, { ...attestation, LATCHKEY_ATTESTATION_MODELS }),
  ],
});
