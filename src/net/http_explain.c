/* The text of an error's body, for people: S3's XML, the JSON of other services, a page's
 * title, or plain text. Nothing of it is trusted, and nothing that may be a secret is
 * told on. */
#include "net/http_impl.h"
#include "text/text.h"

#include <ctype.h>
#include <expat.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { CODE_BYTES = 64, TEXT_BYTES = 1024 };

typedef struct explained {
    char code[CODE_BYTES];
    char text[TEXT_BYTES];
} explained;

/* As much of `text` as fits behind what is there, on one line. */
static void append(char *out, size_t out_len, const char *text, size_t len)
{
    size_t at = strlen(out);
    for (size_t i = 0; i < len && at + 1 < out_len; i++) {
        bool blank = (unsigned char)text[i] <= ' ' || text[i] == 0x7f;
        if (blank && (at == 0 || out[at - 1] == ' '))
            continue;
        out[at++] = blank ? ' ' : text[i];
    }
    if (at + 1 == out_len)
        at = zg_utf8_floor(out, at);
    out[at] = '\0';
}

/* ---- XML ---- */

typedef struct xml_reader {
    XML_Parser parser;
    explained *out;
    char *field; /* where text goes now, or NULL */
    size_t field_len;
} xml_reader;

static void XMLCALL on_start(void *user, const XML_Char *name,
                             const XML_Char **attributes)
{
    (void)attributes;
    xml_reader *r = user;
    const char *colon = strrchr(name, ':');
    const char *local = colon ? colon + 1 : name;
    r->field = NULL;
    if (strcasecmp(local, "Code") == 0) {
        r->field = r->out->code;
        r->field_len = sizeof r->out->code;
    } else if (strcasecmp(local, "Message") == 0 || strcasecmp(local, "title") == 0) {
        r->field = r->out->text;
        r->field_len = sizeof r->out->text;
    }
    if (r->field != NULL && r->field[0] != '\0') /* the first one counts */
        r->field = NULL;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    (void)name;
    ((xml_reader *)user)->field = NULL;
}

static void XMLCALL on_text(void *user, const XML_Char *text, int len)
{
    xml_reader *r = user;
    if (r->field != NULL)
        append(r->field, r->field_len, text, (size_t)len);
}

/* Declarations, and with them entities, have no place in an answer. */
static void XMLCALL on_doctype(void *user, const XML_Char *name,
                               const XML_Char *system_id, const XML_Char *public_id,
                               int has_declarations)
{
    (void)name, (void)system_id, (void)public_id;
    if (has_declarations)
        (void)XML_StopParser(((xml_reader *)user)->parser, XML_FALSE);
}

/* What is read before an error in the text is kept: the body may have been cut, and HTML
 * is not quite XML. */
static void read_xml(const char *body, size_t len, explained *out)
{
    xml_reader r = {.parser = XML_ParserCreate(NULL), .out = out};
    if (r.parser == NULL)
        return;
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    (void)XML_Parse(r.parser, body, (int)len, 1);
    XML_ParserFree(r.parser);
}

/* ---- JSON ---- */

static const char *first_text(const zagg_value *map, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *text = zg_value_text(map, keys[i]);
        if (text != NULL)
            return text;
    }
    return NULL;
}

static void read_json_map(const zagg_value *map, explained *out)
{
    static const char *const codes[] = {"code", "Code", "__type", "errorType", "Type"};
    static const char *const texts[] = {
        "message",     "Message",      "error_description",
        "description", "errorMessage", "detail",
        "msg",         "error",        "title"};
    const zagg_value *inner = zagg_value_get(map, "error");
    if (inner != NULL && inner->kind == ZAGG_MAP)
        map = inner;
    const char *code = first_text(map, codes, sizeof codes / sizeof codes[0]);
    const char *text = first_text(map, texts, sizeof texts / sizeof texts[0]);
    if (code != NULL) {
        const char *hash = strrchr(code, '#'); /* "com.amazon.service#Name" */
        code = hash ? hash + 1 : code;
        append(out->code, sizeof out->code, code, strlen(code));
    }
    if (text != NULL)
        append(out->text, sizeof out->text, text, strlen(text));
}

static void read_json(const char *body, size_t len, explained *out)
{
    zagg_arena *arena;
    const zagg_value *root;
    if (zagg_arena_new(4 << 20, &arena, NULL) != ZAGG_OK)
        return;
    if (zagg_json_parse(arena, body, len, "answer", &root, NULL) == ZAGG_OK &&
        root->kind == ZAGG_MAP)
        read_json_map(root, out);
    zagg_arena_free(arena);
}

