#!/bin/sh
# tools/lambda-package: the same bytes from the same files, modes that Lambda needs, and limits.
set -eu
package=$1/tools/lambda-package
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir a b
printf '#!/bin/sh\n' >a/notes.txt
cp /bin/ls a/bootstrap
cp a/* b/
chmod 600 b/*
touch -d 2001-01-01 b/*
fail() {
    echo "lambda_package: $1" >&2
    exit 1
}

# An executable that needs libraries of the system is packed, and refused.
if "$package" --arch x86_64 --out a.zip a/bootstrap a/notes.txt >a.txt 2>a.err; then
    fail "an executable that is not whole was accepted"
fi
grep -q 'bootstrap is not whole: .*NEEDED' a.err || fail "no word about what it needs"
"$package" --arch x86_64 --out b.zip b/bootstrap b/notes.txt >/dev/null 2>&1 || true
cmp a.zip b.zip || fail "times or modes of files are in the package"
python3 - <<'PYTHON' || fail "modes"
import zipfile
modes = [oct(entry.external_attr >> 16) for entry in zipfile.ZipFile("a.zip").infolist()]
assert modes == ["0o100755", "0o100644"], modes
PYTHON
grep -q "$(sha256sum a.zip | cut -d' ' -f1)" a.txt || fail "another digest"

# Too large: 26 MiB of what cannot be packed.
head -c 27262976 /dev/urandom >large.bin
if "$package" --arch x86_64 --out c.zip large.bin >c.txt 2>c.err; then
    fail "a package beyond the limit was accepted"
fi
grep -q 'larger than our limit' c.err || fail "no word about the size"
echo "lambda_package: equal bytes, modes, limits"
