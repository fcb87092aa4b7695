# Latchkey's verbs. Each one first installs what this machine lacks: see .setup.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.PHONY: help run dev check lint deny test size attack bench lighthouse sbom aaguids

export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

# The largest download, .wasm and .js together, in bytes of brotli.
LIMIT := 106000

help:
	@cat <<-'END'
	make run      starts the shop on http://localhost:3000
	make dev      the same, and rebuilds and reloads on every change
	make check    finds most mistakes in both halves, in seconds; for editors too
	make lint     formatting and clippy, for both halves
	make deny     licences, sources and known faults of the dependencies
	make test     all of that, and all tests, in the server and in a browser
	make size     builds for release, and weighs what a browser downloads
	make attack   floods a shop of its own, and shows what everybody else notices
	make bench    measures sign-ins and pages, beside those of a plain server; QUICK=1 for the most important
	make lighthouse  judges four pages, and times a press on "Sign in" on a slow phone
	make sbom     lists what a release consists of, as CycloneDX in target/sbom
	make aaguids  fetches the current names and icons of passkey managers
	END

run:
	@./.setup run
	cargo leptos serve

dev:
	@./.setup run
	cargo leptos watch

# Not clippy, which takes twice as long. An editor asks for JSON, in a CARGO_TARGET_DIR
# of its own: see .vscode.
check:
	@./.setup run
	code=0
	cargo check $(server) --all-targets --keep-going $(if $(FORMAT),--message-format=$(FORMAT)) || code=$$?
	cargo check $(browser) --keep-going $(if $(FORMAT),--message-format=$(FORMAT)) || code=$$?
	exit $$code

lint:
	@./.setup run
	$(steps)
	$(lint)

deny:
	@./.setup deny
	$(steps)
	$(deny)

# The cheapest first. Clippy is the compiler, see .cargo/lint; and the site is built of what was
# compiled for the tests. The database lives as long as this recipe, however it ends.
test:
	@./.setup test
	$(steps)
	trap 'code=$$?; ./.setup postgres stop; summary; exit $$code' EXIT
	$(deny)
	step 'tsc' env -C end2end npx tsc
	step 'cargo fmt' cargo fmt --all --check
	export RUSTC_WORKSPACE_WRAPPER=$$PWD/.cargo/lint
	export TEST_DATABASE_URL
	TEST_DATABASE_URL=$$(./.setup postgres start)
	step 'cargo test' cargo test --no-fail-fast $(server),latchkey-server/tests
	step 'cargo leptos build' cargo leptos build --bin-features tests
	step 'playwright test' env -C end2end npx playwright test

attack:
	@./.setup run
	cargo build --release $(server) --bin latchkey --example attack
	for what in slow stop passwords scoring rows; do target/release/examples/attack $$what; done

# Ten minutes, two with QUICK=1. More words for it go into OPTIONS: `make bench OPTIONS=--help`.
bench:
	@./.setup bench
	cargo build --release $(server) --bin latchkey --example bench
	export PATH="$$PWD/end2end/node_modules/.bin:$$PATH"
	bench="$(or $(CARGO_TARGET_DIR),target)/release/examples/bench"
	if [ -n "$(QUICK)" ]; then exec "$$bench" --quick $(OPTIONS); fi
	trap 'code=$$?; ./.setup postgres stop; exit $$code' EXIT
	"$$bench" --postgres "$$(./.setup postgres durable)" $(OPTIONS)

# Four pages, of a release build: three minutes.
lighthouse:
	@./.setup lighthouse
	export PATH="$$PWD/end2end/node_modules/.bin:$$PATH"
	cargo leptos build --release --precompress
	node end2end/lighthouse/run.js "$$(./.setup chromium)"

