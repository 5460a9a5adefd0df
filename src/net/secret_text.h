/* Texts that hold secrets: of a size that is known beforehand, so that growing leaves no
 * copies behind, and wiped as a whole; and files that hold them. */
#ifndef ZG_NET_SECRET_TEXT_H
#define ZG_NET_SECRET_TEXT_H

#include "net/http.h"

/** Room for `len` bytes; more makes the builder fail, as lack of memory does. */
void zg_secret_text_init(zg_str *s, size_t len);
/** Wiped and freed; empty then. */
void zg_secret_text_free(zg_str *s);

/** A file as a whole, with a NUL behind its bytes; heap, to be freed by
 * zg_secret_file_free. NOTFOUND where there is none; CONFIG for more than `max_len` bytes
 * (naming the limit), for a folder, and for NUL bytes; IO; NOMEM. */
zagg_status zg_secret_file_read(const char *path, size_t max_len, char **text,
                                size_t *len, zagg_err *err);
void zg_secret_file_free(char *text, size_t len);

/** Does it hold nothing but printable ASCII without blanks (keys, tokens)? At most `max`
 * bytes, and not empty. */
bool zg_secret_is_word(const char *text, size_t max);
/** Put "..." for `secret` wherever it stands in `text`, as servers may repeat what they
 * were sent. Short ones are left: they are in any text. NULL is fine. */
void zg_secret_hide(char *text, const char *secret);

#endif
