/* Holt-Winters for load: level, damped or no trend, up to two seasons (a day and a week),
 * and an AR(1) term for what the last error says about the next ones.
 *
 *   e  = x - (l + phi b + s1 + s2),  x = y, or log y for loads that vary by factors
 *   l += phi b + alpha e,  b = phi b + beta e,  s1 += gamma1 e,  s2 += gamma2 e
 *   forecast of x k steps ahead = l + (phi + ... + phi^k) b + s1 + s2 + rho^k e
 *
 * Error-correction form: Hyndman, Koehler, Ord, Snyder, "Forecasting with Exponential
 * Smoothing" (2008), chapters 2 and 3; two seasons and the AR(1) term: Taylor,
 * "Short-term electricity demand forecasting using double seasonal exponential smoothing"
 * (2003). R's HoltWinters(alpha, beta, gamma) has the gains alpha, alpha beta and
 * (1 - alpha) gamma. */
#ifndef FORETOP_FORECAST_SMOOTHING_H
#define FORETOP_FORECAST_SMOOTHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMOOTHING_SEASONS     2
#define SMOOTHING_SEASON_MAX  20160
#define SMOOTHING_HORIZON_MAX 4032
/* Values of a larger size are taken as missing; logarithms end at the smallest. */
#define SMOOTHING_VALUE_MOST  1e300
#define SMOOTHING_VALUE_LEAST 1e-300

/* An innovation is cut to so many mean errors, which follow at this rate. */
#define SMOOTHING_CUT_SIZES 6
#define SMOOTHING_SIZE_RATE .01
/* A value beyond the limit counts for at most this many limits: the mean error grows by
 * 0.01 x 10 x 6, so that noise that begins after weeks of silence is known within hours,
 * and a spike does not open the door for the next one. */
#define SMOOTHING_SIZE_LIMITS 10

struct smoothing_config {
	/* Lengths in steps, in [2, SMOOTHING_SEASON_MAX], the longer one second; 0: none.
	 * A fit leaves out what its values do not cover twice. */
	int32_t seasons[SMOOTHING_SEASONS];
	/* Steps that share one value of a season, a divisor of its length; 0 is read as
	 * 1. A week of five-minute steps is better known, and smaller, by the hour. */
	int32_t spans[SMOOTHING_SEASONS];
	/* Multiplicative: works on log y. For positive values; a fit of others is
	 * additive. */
	bool logs;
	/* The farthest step ahead that is used, in [1, SMOOTHING_HORIZON_MAX]: what the
	 * multi-step error of a fit is measured over. */
	int32_t horizon;
};

/* Gains of the error. Admissible: alpha + gamma[0] + gamma[1] < 1, beta < alpha. */
struct smoothing_gains {
	double alpha;                    /* of the level, in (0, 1) */
	double beta;                     /* of the trend; 0: no trend */
	double gamma[SMOOTHING_SEASONS]; /* of the seasons, in [0, 1) */
	double phi;                      /* damping of the trend, in [0, 1) */
	double rho;                      /* AR(1), in [0, 1) */
};

struct smoothing_season {
	int32_t length, span; /* steps; 0: none */
	int32_t position;     /* of the step that comes next, in [0, length) */
	int32_t slot, phase;  /* position = slot * span + phase */
	double *values;       /* borrowed: length / span of them, they sum to zero */
};

struct smoothing {
	bool fitted, logs;
	struct smoothing_gains gains;
	double level, trend;
	double error;       /* e of the last value that was known */
	int32_t age;        /* steps since then */
	int32_t run;        /* innovations beyond all measure in a row, by their sign */
	double size;        /* running mean of |e|, cut */
	double swing;       /* largest minus smallest season */
	double noise;       /* running mean of |e - rho^(age + 1) e before| */
	double learned;     /* values that went into it */
	double least, most; /* of all y */
	int64_t next;       /* steps moved on so far; the caller may add its own origin */
	struct smoothing_season seasons[SMOOTHING_SEASONS];
};

/* Doubles that the seasons need. */
size_t smoothing_storage(const struct smoothing_config *config);

/* A model that knows nothing: level, trend, seasons and gains are zero, the first step is
 * at position 0 of the seasons. `storage` holds smoothing_storage doubles and outlives
 * the model. */
void smoothing_init(struct smoothing *s, const struct smoothing_config *config,
		    double *storage);

/* Moves on by one step, O(1). NaN, or a size beyond 1e300: missing, the state is carried
 * on; after a gap longer than the first season the AR(1) term starts anew. An innovation
 * beyond what a season contains and six mean errors is cut to that: a spike must not
 * become tomorrow's forecast. Where such ones stay on one side, the level has shifted,
 * and follows at once. */
void smoothing_step(struct smoothing *s, double y);

/* Forecasts of the next `count` steps, in units of y. They stay within half of the known
 * range beyond it, and at or above zero where nothing below was seen. */
void smoothing_path(const struct smoothing *s, int32_t count, double *ret_path);

/* The forecast of one step, ahead >= 1 steps from now: smoothing_path's up to rounding.
 */
double smoothing_ahead(const struct smoothing *s, int32_t ahead);

/* The largest of the forecasts first to first + count - 1 steps ahead; first >= 1, count
 * >= 1. */
double smoothing_maximum(const struct smoothing *s, int32_t first, int32_t count);

/* Standard deviations of the errors 1 to `count` steps ahead, in units of x: the analytic
 * variance of linear models, sigma^2 (1 + psi_1^2 + ... + psi_(h-1)^2) (Hyndman et al.,
 * chapter 6, class 1), psi_j = rho psi_(j-1) + alpha + beta (phi + ... + phi^j) + the
 * gammas of the seasons that come round at j. Sigma is taken from mean absolute errors as
 * for a normal distribution. */
void smoothing_deviations(const struct smoothing *s, int32_t count,
			  double *ret_deviations);

/* Seasons that sum to zero: what they had in common goes to the level. */
void smoothing_renormalise(struct smoothing *s);

/* smoothing_step without renormalising, on x: what fits are made of. */
void smoothing_advance(struct smoothing *s, double x);

/* y in the model's terms, NaN when it is missing: log y, not below a floor under all that
 * was seen. */
double smoothing_inward(const struct smoothing *s, double y);

/* The level's jump after an innovation that was cut at `limit`: e once `run` innovations
 * in a row were beyond it on one side, 0 before. */
double smoothing_shift(double e, double limit, int32_t *run);

/* Steps without a value after which the AR(1) term has nothing to say. */
int32_t smoothing_memory(const struct smoothing *s);

/* x^n by squaring: the same on every machine, which pow is not. n >= 0. */
double smoothing_power(double x, int32_t n);

/* phi + ... + phi^n */
double smoothing_damped(double phi, int32_t n);

#endif
