/* What every fuzz target shares. A target is one LLVMFuzzerTestOneInput: libFuzzer calls
 * it with inputs that it makes up (`make fuzz`), replay.c with the files of its corpus
 * (`make test`). It says what must hold for any input at all. */
#ifndef FORETOP_TESTS_FUZZ_H
#define FORETOP_TESTS_FUZZ_H

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process with the text unless `holds`; the input is a finding then. */
#define must(holds, ...)                                                                 \
	((holds) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #holds, __VA_ARGS__))
void fuzz_fail(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5), noreturn));

/* The input up to its first NUL as a string of exactly that size. The caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);

/* A failure says what to do and why: a code, and a text that ends inside of its array. */
void must_explain(const struct err *err);
/* Both NULL, or the same text. */
void must_equal(const char *a, const char *b);

#endif
