/* The log: structured, one line an event, in klog's text form or as JSON, to standard
 * error. The only global state. */
#ifndef FORETOP_IO_LOG_H
#define FORETOP_IO_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_config {
	enum log_format format;
	int verbosity; /* as kubectl's -v: 0..3 errors and info, 4 and more debug too; -1
			  errors only, -2 nothing at all */
};
void log_configure(const struct log_config *config);
/* Another verbosity from now on; -1 to LOG_VERBOSITY_MAX. */
#define LOG_VERBOSITY_MAX 10
void log_set_verbosity(int verbosity);
int log_verbosity(void);
/* True when a line of this level would be written: guards costly arguments. */
bool log_enabled(enum log_level level);

struct log_pair {
	const char *key;  /* lowerCamelCase */
	const char *text; /* NULL: `number` counts */
	double number;
	const char *ns; /* of an object, whose name is `text`; NULL: `text` is a text */
};
/* An object: "ns/name" in text, {"name", "namespace"} in JSON. */
#define KV_OBJECT(k, ns_, name_)                                                         \
	((struct log_pair){.key = (k), .text = (name_), .ns = (ns_)})
#define KV_BOOL(k, v) KV_TEXT(k, (v) ? "true" : "false")
#define KV_TEXT(k, v) log_pair_text(k, v)
static inline struct log_pair log_pair_text(const char *key, const char *text)
{
	return (struct log_pair){.key = key, .text = text ? text : ""};
}
#define KV_NUM(k, v) ((struct log_pair){.key = (k), .number = (double)(v)})

/* log_info("Scaled the target", KV_TEXT("policy", p), KV_NUM("to", 5)): message constant,
 * past tense, no full stop. */
#define log_error(msg, ...) LOG_LINE(LOG_ERROR, msg, ##__VA_ARGS__)
#define log_info(msg, ...)  LOG_LINE(LOG_INFO, msg, ##__VA_ARGS__)
#define log_debug(msg, ...) LOG_LINE(LOG_DEBUG, msg, ##__VA_ARGS__)
#define LOG_LINE(level, msg, ...)                                                        \
	do {                                                                             \
		if (log_enabled(level)) {                                                \
			const struct log_pair pairs_[] = {KV_NUM("", 0), ##__VA_ARGS__}; \
			log_write(level, __FILE__, __LINE__, msg, pairs_ + 1,            \
				  sizeof(pairs_) / sizeof(pairs_[0]) - 1);               \
		}                                                                        \
	} while (0)

void log_write(enum log_level level, const char *file, int line, const char *msg,
	       const struct log_pair *pairs, size_t count);

/* The last line that libwebsockets logged: the only place where it gives the reason of a
 * failed TLS handshake. Never NULL. log_take_library_line forgets it. */
const char *log_library_line(void);
void log_take_library_line(void);
/* For lws_set_log_level: keeps the line and writes it at debug level. */
void log_library_emit(int level, const char *line);

#endif