/* ---- plain text: its first line ---- */

static void read_plain(const char *body, size_t len, explained *out)
{
    size_t end = 0;
    while (end < len && end < 300 && body[end] != '\n' && body[end] != '\0')
        end++;
    for (size_t i = 0; i < end; i++)
        if ((unsigned char)body[i] < ' ' && body[i] != '\t' && body[i] != '\r')
            return; /* no text */
    append(out->text, sizeof out->text, body, zg_utf8_floor(body, end));
}

/* ---- secrets ---- */

static bool is_word_end(char c)
{
    return c == '\0' || (unsigned char)c <= ' ' ||
           strchr("\"'<>()[]{},;:&=?|\\", c) != NULL;
}

/* Access keys of AWS, JSON web tokens, and whatever is long and looks like base64 or hex.
 */
static bool looks_secret(const char *word, size_t len)
{
    size_t digits = 0, capitals = 0, others = 0;
    if (len >= 16 && (strncmp(word, "AKIA", 4) == 0 || strncmp(word, "ASIA", 4) == 0))
        return true;
    if (len >= 20 && strncmp(word, "eyJ", 3) == 0)
        return true;
    for (size_t i = 0; i < len; i++) {
        digits += isdigit((unsigned char)word[i]) != 0;
        capitals += isupper((unsigned char)word[i]) != 0;
        others += !isalnum((unsigned char)word[i]) && word[i] != '+' && word[i] != '/';
    }
    bool hex = len >= 40 && strspn(word, "0123456789abcdefABCDEF") >= len;
    return hex || (len >= 32 && others == 0 && digits > 0 && capitals > 0);
}

static bool announces_secret(const char *word, size_t len)
{
    static const char *const words[] = {"bearer", "basic", "token", "password",
                                        "signature"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (len == strlen(words[i]) && strncasecmp(word, words[i], len) == 0)
            return true;
    return false;
}

/* Words of people, which may well follow "token" or "password". */
static bool is_prose(const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalpha((unsigned char)word[i]) && word[i] != '.' && word[i] != '-')
            return false;
    return len < 20;
}

/* In the place of `len` bytes, at least 3. */
static void put_dots(char *at, size_t len)
{
    at[0] = at[1] = at[2] = '.';
    memmove(at + 3, at + len, strlen(at + len) + 1);
}

static void scrub(char *text)
{
    bool announced = false;
    for (char *p = text; *p != '\0';) {
        size_t len = 0;
        while (!is_word_end(p[len]))
            len++;
        if (len == 0) {
            p++;
            continue;
        }
        bool hide = looks_secret(p, len) || (announced && !is_prose(p, len));
        announced = announces_secret(p, len);
        if (hide && len >= 3) {
            put_dots(p, len);
            len = 3;
        }
        p += len;
    }
}

static void mask(char *text, const char *secret)
{
    size_t len = strlen(secret);
    if (len < 6) /* too short to be one, and found in any text */
        return;
    for (char *p = strstr(text, secret); p; p = strstr(p + 3, secret))
        put_dots(p, len);
}

void zg_mask_headers(char *text, const struct curl_slist *sent)
{
    for (; sent; sent = sent->next) {
        const char *value = zg_header_value(sent->data);
        if (zg_header_is(sent->data, "Authorization")) {
            const char *blank = strchr(value, ' ');
            mask(text, blank ? blank + 1 : value);
        } else if (zg_header_is(sent->data, "x-amz-security-token")) {
            mask(text, value);
        }
    }
}

void zg_http_explain(const char *body, size_t len, char code[64], char *out,
                     size_t out_len)
{
    explained e = {{0}, {0}};
    code[0] = '\0';
    if (out_len > 0)
        out[0] = '\0';
    size_t begin = 0;
    while (begin < len && isspace((unsigned char)body[begin]))
        begin++;
    if (len > ZG_HTTP_ERROR_BYTES)
        len = ZG_HTTP_ERROR_BYTES;
    if (begin >= len)
        return;
    if (body[begin] == '<')
        read_xml(body + begin, len - begin, &e);
    else if (body[begin] == '{')
        read_json(body + begin, len - begin, &e);
    else
        read_plain(body + begin, len - begin, &e);
    scrub(e.code);
    scrub(e.text);
    memcpy(code, e.code, sizeof e.code);
    char both[CODE_BYTES + TEXT_BYTES + 4];
    bool two = e.code[0] != '\0' && e.text[0] != '\0';
    snprintf(both, sizeof both, "%s%s%s", e.code, two ? ": " : "", e.text);
    if (out_len > 0)
        append(out, out_len, both, strlen(both));
}
