/* Kubernetes quantities ("100m", "1.5", "600Mi", "2e3") as milli-units. */
#ifndef FORETOP_BASE_QUANTITY_H
#define FORETOP_BASE_QUANTITY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parses a quantity to milli-units, rounding UP as Kubernetes' MilliValue does and
 * saturating at INT64_MAX (milli). Exact arithmetic: "0.1" is 100, not 101. Suffixes n u
 * m "" k M G T P E, Ki Mi Gi Ti Pi Ei, or a decimal exponent e/E. 0, or -1 with *err =
 * ERR_INVALID that quotes the text. */
int quantity_parse(const char *text, int64_t *ret_milli, struct err *err);

/* Parses a quantity to the nearest double as Kubernetes' AsApproximateFloat64 does:
 * digits * 10^exponent in floating point ("0.57" is 57 * 0.01). Same texts and errors as
 * quantity_parse. */
int quantity_parse_double(const char *text, double *ret_value, struct err *err);

/* Writes milli-units the way Kubernetes prints them: "100m", "2", "1500m"; with `binary`
 * (memory) whole multiples of 1024 get Ki, Mi, Gi... `size` of 24 always suffices.
 * Returns buf. */
char *quantity_format(int64_t milli, int binary, char *buf, size_t size);

/* A number for people, three significant digits: 840, 1240, 0.667. binary: with Ki, Mi,
 * Gi, ... Returns buf; 32 bytes suffice. */
char *number_format(double value, bool binary, char *buf, size_t size);

#endif
