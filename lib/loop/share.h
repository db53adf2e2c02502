/* Which shard a workload is in, and how many shards a replica should hold: arithmetic
 * that all replicas must do alike. Pure. */
#ifndef FORETOP_LOOP_SHARE_H
#define FORETOP_LOOP_SHARE_H

#include <stdint.h>

/* The shard of a workload, in [0, shards). By the workload, not by the policy: two
 * policies for one workload, and an HPA beside them, are in one hand, whatever they are
 * called and however they spell its kind. Never to be changed: replicas of two versions
 * run side by side while one replaces the other. shards >= 1. */
int32_t share_shard(const char *ns, const char *name, int32_t shards);

/* A replica that lives. */
struct share {
	const char *identity;
	int32_t held; /* shards, as far as is known */
};
/* How many shards the replica `self` is to hold when these live, itself among them. The
 * parts differ by one at most and add up to all; who holds more already gets the larger
 * part, so that nothing moves without need. 0: self is not among them. */
int32_t share_part(const struct share *replicas, int32_t count, const char *self,
		   int32_t shards);

#endif
