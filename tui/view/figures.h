/* Numbers as they fit into a column. In `text`, which is returned. */
#ifndef SCTX_TUI_FIGURES_H
#define SCTX_TUI_FIGURES_H
#include <stdint.h>

enum { FIGURE = 32 };
const char *figure_count(double count, char text[static FIGURE]);      /* "0" "12.5" "999" "12.3k" "4.5M" */
const char *figure_bytes(double bytes, char text[static FIGURE]);      /* "0B" "12.5K" "4.5M" of 1024 */
const char *figure_duration(double ns, char text[static FIGURE]);      /* "850ns" "12.3us" "4.5ms" "12s" "5m07s" "3h05m" "4d" */
const char *figure_clock(int64_t time_ns, char text[static FIGURE]);   /* local, "12:34:56.789012" */
const char *figure_date(int64_t time_ns, char text[static FIGURE]);    /* local, "2024-05-06 12:34:56" */

#endif
