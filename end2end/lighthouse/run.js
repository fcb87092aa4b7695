// What Lighthouse makes of the pages of a release build, in headless Chromium, and how long it takes
// from opening `/` until a press on "Sign in" has reached the browser: `make lighthouse`.
//
// A shop of its own with an empty database; each page three times, of which the middle one counts.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from 'chrome-launcher';
import lighthouse from 'lighthouse';
import puppeteer from 'puppeteer-core';

const PAGES = ['/', '/cart', '/sign-in', '/account'];
const ROUNDS = 3;
/** Milliseconds in which the page answers nobody. */
const BLOCKED_AT_MOST = 50;

/** A slow phone: what Lighthouse calls "slow 4G" and "4x slowdown". Bytes a second, milliseconds. */
const SLOW = { download: (1.6 * 1024 * 1024) / 8, upload: (750 * 1024) / 8, latency: 150 };
const SLOWER = 4;
const PRESSES = 5;

const root = new URL('../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-lighthouse-'));
const port = await freePort();
const origin = `http://localhost:${port}`;
const shop = spawn(join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release/latchkey'), {
  cwd: root,
  env: {
    ...process.env,
    DATABASE_URL: `sqlite:${folder}/shop.db`,
    LATCHKEY_ORIGIN: origin,
    LEPTOS_SITE_ADDR: `127.0.0.1:${port}`,
    RUST_LOG: 'warn',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const chrome = await launch({
  chromePath: process.argv[2] || undefined,
  chromeFlags: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
});

let failed = false;
try {
  await untilOpen();
  const cookies = await signUp();
  console.log('            performance  accessibility  best practices  SEO  blocked, ms  largest paint, ms');
  for (const page of PAGES) {
    const isPrivate = page === '/account';
    if (isPrivate) await withBrowser((browser) => browser.setCookie(...cookies));
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await judge(page, isPrivate));
    rounds.sort((a, b) => a.scores[0] - b.scores[0] || b.blocked - a.blocked);
    const { scores, blocked, paint, report } = rounds[Math.floor(ROUNDS / 2)];
    writeFileSync(join(root, `target/lighthouse${page.replaceAll('/', '-')}.html`), report);
    const good = scores.every((score) => score === 100) && blocked <= BLOCKED_AT_MOST;
    failed ||= !good;
    const columns = [scores[0], scores[1], scores[2], scores[3], Math.round(blocked), Math.round(paint)];
    const widths = [11, 15, 16, 5, 13, 19];
    console.log(page.padEnd(12) + columns.map((value, i) => String(value).padStart(widths[i])).join('') + (good ? '' : '  <-'));
  }
  console.log('The reports are target/lighthouse-*.html.');
  await timePresses();
} finally {
  chrome.kill();
  shop.kill();
  rmSync(folder, { recursive: true });
}
process.exit(failed ? 1 : 0);

async function judge(page, disableStorageReset) {
  const { lhr, report } = await lighthouse(origin + page, { port: chrome.port, output: 'html', disableStorageReset });
  if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
  if (new URL(lhr.finalDisplayedUrl).pathname !== page) throw new Error(`${page} led to ${lhr.finalDisplayedUrl}`);
  const of = (category) => Math.round(lhr.categories[category].score * 100);
  return {
    scores: ['performance', 'accessibility', 'best-practices', 'seo'].map(of),
    blocked: lhr.audits['total-blocking-time'].numericValue,
    paint: lhr.audits['largest-contentful-paint'].numericValue,
    report,
  };
}

/** From opening `/` until a press on "Sign in" has called `navigator.credentials.get`. */
async function timePresses() {
  const times = { cold: [], warm: [] };
  await withBrowser(async (browser) => {
    for (let round = 0; round < PRESSES; round++) {
      const context = await browser.createBrowserContext();
      times.cold.push(await timePress(context));
      times.warm.push(await timePress(context));
      await context.close();
    }
  });
  console.log('\nFrom opening / until a press on "Sign in" has asked the browser, slow 4G, CPU 4 times slower, ms:');
  for (const [cache, rounds] of Object.entries(times)) {
    const of = (what) => {
      const sorted = rounds.map((round) => Math.round(round[what])).sort((a, b) => a - b);
      return `${sorted[PRESSES >> 1]} (${sorted[0]} to ${sorted.at(-1)})`;
    };
    console.log(`  ${cache}: ${of('asked')}; until the page listened ${of('listens')}, and from the press ${of('press')}`);
  }
}

async function withBrowser(use) {
  const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${chrome.port}`, defaultViewport: null });
  await use(browser);
  await browser.disconnect();
}

async function timePress(context) {
  const page = await context.newPage();
  await page.emulateNetworkConditions(SLOW);
  await page.emulateCPUThrottling(SLOWER);
  await page.evaluateOnNewDocument(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options) => {
      if (!self.pressed) return get(options); // the page finds out what the browser can do
      self.asked ??= performance.now();
      return new Promise(() => {}); // never answered: the page stays
    };
    addEventListener('click', () => (self.pressed = performance.now()), { capture: true, once: true });
  });
  await page.goto(origin, { waitUntil: 'domcontentloaded' });
  await page.waitForSelector('html[data-hydrated]');
  const listens = await page.evaluate(() => performance.now());
  await page.click('header a[href^="/sign-in"]');
  const { asked, pressed } = await page
    .waitForFunction(() => self.asked && { asked: self.asked, pressed: self.pressed }, { polling: 20 })
    .then((found) => found.jsonValue());
  await page.close();
  return { asked, listens, press: asked - pressed };
}

/** The cookies of somebody new, with a password. */
async function signUp() {
  const body = new URLSearchParams({
    username: 'ada', display_name: 'Ada Lovelace', password: 'nine grey herons on a pier', way: 'password',
  });
  const answer = await fetch(`${origin}/sign-up`, { method: 'POST', body, redirect: 'manual', headers: { origin } });
  if (answer.status !== 303) throw new Error(`no account: ${answer.status}`);
  return answer.headers.getSetCookie().map((cookie) => {
    const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
    return { name, value, domain: 'localhost', path: '/', httpOnly: true, sameSite: 'Lax' };
  });
}

async function untilOpen() {
  for (let tries = 0; tries < 100; tries++) {
    if (await fetch(origin).then((answer) => answer.ok, () => false)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('the shop does not open');
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
