/* Tables of text: columns as wide as their widest cell, two blanks between them. */
#include "cli/table.h"

#include <stdarg.h>
#include <string.h>

void cli_table_begin(cli_table *t, const char *const *heads, unsigned right)
{
    *t = (cli_table){.right = right};
    zg_str_init(&t->text, 0);
    while (heads[t->columns] != NULL && t->columns < CLI_TABLE_COLUMNS)
        t->columns++;
    for (size_t i = 0; i < t->columns; i++)
        cli_table_cell(t, heads[i]);
}

void cli_table_cell(cli_table *t, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7f)
            zg_str_addf(&t->text, "\\x%02x", byte);
        else
            zg_str_addc(&t->text, *c);
    }
    zg_str_addc(&t->text, '\t');
}

void cli_table_cellf(cli_table *t, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    cli_table_cell(t, text);
}

/* Columns of a terminal that UTF-8 text takes, each character counting as one. */
static size_t width_of(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void print_cell(FILE *to, const char *cell, size_t len, size_t width, bool right,
                       bool last)
{
    const int pad = (int)(width - width_of(cell, len));
    if (right)
        fprintf(to, "%*s%.*s", pad, "", (int)len, cell);
    else
        fprintf(to, "%.*s%*s", (int)len, cell, last ? 0 : pad, "");
    fputs(last ? "\n" : "  ", to);
}

bool cli_table_print(cli_table *t, FILE *to, int indent)
{
    size_t width[CLI_TABLE_COLUMNS] = {0}, column = 0;
    const bool whole = !t->text.failed && t->columns > 0;
    for (const char *at = t->text.data; whole && *at != '\0';) {
        const size_t len = strcspn(at, "\t"), w = width_of(at, len);
        width[column] = w > width[column] ? w : width[column];
        column = (column + 1) % t->columns;
        at += len + 1;
    }
    for (const char *at = t->text.data; whole && *at != '\0';) {
        const size_t len = strcspn(at, "\t");
        if (column == 0)
            fprintf(to, "%*s", indent, "");
        print_cell(to, at, len, width[column], (t->right >> column & 1) != 0,
                   column + 1 == t->columns);
        column = (column + 1) % t->columns;
        at += len + 1;
    }
    zg_str_free(&t->text);
    return whole;
}
