#!/bin/sh
# make_certs.sh DIR: a CA of its own for tests (ca.pem) and a certificate that it signed for
# localhost and 127.0.0.1 (server.pem, server.key); another CA that signed nothing
# (other_ca.pem), and a certificate for another host (elsewhere.pem, elsewhere.key).
set -eu
cd "$1"
make_ca() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj "/CN=zagg test $1" -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign -keyout "$1.key" -out "$1.pem" 2>/dev/null
}
make_cert() { # NAME HOSTS
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial 0x"$(openssl rand -hex 8)" \
        -days 2 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
make_ca ca
make_ca other_ca
make_cert server 'DNS:localhost,DNS:*.localhost,IP:127.0.0.1'
make_cert elsewhere 'DNS:elsewhere.example'
