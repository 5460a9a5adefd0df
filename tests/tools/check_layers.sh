#!/usr/bin/env bash
# tools/check-layers must refuse what it is there for: one small tree per rule.
set -euo pipefail
check="${ZAGG_SOURCE_DIR:?}/tools/check-layers"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# tree FILE INCLUDE-LINE: a sound tree with one more line in one more file
tree() {
    rm -rf "$work/t"
    mkdir -p "$work/t/src/"{base,text,codec,h5,core,synth} "$work/t/include/zagg"
    echo 'int base;' >"$work/t/src/base/base.h"
    echo 'int text;' >"$work/t/src/text/text.h"
    echo 'int core;' >"$work/t/src/core/core.h"
    echo '#include "base/base.h"' >"$work/t/src/text/text.c"
    echo '#include "zagg/status.h"' >"$work/t/include/zagg/value.h"
    echo 'int status;' >"$work/t/include/zagg/status.h"
    [ $# -eq 0 ] || { mkdir -p "$(dirname "$work/t/$1")" && echo "$2" >>"$work/t/$1"; }
}

expect() { # WANTED-EXIT TEXT NAME [OPTIONS]
    local wanted=$1 text=$2 name=$3 got=0 out
    shift 3
    out=$("$check" --root "$work/t" "$@" 2>&1) || got=$?
    if [ "$got" -ne "$wanted" ] || [[ $out != *"$text"* ]]; then
        echo "FAIL $name: exit $got, said: $out"
        failed=1
    else
        echo "ok   $name"
    fi
}

tree
expect 0 'all downward' 'a sound tree'
tree src/base/up.c '#include "core/core.h"'
expect 1 'core is above base' 'upward include'
tree src/codec/side.c '  #  include "text/text.h"'
expect 1 'text is in the same layer' 'sideways include'
tree src/codec/side.c '#include "zagg/value.h"'
expect 1 'text is in the same layer' 'sideways include of a public header'
tree include/zagg/status.h '#include "zagg/value.h"'
expect 1 'text is above base' 'upward include in a public header'
tree include/zagg/extra.h 'int x;'
expect 1 'belongs to no module' 'public header without a module'
tree src/extra/x.c 'int x;'
expect 1 'in no layer' 'folder without a layer'
tree src/h5/x.c '#include <hdf5.h>'
expect 1 'only src/synth may include' 'libhdf5 outside zagg-synth'
tree src/synth/x.c '#include <hdf5.h>'
expect 0 'all downward' 'libhdf5 in zagg-synth'
tree src/synth/x.c '#include "text/text.h"'
expect 1 'zagg-synth may use only base' 'zagg-synth above base'
tree src/core/x.c '#include "base/none.h"'
expect 1 'there is no src/base/none.h' 'include that leads nowhere'
mkdir -p "$work/t" && rm -rf "${work:?}/t/"*
expect 1 'no src/ folder' 'nothing there'
mkdir -p "$work/t/src/base"
expect 1 'nothing was checked' 'no sources'
tree
expect 1 'not built' 'program that is not there' --program "$work/none"
if [ -x "${ZAGG_BUILD_DIR:-}/zagg-synth" ]; then
    expect 1 'links libhdf5' 'program that links libhdf5' \
        --program "$ZAGG_BUILD_DIR/zagg-synth"
fi
exit $failed
