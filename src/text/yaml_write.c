/* Value trees as YAML, byte for byte as PyYAML's safe_dump(sort_keys=True): block style,
 * keys in order of their code points, plain scalars wherever they read back as the same
 * kind, ASCII. The layout is libyaml's, which PyYAML's follows but for an empty key and
 * the lines that long texts in double quotes are folded into. */
#include "text/json_style.h"
#include "text/yaml_scalar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

typedef struct yaml_out {
    yaml_emitter_t emitter;
    zg_str *text;
    zagg_err *err;
} yaml_out;

static int write_text(void *user, unsigned char *data, size_t len)
{
    yaml_out *w = user;
    zg_str_addn(w->text, (const char *)data, len);
    return !w->text->failed;
}

/* The event is taken over, also on failure. `made`: it could be made. */
static zagg_status emit(yaml_out *w, yaml_event_t *event, int made)
{
    if (made && yaml_emitter_emit(&w->emitter, event))
        return ZAGG_OK;
    return zagg_err_set(w->err, ZAGG_ENOMEM, "no memory to write YAML");
}

static zagg_status put_scalar(yaml_out *w, const char *text, size_t len, bool is_text)
{
    yaml_event_t event;
    /* a text that would read back as a number, a truth value, ... gets quotes */
    const int plain = !is_text || zg_yaml_resolve(text, len) == ZG_YAML_STR;
    if (len > INT32_MAX)
        return zagg_err_set(w->err, ZAGG_ERANGE, "a text is too long for YAML");
    const int made = yaml_scalar_event_initialize(
        &event, NULL, NULL, (const yaml_char_t *)text, (int)len, plain, 1,
        plain ? YAML_ANY_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE);
    return emit(w, &event, made);
}

/* Python's repr, with a point in front of an exponent, as YAML 1.1 demands. */
static zagg_status put_float(yaml_out *w, double v)
{
    char repr[32], text[40];
    size_t n = zg_float_repr(v, repr), out = 0;
    if (strcmp(repr, "nan") == 0 || strcmp(repr, "inf") == 0)
        text[out++] = '.';
    else if (strcmp(repr, "-inf") == 0)
        return put_scalar(w, "-.inf", 5, false);
    const bool point = memchr(repr, '.', n) != NULL;
    for (size_t i = 0; i < n; i++) {
        if (repr[i] == 'e' && !point) {
            text[out++] = '.';
            text[out++] = '0';
        }
        text[out++] = repr[i];
    }
    return put_scalar(w, text, out, false);
}

static zagg_status put_node(yaml_out *w, const zagg_value *v);

static zagg_status put_members(yaml_out *w, const zagg_value *v)
{
    zagg_member *sorted = NULL;
    ZAGG_TRY(zg_sorted_members(v, &sorted, w->err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < v->n; i++) {
        status = put_scalar(w, sorted[i].key->str, sorted[i].key->str_len, true);
        if (status == ZAGG_OK)
            status = put_node(w, sorted[i].value);
    }
    zg_free(sorted);
    return status;
}

static zagg_status put_map(yaml_out *w, const zagg_value *v)
{
    yaml_event_t event;
    ZAGG_TRY(emit(w, &event,
                  yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                      YAML_BLOCK_MAPPING_STYLE)));
    ZAGG_TRY(put_members(w, v));
    return emit(w, &event, yaml_mapping_end_event_initialize(&event));
}

static zagg_status put_list(yaml_out *w, const zagg_value *v)
{
    yaml_event_t event;
    ZAGG_TRY(emit(w, &event,
                  yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                       YAML_BLOCK_SEQUENCE_STYLE)));
    for (size_t i = 0; i < v->n; i++)
        ZAGG_TRY(put_node(w, v->items[i]));
    return emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

static zagg_status put_node(yaml_out *w, const zagg_value *v)
{
    char text[32];
    int n = 0;
    switch (v->kind) {
    case ZAGG_NULL:
        return put_scalar(w, "null", 4, false);
    case ZAGG_BOOL:
        return put_scalar(w, v->u.b ? "true" : "false", v->u.b ? 4 : 5, false);
    case ZAGG_INT:
        n = snprintf(text, sizeof text, "%" PRId64, v->u.i);
        return put_scalar(w, text, (size_t)n, false);
    case ZAGG_UINT:
        n = snprintf(text, sizeof text, "%" PRIu64, v->u.u);
        return put_scalar(w, text, (size_t)n, false);
    case ZAGG_FLOAT:
        return put_float(w, v->u.f);
    case ZAGG_STR:
        return put_scalar(w, v->str, v->str_len, true);
    case ZAGG_BIGINT:
        return put_scalar(w, v->str, v->str_len, false);
    case ZAGG_LIST:
        return put_list(w, v);
    case ZAGG_MAP:
        return put_map(w, v);
    case ZAGG_DATE:
        break;
    }
    return zagg_err_set(w->err, ZAGG_EUNSUPPORTED,
                        "line %u: the date %s cannot be written; quote it",
                        (unsigned)v->line, v->str);
}

zagg_status zg_yaml_write(zg_str *out, const zagg_value *v, zagg_err *err)
{
    yaml_out w = {.text = out, .err = err};
    yaml_event_t event;
    if (!yaml_emitter_initialize(&w.emitter))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write YAML");
    yaml_emitter_set_output(&w.emitter, write_text, &w);
    yaml_emitter_set_unicode(&w.emitter, 0);
    zagg_status status =
        emit(&w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    if (status == ZAGG_OK)
        status = emit(&w, &event,
                      yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    if (status == ZAGG_OK)
        status = put_node(&w, v);
    if (status == ZAGG_OK)
        status = emit(&w, &event, yaml_document_end_event_initialize(&event, 1));
    if (status == ZAGG_OK)
        status = emit(&w, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&w.emitter);
    return status;
}
