/* XML by expat. Document types are refused: no answer of a storage server has one, and
 * they are where entities come from that grow without end. */
#include "net/xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_PATH_BYTES = 512, MAX_TEXT_BYTES = 64 << 10 };

typedef struct reading {
    XML_Parser parser;
    zg_xml_fn fn;
    void *user;
    zagg_err *err;
    const char *what;
    zg_str text;
    char path[MAX_PATH_BYTES];
    size_t ends[MAX_DEPTH]; /* length of the path above each element that is open */
    size_t depth;
    zagg_status status;
} reading;

/* Give up: the first reason stays. */
static void stop(reading *r, zagg_status status)
{
    if (r->status == ZAGG_OK)
        r->status = status;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static void refuse(reading *r, const char *why)
{
    if (r->status == ZAGG_OK)
        zagg_err_set(r->err, ZAGG_EFORMAT, "%s: the answer of the server %s", r->what,
                     why);
    stop(r, ZAGG_EFORMAT);
}

static void XMLCALL on_start(void *user, const XML_Char *name,
                             const XML_Char **attributes)
{
    reading *r = user;
    const char *colon = strrchr(name, ':');
    const char *local = colon != NULL ? colon + 1 : name;
    const size_t at = strlen(r->path), len = strlen(local);
    (void)attributes;
    if (r->depth == MAX_DEPTH || at + len + 2 > MAX_PATH_BYTES) {
        refuse(r, "nests too deeply");
        return;
    }
    r->ends[r->depth++] = at;
    if (at > 0)
        r->path[at] = '/';
    memcpy(r->path + at + (at > 0), local, len + 1);
    zg_str_free(&r->text);
    zg_str_init(&r->text, MAX_TEXT_BYTES);
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    reading *r = user;
    (void)name;
    if (r->status != ZAGG_OK || r->depth == 0)
        return;
    const zagg_status status = r->fn(r->user, r->path, r->text.data, r->err);
    if (status != ZAGG_OK)
        stop(r, status);
    r->path[r->ends[--r->depth]] = '\0';
    zg_str_free(&r->text);
    zg_str_init(&r->text, MAX_TEXT_BYTES);
}

static void XMLCALL on_text(void *user, const XML_Char *text, int len)
{
    reading *r = user;
    if (r->status != ZAGG_OK || len <= 0)
        return;
    if ((size_t)len > MAX_TEXT_BYTES - r->text.len) {
        refuse(r, "has a text without end");
        return;
    }
    zg_str_addn(&r->text, text, (size_t)len);
    if (r->text.failed)
        stop(r, zagg_err_set(r->err, ZAGG_ENOMEM, "%s: no memory to read an answer",
                             r->what));
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    refuse(user, "has a document type, which no such answer has");
}

static void parse(reading *r, const char *text, size_t len)
{
    /* S3 sends blanks first while it joins the parts of an upload. */
    for (; len > 0 && (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t');
         len--)
        text++;
    if (len > INT_MAX) {
        refuse(r, "is too long");
        return;
    }
    if (XML_Parse(r->parser, text, (int)len, 1) == XML_STATUS_OK || r->status != ZAGG_OK)
        return;
    const enum XML_Error code = XML_GetErrorCode(r->parser);
    r->status =
        code == XML_ERROR_NO_MEMORY
            ? zagg_err_set(r->err, ZAGG_ENOMEM, "%s: no memory", r->what)
            : zagg_err_set(r->err, ZAGG_EFORMAT,
                           "%s: the answer of the server is no XML: line %lu: %s",
                           r->what, (unsigned long)XML_GetCurrentLineNumber(r->parser),
                           XML_ErrorString(code));
}

zagg_status zg_xml_read(const char *text, size_t len, const char *what, zg_xml_fn fn,
                        void *user, zagg_err *err)
{
    reading r = {.fn = fn, .user = user, .err = err, .what = what};
    r.parser = XML_ParserCreate(NULL);
    if (r.parser == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read an answer", what);
    zg_str_init(&r.text, MAX_TEXT_BYTES);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    parse(&r, text, len);
    XML_ParserFree(r.parser);
    zg_str_free(&r.text);
    return r.status;
}

void zg_xml_add_escaped(zg_str *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        const char *as = *c == '&'   ? "&amp;"
                         : *c == '<' ? "&lt;"
                         : *c == '>' ? "&gt;"
                         : *c == '"' ? "&quot;"
                                     : NULL;
        if (as != NULL)
            zg_str_add(out, as);
        else
            zg_str_addc(out, *c);
    }
}
