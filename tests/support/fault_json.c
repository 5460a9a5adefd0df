/* The fault harness and json-c: allocations within its parser do not fail. json-c 0.16
 * does not survive them (it crashes, leaks, or takes a part of the text for the whole),
 * which is nothing that a caller can mend; docs/decisions.md tells of it. */
#include "support/fault.h"

#include <json-c/json.h>

struct json_tokener *__real_json_tokener_new_ex(int depth);
struct json_tokener *__wrap_json_tokener_new_ex(int depth);
struct json_object *__real_json_tokener_parse_ex(struct json_tokener *tok,
                                                 const char *text, int len);
struct json_object *__wrap_json_tokener_parse_ex(struct json_tokener *tok,
                                                 const char *text, int len);

struct json_tokener *__wrap_json_tokener_new_ex(int depth)
{
    const bool before = fault_exempt(true);
    struct json_tokener *tok = __real_json_tokener_new_ex(depth);
    (void)fault_exempt(before);
    return tok;
}

struct json_object *__wrap_json_tokener_parse_ex(struct json_tokener *tok,
                                                 const char *text, int len)
{
    const bool before = fault_exempt(true);
    struct json_object *parsed = __real_json_tokener_parse_ex(tok, text, len);
    (void)fault_exempt(before);
    return parsed;
}
