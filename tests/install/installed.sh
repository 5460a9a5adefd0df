#!/usr/bin/env bash
# What `make install` puts in place is enough to compile and link the examples elsewhere, also
# after the whole tree was moved.
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
make_granules
cmake --install "$ZAGG_BUILD_DIR" --prefix "$work/first" >"$work/log" || fail "$(cat "$work/log")"
mv "$work/first" "$work/prefix"
for file in bin/zagg bin/zagg-synth include/zagg/h5.h share/man/man1/zagg.1; do
    [ -f "$work/prefix/$file" ] || fail "$file is not installed"
done
"$work/prefix/bin/zagg" version >/dev/null || fail 'the installed zagg does not run'

config=$(find "$work/prefix" -name zagg.pc)
[ -n "$config" ] || fail 'zagg.pc is not installed'
export PKG_CONFIG_PATH=${config%/*}
pkg-config --print-errors --exists zagg || fail 'pkg-config does not know zagg'
mkdir "$work/outside"
cp examples/*.c "$work/outside"
cd "$work/outside"
for source in *.c; do
    # shellcheck disable=SC2046,SC2086
    "${CC:-cc}" -std=c17 -Wall -Wextra -Werror ${ZAGG_LINK_FLAGS:-} "$source" \
        $(pkg-config --cflags --libs --static zagg) -o "${source%.c}" ||
        fail "$source does not build against the installed library"
done
cd "$ZAGG_SOURCE_DIR"
expect_examples "$work/outside"
echo 'the installed library builds and runs the examples'
