/* Any bytes as the record of a local copy with holes: what is read can be written, and is
 * read alike; its spans are in order, inside the file, and found byte by byte. With 'x'
 * in front the rest gets a right checksum first, so that more than its lines is tried. */
#include "fuzz/fuzz.h"
#include "io/spans.h"

#include <stdlib.h>
#include <string.h>

static void check_spans(const zg_copy_record *r)
{
    uint64_t bytes = 0, end = 0;
    for (size_t i = 0; i < r->there.list.len; i++) {
        const zg_byte_span *s = ZG_VEC_AT(&r->there.list, zg_byte_span, i);
        zg_byte_span hole;
        uint64_t from, to;
        fuzz_check(s->begin < s->end && s->end <= r->size && (i == 0 || s->begin > end));
        fuzz_check(!zg_spans_hole(&r->there, s->begin, s->end, &hole));
        fuzz_check(zg_spans_around(&r->there, s->end - 1, &from, &to));
        fuzz_check(from == s->begin && to == s->end);
        if (end < s->begin) {
            fuzz_check(zg_spans_hole(&r->there, end, s->end, &hole));
            fuzz_check(hole.begin == end && hole.end == s->begin);
        }
        end = s->end;
        bytes += s->end - s->begin;
    }
    fuzz_check(bytes == r->there.bytes);
}

static void check_record(const char *text, size_t len)
{
    zg_copy_record r = {0}, again = {0};
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_status status = zg_copy_record_parse(text, len, "input", &r, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
        return;
    }
    check_spans(&r);
    zg_str written;
    zg_str_init(&written, 0);
    zg_copy_record_write(&r, &written);
    fuzz_check(!written.failed && written.len == len &&
               memcmp(written.data, text, len) == 0);
    fuzz_check(zg_copy_record_parse(written.data, written.len, "again", &again, NULL) ==
               ZAGG_OK);
    fuzz_check(again.there.bytes == r.there.bytes);
    zg_str_free(&written);
    zg_copy_record_free(&r);
    zg_copy_record_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] != 'x') {
        check_record((const char *)data, size);
        return 0;
    }
    zg_str text;
    char hex[65];
    zg_str_init(&text, 0);
    zg_str_addn(&text, (const char *)data + 1, size - 1);
    if (!text.failed) {
        zg_sha256_hex(text.data, text.len, hex);
        zg_str_addf(&text, "sha256 %s\n", hex);
        check_record(text.data, text.len);
    }
    zg_str_free(&text);
    return 0;
}
