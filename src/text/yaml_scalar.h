/* Scalars of YAML 1.1: what a plain text is taken for, and its value. */
#ifndef ZG_TEXT_YAML_SCALAR_H
#define ZG_TEXT_YAML_SCALAR_H

#include "text/tree.h"

typedef enum zg_yaml_tag {
    ZG_YAML_STR,
    ZG_YAML_NULL,
    ZG_YAML_BOOL,
    ZG_YAML_INT,
    ZG_YAML_FLOAT,
    ZG_YAML_TIMESTAMP,
    ZG_YAML_MERGE, /* << */
    ZG_YAML_VALUE, /* = */
    ZG_YAML_SEQ,
    ZG_YAML_MAP,
    ZG_YAML_UNKNOWN
} zg_yaml_tag;

/** Tag of a plain scalar, by PyYAML's implicit resolvers. */
zg_yaml_tag zg_yaml_resolve(const char *text, size_t len);

/** Tag behind a full tag name ("tag:yaml.org,2002:int"); UNKNOWN when it is not one of
 * ours. */
zg_yaml_tag zg_yaml_tag_of(const char *name);

/** Give `node` (zeroed) the kind and value of `text` under `tag`, as PyYAML's
 * SafeConstructor does. FORMAT without place when the text is no such value. */
zagg_status zg_yaml_construct(zg_tree *tree, zg_yaml_tag tag, const char *text,
                              size_t len, zagg_value *node, zagg_err *err);

/** An integer in PyYAML's notations, underscores already removed. */
zagg_status zg_yaml_int(zg_tree *tree, const char *text, size_t len, zagg_value *node,
                        zagg_err *err);
/** A float in PyYAML's notations, underscores removed, lower case. */
zagg_status zg_yaml_float(const char *text, size_t len, zagg_value *node, zagg_err *err);

/** Whether the text has the form of a timestamp that the implicit resolver takes. */
bool zg_yaml_is_timestamp(const char *text, size_t len);
/** Whether Python's date or datetime can be made of the text. */
bool zg_yaml_valid_timestamp(const char *text, size_t len);

#endif
