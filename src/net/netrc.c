/* netrc: user names and passwords of machines. Quotes and backslashes as Python's netrc
 * takes them; the first entry of a machine counts. */
#include "net/creds_parts.h"
#include "net/secret_text.h"

#include <string.h>
#include <strings.h>

enum { MOST_WORD = 4096 };

typedef enum entry_of { NO_MACHINE = 0, OTHER_MACHINE, OUR_MACHINE, BY_DEFAULT } entry_of;

typedef struct reader {
    const char *p, *end, *name, *machine;
    size_t line;
    zg_str word;
    entry_of entry;
    zg_netrc_login ours, fallback;
    bool ours_found, fallback_found;
    zagg_err *err;
} reader;

static zagg_status bad_line(const reader *r, const char *what)
{
    return zagg_err_set(r->err, ZAGG_ECONFIG, "%s: line %zu: %s", r->name, r->line, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_line(reader *r)
{
    while (r->p < r->end && *r->p != '\n')
        r->p++;
}

static void skip_blanks(reader *r)
{
    while (r->p < r->end && is_blank(*r->p)) {
        r->line += *r->p == '\n';
        r->p++;
    }
}

/* The next word; *more is false at the end of the text. */
static zagg_status next_word(reader *r, bool *more)
{
    skip_blanks(r);
    r->word.len = 0;
    r->word.data[0] = '\0';
    *more = r->p < r->end;
    if (!*more)
        return ZAGG_OK;
    const bool quoted = *r->p == '"';
    r->p += quoted;
    while (r->p < r->end && !(quoted ? *r->p == '"' : is_blank(*r->p))) {
        if (*r->p == '\\' && r->p + 1 < r->end)
            r->p++;
        if (*r->p == '\n')
            return bad_line(r, "a quote without its end");
        zg_str_addc(&r->word, *r->p++);
    }
    if (quoted && r->p == r->end)
        return bad_line(r, "a quote without its end");
    r->p += quoted;
    if (r->word.failed)
        return bad_line(r, "a word of more than 4096 bytes");
    return ZAGG_OK;
}

static zagg_status next_value(reader *r)
{
    bool more;
    ZAGG_TRY(next_word(r, &more));
    return more ? ZAGG_OK : bad_line(r, "a word without the value that belongs to it");
}

/* What is kept of an entry: the first of equal ones. */
static zagg_status keep(reader *r, bool password)
{
    zg_netrc_login *login = r->entry == OUR_MACHINE  ? &r->ours
                            : r->entry == BY_DEFAULT ? &r->fallback
                                                     : NULL;
    if (login == NULL)
        return r->entry == NO_MACHINE
                   ? bad_line(r, "a login or password before the first machine")
                   : ZAGG_OK;
    char **slot = password ? &login->password : &login->login;
    if (*slot != NULL)
        return ZAGG_OK;
    *slot = zg_strndup(r->word.data, r->word.len);
    return *slot != NULL ? ZAGG_OK
                         : zagg_err_set(r->err, ZAGG_ENOMEM, "%s: no memory", r->name);
}

static zagg_status begin_machine(reader *r)
{
    ZAGG_TRY(next_value(r));
    const bool is_ours = strcasecmp(r->word.data, r->machine) == 0 && !r->ours_found;
    r->entry = is_ours ? OUR_MACHINE : OTHER_MACHINE;
    r->ours_found |= is_ours;
    return ZAGG_OK;
}

/* A macro goes on up to an empty line. */
static zagg_status skip_macro(reader *r)
{
    ZAGG_TRY(next_value(r));
    skip_line(r);
    while (r->p < r->end) {
        r->p++; /* the line end */
        r->line++;
        const char *begin = r->p;
        skip_line(r);
        if (r->p == begin || (r->p == begin + 1 && *begin == '\r'))
            return ZAGG_OK;
    }
    return ZAGG_OK;
}

static zagg_status read_keyword(reader *r)
{
    const char *word = r->word.data;
    if (strcmp(word, "machine") == 0)
        return begin_machine(r);
    if (strcmp(word, "macdef") == 0)
        return skip_macro(r);
    if (strcmp(word, "default") == 0) {
        r->entry = r->fallback_found ? OTHER_MACHINE : BY_DEFAULT;
        r->fallback_found = true;
        return ZAGG_OK;
    }
    const bool password = strcmp(word, "password") == 0;
    if (password || strcmp(word, "login") == 0 || strcmp(word, "user") == 0) {
        ZAGG_TRY(next_value(r));
        return keep(r, password);
    }
    if (strcmp(word, "account") == 0)
        return next_value(r);
    return bad_line(r, "neither machine, default, login, password, account nor macdef; "
                       "a value with blanks goes in quotes");
}

static zagg_status read_entries(reader *r)
{
    bool more = true;
    while (more) {
        skip_blanks(r);
        if (r->p < r->end && *r->p == '#') {
            skip_line(r);
            continue;
        }
        ZAGG_TRY(next_word(r, &more));
        if (more)
            ZAGG_TRY(read_keyword(r));
    }
    return ZAGG_OK;
}

zagg_status zg_netrc_find(const char *text, size_t len, const char *name,
                          const char *machine, zg_netrc_login *out, bool *found,
                          zagg_err *err)
{
    reader r = {.p = text,
                .end = text + len,
                .name = name,
                .machine = machine,
                .line = 1,
                .err = err};
    if (memchr(text, 0, len) != NULL)
        return zagg_err_set(err, ZAGG_ECONFIG, "%s holds a NUL byte: it is no text",
                            name);
    zg_secret_text_init(&r.word, MOST_WORD);
    zagg_status status = r.word.failed
                             ? zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", name)
                             : read_entries(&r);
    zg_secret_text_free(&r.word);
    if (status == ZAGG_OK) {
        *found = r.ours_found || r.fallback_found;
        *out = r.ours_found ? r.ours : r.fallback;
        if (r.ours_found)
            zg_netrc_login_free(&r.fallback);
    } else {
        zg_netrc_login_free(&r.ours);
        zg_netrc_login_free(&r.fallback);
    }
    return status;
}

void zg_netrc_login_free(zg_netrc_login *login)
{
    zg_secret_free(login->login);
    zg_secret_free(login->password);
    *login = (zg_netrc_login){0};
}
