#include "forecast/forecast.h"
#include "forecast/scalar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_MS    (15 * MS_PER_MIN)
#define HALF_BLOCKS 192.
#define BACK_BLOCKS 4 /* back in time by more is a wrong clock */
/* b in units of its error from which on the line is believed, and down to which: four
 * is chance once in 30,000 times. */
#define BELIEVE 4
#define DOUBT   3
/* A load that makes less of the total than this is not worth a forecast, and errors of
 * more than this share of it are no fit. */
#define PART_MIN  .05
#define ERROR_MAX .1
/* Errors that persist longer than this from block to block say nothing any more. */
#define PERSIST_MAX .98
/* Of the squares: pods and load that move together to the last digits. */
#define TOGETHER 1e-6

static void add_block(struct usage *u, int64_t block, const double *terms)
{
	double keep = exp2(-1 / HALF_BLOCKS);
	bool follows = u->last_block != 0 && block == u->last_block + 1;

	u->count = keep * u->count + 1;
	u->blocks += u->blocks < INT32_MAX;
	for (int i = 0; i < USAGE_TERMS; i++) {
		for (int k = 0; k < USAGE_TERMS; k++) {
			u->same[i][k] = keep * u->same[i][k] + terms[i] * terms[k];
			u->next[i][k] = keep * u->next[i][k] +
					(follows ? terms[i] * u->last[k] : 0);
		}
	}
	memcpy(u->last, terms, sizeof(u->last));
	u->last_block = block;
}

/* The mean of the block that has ended counts. */
static void end_block(struct usage *u)
{
	double means[USAGE_TERMS];
	struct usage_line line;

	for (int i = 0; i < USAGE_TERMS; i++)
		means[i] = u->sums[i] / u->samples;
	add_block(u, u->block, means);
	usage_solve(u, &line);
	u->significant = line.significant;
}

static void begin_block(struct usage *u, int64_t block)
{
	u->block = block;
	u->samples = 0;
	memset(u->sums, 0, sizeof(u->sums));
}

void usage_note(struct usage *u, int64_t now_ms, double pods, double load, double total)
{
	int64_t block = now_ms / BLOCK_MS;
	double terms[USAGE_TERMS] = {pods, load, total};

	if (!(pods > 0) || !(load >= 0) || !(total >= 0) || !isfinite(pods) ||
	    !isfinite(load) || !isfinite(total))
		return;
	if (block <= u->block - BACK_BLOCKS) {
		u->last_block = 0;
		begin_block(u, block);
	}
	if (block < u->block)
		return;
	if (block > u->block) {
		if (u->samples > 0)
			end_block(u);
		begin_block(u, block);
	}
	u->samples++;
	for (int i = 0; i < USAGE_TERMS; i++)
		u->sums[i] += terms[i];
}

/* w' M w of the error's weights w: total - a * pods - b * load. */
static double of_errors(const double m[USAGE_TERMS][USAGE_TERMS],
			const struct usage_line *line)
{
	const double w[USAGE_TERMS] = {-line->per_pod, -line->per_load, 1};
	double sum = 0;

	for (int i = 0; i < USAGE_TERMS; i++)
		for (int k = 0; k < USAGE_TERMS; k++)
			sum += w[i] * m[i][k] * w[k];
	return sum;
}

/* Least squares without a constant; a base below nothing is none. Returns the variance of
 * b in units of that of the errors; NaN when pods and load cannot be told apart. */
static double fit(const struct usage *u, struct usage_line *line)
{
	double pp = u->same[USAGE_PODS][USAGE_PODS], ll = u->same[USAGE_LOAD][USAGE_LOAD];
	double pl = u->same[USAGE_PODS][USAGE_LOAD];
	double pt = u->same[USAGE_PODS][USAGE_TOTAL];
	double lt = u->same[USAGE_LOAD][USAGE_TOTAL];
	double apart = pp * ll - pl * pl;

	if (!(ll > 0) || !(apart > TOGETHER * pp * ll))
		return NAN;
	line->per_pod = (ll * pt - pl * lt) / apart;
	line->per_load = (pp * lt - pl * pt) / apart;
	if (line->per_pod >= 0)
		return pp / apart;
	line->per_pod = 0;
	line->per_load = lt / ll;
	return 1 / ll;
}

/* How much more an error is worth when it persists from block to block. */
static double persistence(const struct usage *u, const struct usage_line *line,
			  double squares)
{
	double lag = squares > 0 ? of_errors(u->next, line) / squares : 0;
	double r = within(lag, 0, PERSIST_MAX);

	return (1 + r) / (1 - r);
}

static void doubt(struct usage_line *line, const char *why)
{
	snprintf(line->reason, sizeof(line->reason), "%s", why);
}

/* Whether the line is good enough to act on. rms: of the total, and of the errors. */
static void judge(const struct usage *u, struct usage_line *line, double total_rms,
		  double error_rms)
{
	double needed = u->significant ? DOUBT : BELIEVE;

	if (u->blocks < USAGE_BLOCKS_NEEDED)
		snprintf(line->reason, sizeof(line->reason),
			 "watched for %d of the %d quarters of an hour that it takes",
			 u->blocks, USAGE_BLOCKS_NEEDED);
	else if (!(line->part >= PART_MIN))
		doubt(line, "it hardly depends on the load");
	else if (!(error_rms <= ERROR_MAX * total_rms))
		doubt(line, "pods and load do not explain it");
	else if (!(line->evidence >= needed))
		doubt(line, "what the load adds is not significant");
	else
		line->significant = true;
}

void usage_solve(const struct usage *u, struct usage_line *ret_line)
{
	*ret_line = (struct usage_line){
		.per_pod = NAN, .per_load = NAN, .evidence = NAN, .part = NAN};

	double variance = u->count > 2 ? fit(u, ret_line) : NAN;

	if (isnan(variance)) {
		doubt(ret_line, "pods and load were not seen apart yet");
		return;
	}

	double squares = larger(of_errors(u->same, ret_line), 0);
	double error = squares / (u->count - 2) * persistence(u, ret_line, squares);
	double totals = u->same[USAGE_TOTAL][USAGE_TOTAL];
	double loads = u->same[USAGE_LOAD][USAGE_LOAD];

	ret_line->evidence = ret_line->per_load / sqrt(error * variance);
	ret_line->part = ret_line->per_load * sqrt(loads / totals);
	judge(u, ret_line, sqrt(totals / u->count), sqrt(squares / u->count));
}
