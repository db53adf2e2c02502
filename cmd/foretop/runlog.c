#include "runlog.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int runlog_open(struct runlog *l, const char *path, struct err *err)
{
	*l = (struct runlog){.path = path};
	if (!path)
		return 0;
	l->file = fopen(path, "w");
	if (!l->file)
		return err_set(err, ERR_INVALID, "--out %s: %s", path, strerror(errno));
	fputs("unix_seconds,demand,ready,pods,desired,reactive,forecast,upper,reason\n",
	      l->file);
	return 0;
}

void runlog_fini(struct runlog *l)
{
	if (l->file)
		fclose(l->file);
	*l = (struct runlog){0};
}

/* As few digits as give the same number back. */
static void put_number(FILE *file, double v)
{
	char text[32];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	fputs(text, file);
}

/* What is not known is empty. */
static void put_replicas(FILE *file, int32_t replicas)
{
	if (replicas >= 0)
		fprintf(file, ",%d", replicas);
	else
		fputs(",", file);
}

static void put_demand(FILE *file, double v)
{
	fputs(",", file);
	if (!isnan(v))
		put_number(file, v);
}

/* Readers of simple tables know neither quotes nor commas in a field, and take # for a
 * comment. */
static void put_reason(FILE *file, const char *reason)
{
	fputs(",", file);
	for (const char *c = reason; *c; c++)
		fputc(*c == ',' ? ';' : strchr("#\"\r\n", *c) ? ' ' : *c, file);
	fputs("\n", file);
}

static void put_line(struct runlog *l, double unix_s)
{
	const struct replay_row *row = &l->row;
	put_number(l->file, unix_s);
	put_demand(l->file, row->demand);
	put_replicas(l->file, row->ready);
	put_replicas(l->file, row->pods);
	put_replicas(l->file, row->desired);
	put_replicas(l->file, row->reactive);
	put_demand(l->file, row->forecast);
	put_demand(l->file, row->upper);
	put_reason(l->file, l->reason);
}

void runlog_heed(void *arg, const struct replay_row *row)
{
	struct runlog *l = arg;
	if (!l->file)
		return;
	snprintf(l->reason, sizeof(l->reason), "%s", row->reason);
	l->row = *row;
	l->row.reason = NULL;
	l->before_ms = l->last_ms;
	l->last_ms = row->at_ms;
	l->lines++;
	put_line(l, (double)row->at_ms / 1000);
}

/* A last line that does not stand as long as the one before it is halved. */
int runlog_close(struct runlog *l, int64_t end_ms, struct err *err)
{
	if (!l->file)
		return 0;
	if (l->lines > 0 &&
	    (l->lines == 1 || end_ms - l->last_ms != l->last_ms - l->before_ms))
		put_line(l, (double)(l->last_ms + end_ms) / 2000);
	bool failed = ferror(l->file) != 0;
	failed |= fclose(l->file) != 0;
	l->file = NULL;
	return failed ? err_set(err, ERR_RETRY, "--out %s: %s", l->path, strerror(errno))
		      : 0;
}
