#include "io/log.h"

#include "base/base.h"
#include "io/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	struct log_config config;
	char library_line[256];
} sink;

void log_configure(const struct log_config *config)
{
	sink.config = *config;
}

void log_set_verbosity(int verbosity)
{
	sink.config.verbosity = verbosity;
}

int log_verbosity(void)
{
	return sink.config.verbosity;
}

bool log_enabled(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return sink.config.verbosity >= -1;
	case LOG_INFO:
		return sink.config.verbosity >= 0;
	case LOG_DEBUG:
		return sink.config.verbosity >= 4;
	}
	return true;
}

static cJSON *value_of(const struct log_pair *pair, enum log_format format)
{
	if (pair->ns && format == LOG_JSON) {
		cJSON *o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "name", pair->text);
		cJSON_AddStringToObject(o, "namespace", pair->ns);
		return o;
	}
	if (pair->ns) {
		char *text AUTO_FREE = xasprintf("%s/%s", pair->ns, pair->text);
		return cJSON_CreateString(text);
	}
	return pair->text ? cJSON_CreateString(pair->text)
			  : cJSON_CreateNumber(pair->number);
}

static void write_json(enum log_level level, const char *msg,
		       const struct log_pair *pairs, size_t count)
{
	cJSON *line AUTO(json_cleanup) = cJSON_CreateObject();
	cJSON_AddNumberToObject(line, "ts", (double)wall_ms() / 1000.0);
	if (level != LOG_ERROR)
		cJSON_AddNumberToObject(line, "v", level == LOG_DEBUG ? 4 : 0);
	else
		cJSON_AddStringToObject(line, "severity", "ERROR");
	cJSON_AddStringToObject(line, "msg", msg);
	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToObject(line, pairs[i].key, value_of(&pairs[i], LOG_JSON));
	char *text AUTO_FREE = json_text(line);
	fprintf(stderr, "%s\n", text);
}

/* klog: Lmmdd hh:mm:ss.uuuuuu pid file:line] "message" key="value" */
static void write_text(enum log_level level, const char *file, int line, const char *msg,
		       const struct log_pair *pairs, size_t count)
{
	int64_t now = wall_ms();
	time_t s = (time_t)(now / 1000);
	struct tm tm;
	gmtime_r(&s, &tm);
	const char *base = strrchr(file, '/');
	struct str out AUTO(str_fini);
	str_init(&out, 16384);
	str_printf(&out, "%c%02d%02d %02d:%02d:%02d.%03d000 %7d %s:%d] \"%s\"",
		   level == LOG_ERROR ? 'E' : 'I', tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		   tm.tm_min, tm.tm_sec, (int)(now % 1000), (int)getpid(),
		   base ? base + 1 : file, line, msg);
	for (size_t i = 0; i < count; i++) {
		cJSON *value AUTO(json_cleanup) = value_of(&pairs[i], LOG_TEXT);
		char *text AUTO_FREE = json_text(value);
		str_printf(&out, " %s=%s", pairs[i].key, text);
	}
	fprintf(stderr, "%s\n", str_text(&out));
}

void log_write(enum log_level level, const char *file, int line, const char *msg,
	       const struct log_pair *pairs, size_t count)
{
	switch (sink.config.format) {
	case LOG_JSON:
		write_json(level, msg, pairs, count);
		return;
	case LOG_TEXT:
		write_text(level, file, line, msg, pairs, count);
		return;
	}
}

const char *log_library_line(void)
{
	return sink.library_line;
}

void log_take_library_line(void)
{
	sink.library_line[0] = '\0';
}

void log_library_emit(int level, const char *line)
{
	(void)level;
	size_t n = strcspn(line, "\n");
	snprintf(sink.library_line, sizeof(sink.library_line), "%.*s", (int)n, line);
	log_debug("libwebsockets said", KV_TEXT("line", sink.library_line));
}
