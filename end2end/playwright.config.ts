import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { DATABASE } from './database.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
// Empty where there is none that is recent enough: then it is Playwright's own.
const chromium = execFileSync('./.setup', ['chromium'], { cwd: root, encoding: 'utf8' }).trim();

const PORT = 3100; // not the one that `cargo leptos end-to-end` serves on
const ORIGIN = `http://localhost:${PORT}`;

export default defineConfig({
  testDir: 'tests',
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  reporter: 'list',
  use: {
    baseURL: ORIGIN,
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
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
  webServer: {
    command: `rm -f '${DATABASE}'* && exec target/debug/latchkey`,
    cwd: root,
    env: {
      DATABASE_URL: `sqlite:${DATABASE}`,
      LATCHKEY_ORIGIN: ORIGIN,
      LEPTOS_SITE_ADDR: `127.0.0.1:${PORT}`,
      LEPTOS_SITE_ROOT: 'target/site',
      RUST_LOG: 'warn',
    },
    url: ORIGIN,
    reuseExistingServer: false,
    stdout: 'pipe',
  },
});
