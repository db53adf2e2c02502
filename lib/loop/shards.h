/* Which part of the policies this replica decides: elections, one for each shard. */
#ifndef FORETOP_LOOP_SHARDS_H
#define FORETOP_LOOP_SHARDS_H

#include "loop/inside.h"

/* Without an election (a dry run, or switched off) there is one shard, held for good. */
struct shards *shards_new(struct loop *l);
void shards_free(struct shards *s);
/* Takes part from now on: loop_gain and loop_lose are called as it goes. 0, or -1 with
 * *err. */
int shards_start(struct shards *s, struct err *err);
/* Gives all Leases back; `done` is called once, within bound_ms, later. */
void shards_release(struct shards *s, int64_t bound_ms, void (*done)(void *arg),
		    void *arg);

int32_t shards_count(const struct shards *s);
/* Shards are numbers in [0, shards_count). That of a workload: */
int32_t shards_of(const struct shards *s, const char *ns, const char *target);
/* Its policies are decided here. */
bool shards_mine(const struct shards *s, int32_t shard);
/* How many are. */
int32_t shards_held(const struct shards *s);
/* Each is held by somebody, and this one holds some. */
bool shards_placed(const struct shards *s);
/* To be asked right before each write for a policy of the shard: none of its Leases can
 * have been lost, and it is not being given away. */
bool shards_may_write(const struct shards *s, int32_t shard);
/* The same, for requests that may wait. Borrowed as long as the shards. */
const struct kube_permit *shards_permit(const struct shards *s, int32_t shard);
/* Who decides, as last seen; "": nobody, or unknown. Borrowed until the loop goes on. */
const char *shards_holder(const struct shards *s, int32_t shard);
/* Adds to a status object who decides, and the Lease that says so: "holder", "lease", and
 * where there are several "shard" and "shards". Nothing without an election. */
void shards_tell(const struct shards *s, int32_t shard, cJSON *status);
const char *shards_lease_name(const struct shards *s, int32_t shard);
/* Replicas that share the shards, this one among them. */
int32_t shards_replicas(const struct shards *s);

#endif
