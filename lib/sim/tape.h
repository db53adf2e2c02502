/* Forecasts of one load, made once and told again to every rehearsal that asks for the
 * same: what a sweep over many settings rests on. Who listens cannot tell it from a
 * forecaster of its own. A rehearsal whose load turns out to be another one (CPU depends
 * on the pods that serve it) goes on with a forecaster of its own. */
#ifndef FORETOP_SIM_TAPE_H
#define FORETOP_SIM_TAPE_H

#include "engine/engine.h"

struct tapes;

struct tapes *tapes_new(void);
/* After everyone who got forecasts from it. Accepts NULL. */
void tapes_free(struct tapes *t);
void tapes_cleanup(struct tapes **t);
/* For replay_config.maker; borrowed. One rehearsal at a time. */
const struct forecast_maker *tapes_maker(const struct tapes *t);

/* How many series of forecasts were made, and how often rehearsals went their own way. */
int32_t tapes_count(const struct tapes *t);
int64_t tapes_strays(const struct tapes *t);

#endif
