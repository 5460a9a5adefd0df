#!/usr/bin/env bash
# Every public header compiles alone, in C17 and in C++17.
set -euo pipefail
cd "${ZAGG_SOURCE_DIR:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

headers=(include/zagg/*.h)
[ "${#headers[@]}" -ge 10 ] || { echo "only ${#headers[@]} public headers found"; exit 1; }
for header in "${headers[@]}"; do
    name=zagg/$(basename "$header")
    printf '#include "%s"\nint zagg_header_test;\n' "$name" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cpp"
    cc -std=c17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$work/alone.c" ||
        { echo "$header does not compile alone in C"; exit 1; }
    c++ -std=c++17 -Wall -Wextra -Werror -Iinclude -fsyntax-only "$work/alone.cpp" ||
        { echo "$header does not compile alone in C++"; exit 1; }
done
echo "${#headers[@]} headers compile alone in C and C++"
