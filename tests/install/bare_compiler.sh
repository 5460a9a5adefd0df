#!/usr/bin/env bash
# The two lines of docs/architecture.md that build the library and the program with nothing but
# a compiler do so, and what is generated is up to date: the template texts of src/cfg/builtin, that
# of the stack, the tables of src/num and src/geo.
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
tools/embed-templates --check
tools/embed-deploy --check
tools/num-tables --check
tools/power-table --check
tools/point-tables --check
lines=$(sed -n '/^    cc -std=c17 /,/[^\\]$/p' docs/architecture.md)
[ "$(grep -c '^    cc ' <<<"$lines")" -eq 2 ] || fail "docs/architecture.md: $lines"
cp -r include src examples "$work"
cd "$work"
bash -euc "$lines" || fail 'the documented lines do not build'
[ -f libzagg.so ] && [ -x zagg ] || fail 'no libzagg.so or no zagg'
for source in examples/*.c; do
    name=$(basename "$source" .c)
    "${CC:-cc}" -std=c17 -Iinclude "$source" -L. -lzagg -Wl,-rpath,"$work" -lm \
        -o "$name" || fail "$name does not link with libzagg.so"
done
./zagg version | grep -q '^zagg [0-9]' || fail 'the program does not run'
for file in src/cfg/builtin/*.yaml; do
    name=$(basename "$file" .yaml)
    ./zagg config show "$name" | cmp - "$file" || fail "template $name"
done
for file in src/cfg/builtin/zagg-0.11/*.yaml; do
    name=$(basename "$file" .yaml)
    ./zagg config show "$name" --compat zagg-0.11 | cmp - "$file" || fail "template $name of 0.11"
done
cd "$ZAGG_SOURCE_DIR"
make_granules
expect_examples "$work"
echo 'a bare compiler builds the library and the program'
