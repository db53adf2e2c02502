/* What went wrong, for the program (code) and for a person (msg). Lives on the caller's
 * stack. */
#ifndef FORETOP_BASE_ERR_H
#define FORETOP_BASE_ERR_H

/* The code names the reaction, not the cause. */
enum err_code {
	ERR_NONE = 0,
	ERR_RETRY,    /* passing: back off and try again */
	ERR_CONFLICT, /* the world moved: read again, decide again */
	ERR_INVALID,  /* wrong input: wait for new input */
	ERR_FATAL,    /* cannot go on */
};

struct err {
	enum err_code code;
	char msg[256];
};

/* Sets *err (may be NULL) and returns -1, so that a caller can `return err_set(...)`. The
 * text says what and where, lower case, no full stop; it is cut at 255 bytes. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts context in front of the text on the way up: "querying up: status 503". Keeps the
 * code. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
