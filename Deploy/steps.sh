# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for the caller
# Steps that quickstart and test share. Sourced; the caller has set -euo pipefail and stands in the repository's root.

# Where images are kept between runs; the programs read the same variable.
export GLOVEBOX_IMAGES=${GLOVEBOX_IMAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/glovebox/images}

# Where the demo looks for fair.csv.
demo_data=${XDG_CACHE_HOME:-$HOME/.cache}/glovebox

# Where the programs of others that check logs and reports are kept.
third_party=${XDG_CACHE_HOME:-$HOME/.cache}/glovebox/third-party

# The programs, in the order they are built.
programs=(glovebox-jail glovebox-check gloveboxd glovebox-commands glovebox)

# What deterministic jails load into programs; it stands beside them.
fixed_product=glovebox-fixed
fixed_library=libglovebox-fixed.so

say() { printf '== %s\n' "$*"; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

need_swift() {
    command -v swift >/dev/null ||
        fail "swift is not on PATH. Install a Swift 6.3 toolchain for Debian 12, put its bin directory on PATH, run this again."
}

# timed NAME COMMAND...: runs one step and says how long it took.
timed() {
    local name=$1 start=$SECONDS
    shift
    say "$name"
    "$@"
    printf '   %s: %d s\n' "$name" "$((SECONDS - start))"
}

# images BIN: builds the images that the store does not have.
images() {
    local name
    for name in python base; do
        if "$1/glovebox" image show "$name" >/dev/null 2>&1; then
            printf 'image %s is in the store\n' "$name"
        else
            "$1/glovebox" image build "Images/$name"
        fi
    done
}
