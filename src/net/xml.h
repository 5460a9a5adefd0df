/* Small XML answers of servers, read piece by piece: what they may hold is bounded. */
#ifndef ZG_NET_XML_H
#define ZG_NET_XML_H

#include "base/base.h"

/** The end of an element: names from the root down with '/' between them, without
 * namespaces ("ListBucketResult/Contents/Key"), and the text that is directly in it. A
 * status other than OK ends the reading. */
typedef zagg_status (*zg_xml_fn)(void *user, const char *path, const char *text,
                                 zagg_err *err);

/** Read `len` bytes of XML. FORMAT naming `what` for anything that is not well-formed,
 * nests deeper than 16 elements, has a document type or texts of more than 64 KiB. What
 * `fn` saw before that stays seen. Memory: one text and one path. */
zagg_status zg_xml_read(const char *text, size_t len, const char *what, zg_xml_fn fn,
                        void *user, zagg_err *err);

/** Append text with what has a meaning in XML replaced. Control characters have no form
 * in XML: callers do without. */
void zg_xml_add_escaped(zg_str *out, const char *text);

#endif
