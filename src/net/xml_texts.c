/* A few texts out of an XML answer, by expat, whose memory is wiped as it goes: answers
 * of STS hold keys. */
#include "net/creds_parts.h"
#include "net/secret_text.h"

#include <expat.h>
#include <string.h>

enum { MOST_TEXT = 64 * 1024 };

/* ---- memory that is wiped: its size stands before it ---- */

typedef union block {
    size_t len;
    max_align_t align;
} block;

static void *block_new(size_t len)
{
    size_t all;
    block *b = zg_add_size(len, sizeof *b, &all) ? zg_alloc(all, 1) : NULL;
    if (b == NULL)
        return NULL;
    b->len = len;
    return b + 1;
}

static void block_free(void *at)
{
    if (at == NULL)
        return;
    block *b = (block *)at - 1;
    zg_secret_wipe(at, b->len);
    zg_free(b);
}

static void *block_resize(void *at, size_t len)
{
    void *to = block_new(len);
    if (to != NULL && at != NULL) {
        const size_t had = ((block *)at - 1)->len;
        memcpy(to, at, had < len ? had : len);
        block_free(at);
    }
    return to;
}

/* ---- elements ---- */

typedef struct reader {
    XML_Parser parser;
    const char *const *names;
    char **out;
    size_t n;
    bool inside; /* of element `at`, whose text goes to `text` */
    size_t at;
    zg_str text;
    bool no_memory;
} reader;

static void XMLCALL on_start(void *user, const XML_Char *name,
                             const XML_Char **attributes)
{
    reader *r = user;
    (void)attributes;
    const char *colon = strrchr(name, ':');
    const char *local = colon != NULL ? colon + 1 : name;
    r->inside = false;
    for (size_t i = 0; i < r->n; i++)
        if (r->out[i] == NULL && strcmp(local, r->names[i]) == 0) {
            r->inside = true;
            r->at = i;
            r->text.len = 0;
        }
}

static void XMLCALL on_text(void *user, const XML_Char *text, int len)
{
    reader *r = user;
    if (r->inside)
        zg_str_addn(&r->text, text, (size_t)len);
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    reader *r = user;
    (void)name;
    if (!r->inside)
        return;
    r->inside = false;
    r->out[r->at] = r->text.failed ? NULL : zg_strndup(r->text.data, r->text.len);
    if (r->out[r->at] == NULL) {
        r->no_memory = true;
        (void)XML_StopParser(r->parser, XML_FALSE);
    }
}

/* Entities are what a document can grow by. */
static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public_id, int internal)
{
    (void)name, (void)system, (void)public_id, (void)internal;
    (void)XML_StopParser(((reader *)user)->parser, XML_FALSE);
}

zagg_status zg_xml_texts(const char *xml, size_t len, const char *const *names, size_t n,
                         char **out, zagg_err *err)
{
    static const XML_Memory_Handling_Suite memory = {block_new, block_resize, block_free};
    reader r = {.names = names, .out = out, .n = n};
    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    if (len > INT32_MAX)
        return zagg_err_set(err, ZAGG_EFORMAT, "an XML text of %zu bytes", len);
    r.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (r.parser == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to parse XML");
    zg_secret_text_init(&r.text, len < MOST_TEXT ? len : MOST_TEXT);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    const bool parsed = XML_Parse(r.parser, xml, (int)len, 1) == XML_STATUS_OK;
    const bool no_memory =
        r.no_memory || XML_GetErrorCode(r.parser) == XML_ERROR_NO_MEMORY;
    XML_ParserFree(r.parser);
    zg_secret_text_free(&r.text);
    if (parsed)
        return ZAGG_OK;
    for (size_t i = 0; i < n; i++) {
        zg_secret_free(out[i]);
        out[i] = NULL;
    }
    return no_memory ? zagg_err_set(err, ZAGG_ENOMEM, "no memory to parse XML")
                     : zagg_err_set(err, ZAGG_EFORMAT, "the answer is no XML");
}