size:
	@./.setup size
	PATH="$$PWD/end2end/node_modules/.bin:$$PATH" cargo leptos build --release --frontend-only
	node -e '
		const fs = require("fs"), { brotliCompressSync } = require("zlib");
		const pkg = "target/site/pkg/";
		let sum = 0;
		for (const file of fs.readdirSync(pkg, { recursive: true }).filter(f => /\.(wasm|js)$$/.test(f))) {
			const size = brotliCompressSync(fs.readFileSync(pkg + file)).length;  // quality 11 is its default
			console.log(String(size).padStart(8), file);
			sum += size;
		}
		console.log(String(sum).padStart(8), "bytes together, of $(LIMIT) at most");
		process.exit(sum > $(LIMIT) ? 1 : 0);'

# What the server and the wasm are built from, for a release. cargo unites the features of both
# halves here, so the wasm's list also has what only the server needs.
sbom:
	@./.setup sbom
	mkdir -p target/sbom
	list() { cargo cyclonedx --format json --spec-version 1.5 --describe binaries "$$@"; }
	list
	mv server/latchkey_bin.cdx.json target/sbom/server.cdx.json
	list --target wasm32-unknown-unknown
	mv frontend/latchkey_frontend_cdylib.cdx.json target/sbom/wasm.cdx.json
	rm */*.cdx.json

AAGUIDS := passkeydeveloper/passkey-authenticator-aaguids

# The list is checked by the unit tests beside it.
aaguids:
	@cd server/src/webauthn/passkey_managers
	commit=$$(git ls-remote https://github.com/$(AAGUIDS) HEAD | cut -f1)
	curl --fail --silent --show-error --location --output aaguids.json \
		https://raw.githubusercontent.com/$(AAGUIDS)/$$commit/aaguid.json
	sed -i "s/commit .*[0-9]\. The/commit $${commit:0:12}, $$(LC_ALL=C date '+%-d %B %Y'). The/" SOURCE.md
	git diff --stat .

# The server's half and the browser's half are never built in one go: cargo would
# unite their features, and the handlers would silently be lost.
server := -p latchkey-app -p latchkey-server --features latchkey-app/ssr
browser := -p latchkey-frontend --target wasm32-unknown-unknown --target-dir $(or $(CARGO_TARGET_DIR),target)/front

define lint
step 'cargo fmt' cargo fmt --all --check
step 'clippy (server)' cargo clippy $(server) --all-targets -- -D warnings
step 'clippy (browser)' cargo clippy $(browser) -- -D warnings
endef

# The database of known faults lies on GitHub. Where that cannot be reached, the rest is
# checked all the same, and the summary says what was not.
define deny
deny() {
	if GIT_TERMINAL_PROMPT=0 timeout 120 cargo deny fetch db; then cargo deny check; return; fi
	cargo deny check bans licenses sources || return
	echo 'NOT CHECKED: advisories, because their database could not be fetched'
}
step 'cargo deny' deny
step 'npm audit' node end2end/audit.js
endef

# step NAME COMMAND...  runs one, and says how long it took; summary repeats the
# time, and of the runners' own words how it ended and what was wrong.
define steps
logs=$$PWD/target/steps
telling='^( +(Running|Doc-tests) |test result:|test .* FAILED$$| +[0-9]+ (passed|failed|flaky|skipped|did not run|interrupted)| +\[chromium\])'
telling+='|^thread .* panicked at |^(assertion| +left:| +right:)'
telling+='|^NOT CHECKED: |^(advisories|bans|licenses|sources) (ok|FAILED)|^error\['
telling+='|^    ([A-Za-z]*Error: |Test timeout|Expected|Received|Locator:|[-+] |> *[0-9]+ \|)'
telling+='|^ +(- )?(waiting for|navigated to) '
rm -rf $$logs; mkdir -p $$logs
step() {
	local name=$$1 began=$$SECONDS code=0; shift
	echo "== $$name"
	"$$@" 2>&1 | tee "$$logs/output" || code=$$?
	echo "== $$name: $$((SECONDS - began)) s$$([ $$code = 0 ] || echo ', FAILED')" | tee -a $$logs/summary
	grep -E "$$telling" $$logs/output >>$$logs/summary || true
	return $$code
}
summary() { echo; cat $$logs/summary 2>/dev/null || true; }
endef
