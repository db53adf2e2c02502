/* Numbers as servers write them. Pure. */
#ifndef FORETOP_PROM_DECIMAL_H
#define FORETOP_PROM_DECIMAL_H

#include <stdbool.h>

/* A finite or infinite number in decimal digits, the whole of `text`: what strtod makes
 * of it, to the last bit. False for anything else that strtod would take (hexadecimal,
 * "nan(1)", white space), and for words. */
bool decimal_parse(const char *text, double *ret_value);

#endif
