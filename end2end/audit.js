// Known faults of the npm packages: a part of `make deny` and a step of `make test`. None of these
// packages is in the shop: they test it, and shrink its wasm.
//
// npm itself knows no exceptions. Here each has its reason beside it.

import { spawnSync } from "node:child_process";

const exceptions = {
  // "GHSA-…": "why it is none here",
};

const npm = spawnSync("npm", ["audit", "--json", "--package-lock-only"], {
  cwd: new URL(".", import.meta.url),
  encoding: "utf8",
  timeout: 120_000,
});
const report = JSON.parse(npm.stdout || '{ "message": "npm said nothing in two minutes" }');

if (report.auditReportVersion === 2) {
  const faults = new Map();
  for (const { via } of Object.values(report.vulnerabilities)) {
    for (const fault of via) if (fault.url) faults.set(fault.url.split("/").at(-1), fault);
  }
  for (const [id, { name, range, title }] of faults) {
    if (!(id in exceptions)) fail(`error[${id}]: ${name} ${range}: ${title}`);
  }
  for (const id in exceptions) {
    if (!faults.has(id)) fail(`error[${id}]: an exception that nothing needs`);
  }
  console.log(`advisories ${process.exitCode ? "FAILED" : "ok"}`);
} else if (report.message) {
  console.log(`NOT CHECKED: the npm packages' known faults, because ${report.message}`);
} else {
  fail(`error[npm]: ${npm.stdout}${npm.stderr}`);
}

function fail(why) {
  console.error(why);
  process.exitCode = 1;
}
