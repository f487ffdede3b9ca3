/* Base64 with padding (RFC 4648, section 4). */
#ifndef SCTX_SHARED_BASE64_H
#define SCTX_SHARED_BASE64_H
#include <stdbool.h>
#include <stddef.h>

enum { BASE64_BYTES = 48, BASE64_TEXT = 64 }; /* as many bytes at once become so many characters */

/* n: at most BASE64_BYTES; less only at the end. Returns the characters. */
size_t base64_encode(const void *bytes, size_t n, char text[BASE64_TEXT]);
/* `to` has room for n / 4 * 3 bytes. false: it is no base64. */
bool base64_decode(const char *text, size_t n, char *to, size_t *len);

#endif
